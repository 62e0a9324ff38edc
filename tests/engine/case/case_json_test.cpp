#include "engine/case/case_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/scan/probe/needs.h"

namespace conclave {
namespace {

Case full_case() {
  auto read = read_case(
      "name: nightly\nquestion: Is it safe?\nverdicts: [good, bad]\nordered: false\n"
      "gate: {required: [a], min_answered: 2, min_confidence: 0.5, pass: [good]}\nlogs: ['*.log', {command: journalctl, name: "
      "all, timeout: 5, max_bytes: 1000}]\n"
      "services: ['[::1]:80', {name: web, target: 'host:443', expect: closed, probe: ready}, {target: 'host:80', "
      "tls_valid_days: 3, p95_ms: 12.5, http: {status: 200, json: {$.up: true}}}]\nconfig: infra.yaml\n"
      "change_time: 2026-03-01T12:00:00Z\nexperts: [a, {name: b, weight: 2, settings: {n: 1.5, deep: [null, x]}}]\n"
      "circle: {similarity_algorithm: semantic, embedding: sentences}\n",
      "/srv/case.yaml");
  EXPECT_TRUE(read && read->usable());
  read->value.base = "/srv";
  read->value.time_range = {1, 2};
  return read->value;
}

TEST(CaseJson, SurvivesTheWay) {
  const Case subject = full_case();
  const auto json = nlohmann::json::parse(to_json(subject).dump());
  const auto again = case_from_json(json);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(to_json(*again), json);
  EXPECT_EQ(again->question, subject.question);
  EXPECT_EQ(again->experts, subject.experts);
  EXPECT_EQ(again->change_time, subject.change_time);
  EXPECT_EQ(again->time_range, subject.time_range);
  EXPECT_EQ(again->commands, subject.commands);
  ASSERT_EQ(again->commands.size(), 1U);
  EXPECT_EQ(again->services.at(1).expect, scan::State::closed);
  EXPECT_EQ(again->services.at(1).probe, "ready");
  EXPECT_EQ(again->services.at(0).host, "::1");
  EXPECT_EQ(again->services.at(0).needs, nullptr);
  EXPECT_EQ(again->services.at(0).p95_ms, std::nullopt);
  EXPECT_EQ(again->services.at(2).p95_ms, 12.5);
  ASSERT_TRUE(again->services.at(2).needs);
  EXPECT_EQ(*again->services.at(2).needs, *subject.services.at(2).needs);
  EXPECT_EQ(again->services.at(2).needs->http->json.at("$.up"), true);
  EXPECT_EQ(again->file, "/srv/case.yaml");
}

TEST(CaseJson, KeepsEveryByteOfAPath) {
  Case subject;
  subject.base = "/srv/\xff\x80";
  subject.logs = {
      "gr\xc3\xbc\xc3\x9f"
      "e/\xfe*.log"};
  subject.whole_machine = true;
  const auto again = case_from_json(nlohmann::json::parse(to_json(subject).dump()));
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->base, subject.base);
  EXPECT_EQ(again->logs, subject.logs);
  EXPECT_TRUE(again->whole_machine);
}

TEST(CaseJson, RefusesWhatIsNoCase) {
  const auto kind_with = [](const char* pointer, nlohmann::json value) {
    auto json = to_json(full_case());
    json[nlohmann::json::json_pointer(pointer)] = std::move(value);
    const auto read = case_from_json(json);
    return read ? std::string("taken") : std::string(read.error().kind == ErrorKind::serialization ? "refused" : "?");
  };
  EXPECT_EQ(kind_with("/name", "other"), "taken");
  EXPECT_EQ(kind_with("/name", 7), "refused");
  EXPECT_EQ(kind_with("/base", "\xe2\x82\xac"), "refused");  // no byte
  EXPECT_EQ(kind_with("/services/0/expect", "splendid"), "refused");
  EXPECT_EQ(kind_with("/services/0/expect", 3), "refused");
  EXPECT_EQ(kind_with("/commands/0/command", "two\nlines"), "refused");
  EXPECT_EQ(kind_with("/time_range", nlohmann::json::array({1})), "refused");
  for (const char* text : {"null", "[]", "{}", "7"})
    EXPECT_EQ(case_from_json(nlohmann::json::parse(text)).error().kind, ErrorKind::serialization) << text;
}

}  // namespace
}  // namespace conclave
