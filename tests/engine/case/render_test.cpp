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

// Three experts of whom one speaks for two against the third, whose name tries to break out.
Report with_statements() {
  Report report = hostile();
  for (const char* name : {"second", "against"}) {
    auto response = answer(std::string(name) == "second" ? "failing" : "healthy", 0.9);
    response.expert_name = name;
    response.scope = "logs";
    report.responses.push_back(std::move(response));
  }
  report.responses[0].scope = "logs";
  report.responses[0].expert_name = "a\"><b>&[x](y)";
  report.consensus.consensus_text = "unlinked";
  report.consensus.statements = {{"It fails.",
                                  report.responses[0].expert_name,
                                  "logs",
                                  false,
                                  {report.responses[0].expert_name, "second"},
                                  {"against"},
                                  3,
                                  true},
                                 {"gone with password=hunter2secret", "nobody", "logs", true, {"nobody"}, {}, 3, false}};
  return report;
}

TEST(Render, HtmlLinksStatementsToTheirExperts) {
  const std::string html = render_html(with_statements());
  EXPECT_THAT(html,
              HasSubstr("It fails. <span class=\"faint\">by <a href=\"#expert-1\">a&quot;&gt;&lt;b&gt;&amp;[x](y)</a>, with <a "
                        "href=\"#expert-2\">second</a>, against <a href=\"#expert-3\">against</a></span>"));
  EXPECT_THAT(html, HasSubstr("<section id=\"expert-1\"><b>a&quot;"));
  EXPECT_THAT(html, HasSubstr("<section id=\"expert-3\"><b>against"));
  EXPECT_THAT(html, HasSubstr("by nobody</span>")) << "no link that leads nowhere";
  EXPECT_THAT(html, Not(HasSubstr("unlinked"))) << "said once";
  EXPECT_THAT(render_html(with_statements(), true), Not(HasSubstr("hunter2secret")));
}

TEST(Render, MarkdownLinksStatementsToTheirExperts) {
  const std::string text = render_markdown(with_statements());
  EXPECT_THAT(text, HasSubstr("- It fails\\. (by [a\"\\>\\<b\\>\\&\\[x\\]\\(y\\)](#expert-1), with [second](#expert-2), against "
                              "[against](#expert-3))"));
  EXPECT_THAT(text, HasSubstr("<a id=\"expert-3\"></a>\n\n### against"));
  EXPECT_THAT(text, HasSubstr("(by nobody)"));
  EXPECT_THAT(render_markdown(with_statements(), true), Not(HasSubstr("hunter2secret")));
}

TEST(Render, ReportsOfBeforeThereWereStatementsKeepTheirText) {
  Report old = with_statements();
  old.consensus.statements.clear();
  EXPECT_THAT(render_html(old), HasSubstr("unlinked"));
  EXPECT_THAT(render_markdown(old), HasSubstr("unlinked"));
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
