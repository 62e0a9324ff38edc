#include "engine/case/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/case/fixture.h"

namespace conclave {
namespace {

using testing::HasSubstr;
using testing::Not;

// A report in which every text tries to break out of its format.
Report hostile() {
  Report report;
  report.id = "0123";
  report.case_name = "<script>alert(1)</script>";
  report.question = "Is it `safe`?";
  auto response = answer("failing", 0.9, {log_claim("| cell | [x](http://evil)", "app.log", 2)});
  response.expert_name = "a&b";
  response.content = "ends ]]> \x1b[2J with password=hunter2secret";
  response.claims[0].evidence[0].verified = true;
  response.claims[0].evidence[0].excerpt = "``` </code> token=abcdefghij0123456789";
  report.responses = {response};
  report.consensus.verdict = "failing";
  report.consensus.reason = "because";
  return report;
}

TEST(Render, TextCannotSteerTheTerminal) {
  const std::string text = render_text(hostile(), false);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("failing"));
  EXPECT_THAT(render_text(hostile(), true), HasSubstr("\x1b[1;31mfailing"));
}

TEST(Render, HtmlEscapesWhatExpertsSay) {
  const std::string html = render_html(hostile());
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("</code> token")));
}

TEST(Render, MarkdownStaysText) {
  const std::string text = render_markdown(hostile());
  EXPECT_THAT(text, Not(HasSubstr("[x](http")));
  EXPECT_THAT(text, Not(HasSubstr("<script>")));
  EXPECT_THAT(text, HasSubstr("```` ``` </code>")) << "the fence is longer than what it holds";
}

TEST(Render, RedactsOnlyWhenAsked) {
  EXPECT_THAT(render_markdown(hostile(), false), HasSubstr("hunter2secret"));
  EXPECT_THAT(render_markdown(hostile(), true), Not(HasSubstr("hunter2secret")));
  EXPECT_THAT(render_html(hostile(), true), Not(HasSubstr("hunter2secret")));
}

TEST(Render, JunitCountsTheGateAsATest) {
  const std::string xml = render_junit(hostile());
  EXPECT_THAT(xml, HasSubstr("tests=\"2\" failures=\"2\""));
  EXPECT_THAT(xml, HasSubstr("name=\"gate\""));
  EXPECT_THAT(xml, Not(HasSubstr("\x1b")));
  EXPECT_THAT(xml, Not(HasSubstr("]]>")));
}

}  // namespace
}  // namespace conclave
