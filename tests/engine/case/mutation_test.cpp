#include "engine/case/mutation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <set>

#include "engine/case/backtest.h"
#include "engine/logs/level.h"
#include "engine/logs/timestamp.h"
#include "tests/engine/case/fixture.h"

namespace conclave {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::string_view message = "request failed";

std::string at_second(int second, std::string_view rest) {
  std::array<char, 32> stamp{};
  std::snprintf(stamp.data(), stamp.size(), "2026-03-01T%02d:%02d:%02d ", second / 3600, second / 60 % 60, second % 60);
  return stamp.data() + std::string(rest) + "\n";
}

// Two hours of a quiet log, a line every twenty seconds.
std::string quiet_log() {
  std::string text;
  for (int second = 0; second < 7200; second += 20) text += at_second(second, "INFO served request 17 in 12 ms");
  return text;
}

constexpr std::string_view configuration =
    "services:\n  - name: api\n    image: registry.example/api:1.4.2\n    replicas: 2\n    ports: [8080]\n";

// Good evidence of every kind; no service is asked, since nothing here may depend on what listens on this machine.
class Mutation : public testing::Test {
 protected:
  Mutation() {
    subject_.base = folder_.path();
    subject_.name = "good";
    subject_.question.gate.min_answered = 1;
    folder_.write("app.log", quiet_log());
    folder_.write("infra.yaml", configuration);
    subject_.logs = {"app.log"};
    subject_.config = "infra.yaml";
  }

  Gathered gathered() {
    const auto config = load_config(subject_).value();
    return gather(subject_, config, job_).value();
  }

  std::optional<Mutant> mutant(Fault fault, std::uint64_t seed = 0) {
    const auto made = mutate(subject_, {}, *gathered().evidence, fault, seed, copies_.path(), job_);
    if (!made) ADD_FAILURE() << made.error().text();
    return made.value();
  }

  // What experts see of it.
  EvidencePtr seen(const Mutant& mutant) {
    EvidencePtr evidence;
    ConsultOptions options;
    options.hooks = mutant.hooks;
    const std::vector<ExpertPtr> experts = {std::make_shared<FakeExpert>("looks", "overall", [&](const Evidence& found) {
      evidence = Evidence::from_bytes(found.blob()).value();
      return answer("healthy", 0.9);
    })};
    const auto report = consult(mutant.subject, experts, options, job_);
    if (!report) ADD_FAILURE() << report.error().text();
    return evidence;
  }

  TemporaryFolder folder_;
  TemporaryFolder copies_;
  Case subject_;
  Job job_;
};

TEST_F(Mutation, a_burst_is_error_lines_in_the_form_of_the_log) {
  const auto made = mutant(Fault::burst);
  ASSERT_TRUE(made);
  EXPECT_THAT(made->what, HasSubstr("200 error lines"));
  const auto evidence = seen(*made);
  EXPECT_EQ(evidence->integers("logs.error_lines").front(), 200);
  EXPECT_EQ(evidence->integers("logs.lines").front(), 360 + 200);
  EXPECT_EQ(evidence->integers("logs.timestamp_lines").front(), 360 + 200);
  EXPECT_EQ(evidence->integers("logs.out_of_order").front(), 0);
  EXPECT_EQ(evidence->text("logs.name", 0), "app.log");
}

TEST_F(Mutation, a_gap_is_a_stretch_without_lines) {
  const auto made = mutant(Fault::gap);
  ASSERT_TRUE(made);
  const auto evidence = seen(*made);
  const auto from = evidence->integers("gaps.from");
  const auto to = evidence->integers("gaps.to");
  std::int64_t longest = 0;
  for (std::size_t i = 0; i < from.size(); ++i) longest = std::max(longest, to[i] - from[i]);
  EXPECT_EQ(longest, 72 * 20 * us_per_second) << "a fifth of the log";
  EXPECT_EQ(evidence->integers("logs.lines").front(), 360 - 71);
}

TEST_F(Mutation, a_changed_value_has_a_zero_too_many_and_keeps_its_place) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto made = mutant(Fault::changed_value, seed);
    ASSERT_TRUE(made);
    const auto evidence = seen(*made);
    for (std::size_t row = 0; row < evidence->rows("values.value"); ++row) found.emplace(evidence->text("values.value", row));
    EXPECT_EQ(evidence->text("config.file", 0), (folder_.path() / "infra.yaml").string());
  }
  EXPECT_TRUE(found.contains("20")) << "replicas";
  EXPECT_TRUE(found.contains("80800")) << "the port";
}

TEST_F(Mutation, a_closed_port_is_a_service_that_was_open) {
  auto builder = EvidenceBuilder();
  builder.add_texts("services.name", {"web", "db"});
  builder.add_integers("services.port", {80, 5432});
  builder.add_texts("services.expect", {"open", "open"});
  builder.add_texts("services.state", {"filtered", "open"});
  builder.add_texts("services.detail", {"", ""});
  const auto evidence = std::move(builder).seal().value();
  subject_.services = {{"web", "127.0.0.1", 80, {}, {}}, {"db", "127.0.0.1", 5432, {}, "ready"}};
  const auto made = mutate(subject_, {}, *evidence, Fault::closed_port, 0, copies_.path(), job_).value();
  ASSERT_TRUE(made);
  EXPECT_EQ(made->what, "db refuses connections");
  EXPECT_EQ(made->subject.services[1].probe, "") << "who talks with it would find it open";
  std::vector<ReceiptHook> receipt;
  const auto changed = made->hooks.on_scan_result(evidence, receipt, job_).value();
  EXPECT_EQ(changed->text("services.state", 0), "filtered");
  EXPECT_EQ(changed->text("services.state", 1), "closed");
}

TEST_F(Mutation, the_same_seed_is_the_same_fault_and_another_is_another) {
  for (const Fault fault : {Fault::burst, Fault::gap}) {
    std::set<std::string> places;
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      const auto once = mutant(fault, seed);
      ASSERT_TRUE(once);
      EXPECT_EQ(once->what, mutant(fault, seed)->what);
      places.insert(once->what);
    }
    EXPECT_GT(places.size(), 4U);
  }
}

TEST_F(Mutation, what_has_no_place_for_a_fault_is_left_alone) {
  EXPECT_FALSE(mutant(Fault::closed_port)) << "no services";
  folder_.write("app.log", "no stamps here\nnor here\n");
  EXPECT_FALSE(mutant(Fault::burst));
  EXPECT_FALSE(mutant(Fault::gap));
  folder_.write("app.log", "");
  EXPECT_FALSE(mutant(Fault::burst));
  folder_.write("app.log", std::string(100'000, '\0') + "\xff\xfe\n");
  EXPECT_FALSE(mutant(Fault::gap));
  folder_.write("infra.yaml", "services:\n  - name: api\n    image: api\n");
  EXPECT_FALSE(mutant(Fault::changed_value)) << "no numbers";
  subject_.config.clear();
  EXPECT_FALSE(mutant(Fault::changed_value));
}

TEST_F(Mutation, logs_change_after_the_change_where_there_is_one) {
  subject_.change_time = parse_time("2026-03-01T01:30:00Z").value();
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const auto made = mutant(Fault::burst, seed);
    ASSERT_TRUE(made);
    const auto evidence = seen(*made);
    const auto starts = evidence->integers("buckets.start");
    const auto errors = evidence->integers("buckets.error_lines");
    for (std::size_t i = 0; i < starts.size(); ++i) {
      if (errors[i] > 0) {
        EXPECT_GE(starts[i], *subject_.change_time);
      }
    }
  }
}

TEST_F(Mutation, other_logs_stay_where_they_are_whatever_they_are_called) {
  folder_.write("other [1]*.log", quiet_log());
  subject_.logs = {"*.log"};
  const auto made = mutant(Fault::burst);
  ASSERT_TRUE(made);
  EXPECT_EQ(seen(*made)->rows("logs.path"), 2U);
}

TEST(AsError, keeps_the_stamp_and_the_form_of_the_line) {
  const TimeUs reference = parse_time("2026-03-02T00:00:00Z").value();
  for (const std::string line :
       {"2026-03-01 12:00:05,123 INFO [main] o.e.App: started", "2026-03-01T12:00:05Z level=info msg=\"started\"",
        "Mar  1 12:00:05 host app[17]: started", "[Sun Mar 01 12:00:05.123456 2026] [core:notice] [pid 1] started",
        "2026/03/01 12:00:05 [warn] 7#7: started", R"({"time":"2026-03-01T12:00:05Z","level":"info","msg":"started"})",
        "2026-03-01 12:00:05 started", "INFO 2026-03-01 12:00:05 started"}) {
    const auto made = as_error(line, reference, message);
    ASSERT_TRUE(made) << line;
    EXPECT_EQ(logs::level_of(*made), logs::Level::error) << *made;
    EXPECT_EQ(logs::find_stamp(*made, reference)->time, logs::find_stamp(line, reference)->time) << *made;
  }
  EXPECT_FALSE(as_error("no stamp", reference, message));
  EXPECT_FALSE(as_error("", reference, message));
}

// One report of one circle: expert and verdict; an empty verdict abstains.
Report report_of(const std::vector<std::pair<std::string, std::string>>& verdicts) {
  Report report;
  for (const auto& [name, verdict] : verdicts) {
    auto response = answer(verdict, 0.9);
    response.expert_name = name;
    response.scope = "logs";
    if (verdict.empty()) {
      response.status = consensus::Status::abstained;
      response.verdict.reset();
    }
    report.responses.push_back(std::move(response));
  }
  return replay(report).value();
}

TEST(WhoNoticed, counts_new_alarms_of_those_who_were_quiet) {
  const std::vector<PastCase> cases = {
      {"one", "healthy", report_of({{"sees", "healthy"}, {"blind", "healthy"}, {"loud", "failing"}, {"shy", ""}})}};
  std::vector<JudgedMutant> mutants;
  for (int i = 0; i < 3; ++i) {
    const std::string seen = i < 2 ? "failing" : "healthy";
    mutants.push_back(
        {0, Fault::gap, "",
         report_of({{"sees", seen}, {"blind", "healthy"}, {"loud", "failing"}, {"shy", i == 0 ? "degraded" : ""}})});
  }
  const auto noticed = who_noticed(cases, mutants);
  ASSERT_THAT(noticed, SizeIs(5));
  const auto gap = [&](std::string_view expert) {
    const auto found = std::find_if(noticed.begin(), noticed.end(), [&](const Noticed& each) { return each.expert == expert; });
    const Rate& rate = found->rates.at(static_cast<std::size_t>(Fault::gap));
    return std::pair(rate.count, rate.of);
  };
  EXPECT_EQ(gap("sees"), std::pair(std::size_t{2}, std::size_t{3}));
  EXPECT_EQ(gap("blind"), std::pair(std::size_t{0}, std::size_t{3}));
  EXPECT_EQ(gap("loud"), std::pair(std::size_t{0}, std::size_t{0})) << "it cries wolf anyway";
  EXPECT_EQ(gap("shy"), std::pair(std::size_t{1}, std::size_t{3}));
  EXPECT_EQ(noticed.back().expert, "") << "the circle comes last";
  EXPECT_EQ(gap("").second, 3U);
  EXPECT_THAT(to_json(noticed.back()).at("noticed"), SizeIs(all_faults.size()));
}

}  // namespace
}  // namespace conclave
