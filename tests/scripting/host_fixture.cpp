#include "tests/scripting/host_fixture.h"

#include <fstream>

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<ScriptHost> the_host;
Printed the_printed;

class HostEnvironment : public testing::Environment {
 public:
  void SetUp() override {
    auto started = ScriptHost::start(HostPaths::of_this_program(), [](Stream, std::string_view text, std::string_view origin) {
      the_printed.add(text, origin);
    });
    ASSERT_TRUE(started.has_value()) << started.error().text();
    the_host = std::move(*started);
  }
};

}  // namespace

void Printed::add(std::string_view text, std::string_view origin) {
  const std::lock_guard lock(mutex_);
  text_[std::string(origin)] += text;
}

std::string Printed::of(const std::string& origin) const {
  const std::lock_guard lock(mutex_);
  const auto found = text_.find(origin);
  return found == text_.end() ? "" : found->second;
}

void Printed::clear() {
  const std::lock_guard lock(mutex_);
  text_.clear();
}

ScriptHost& host() { return *the_host; }
Printed& printed() { return the_printed; }

void HostTest::SetUp() {
  std::string name = (fs::temp_directory_path() / "conclave_host_XXXXXX").string();
  folder = ::mkdtemp(name.data());
  write("app.log", "2026-03-01T12:00:00Z INFO start\n2026-03-01T12:00:01Z ERROR disk full\n");
  subject.base = folder;
  subject.name = "test";
  subject.question_text = "Is it well?";
  subject.logs = {"app.log"};
  Job job;
  auto gathered = gather(subject, std::nullopt, job);
  ASSERT_TRUE(gathered.has_value()) << gathered.error().text();
  evidence = gathered->evidence;
  printed().clear();
}

void HostTest::TearDown() { fs::remove_all(folder); }

void HostTest::write(const std::string& name, std::string_view text) const {
  fs::create_directories((folder / name).parent_path());
  std::ofstream(folder / name, std::ios::binary) << text;
}

void HostTest::expert(const std::string& name, const std::string& body, double time_s, const std::string& def) const {
  std::string text = "# /// script\n# [tool.conclave]\n# scope = \"" + name +
                     "\"\n# [tool.conclave.limits]\n# time_s = " + std::to_string(time_s) +
                     "\n# ///\nimport asyncio, os, re, sys, threading, time\nimport conclave\n\n" + "@conclave.expert\n" + def +
                     " assess(evidence, job):\n";
  std::string line;
  for (const char c : body + "\n") {
    if (c == '\n') {
      text += "    " + line + "\n";
      line.clear();
    } else {
      line += c;
    }
  }
  write(name + ".py", text);
}

Circle HostTest::circle(const std::vector<std::string>& names) const {
  Case asked = subject;
  for (const auto& name : names) asked.experts.push_back({name, nlohmann::json::object(), 1.0});
  auto result = host().circle(asked, {{}, {folder}, {}, in_workers ? std::vector<std::string>{} : names});
  EXPECT_TRUE(result.has_value()) << result.error().text();
  return result ? std::move(*result) : Circle{};
}

std::vector<consensus::ExpertResponse> HostTest::ask_all(const std::vector<std::string>& names) const {
  const Circle asked = circle(names);
  Job job;
  auto responses = ask(asked.experts, evidence, job);
  responses.resize(std::max(responses.size(), names.size()));
  return responses;
}

std::future<ConsoleReply> HostTest::execute(const std::string& source) const {
  auto reply = std::make_shared<std::promise<ConsoleReply>>();
  auto waiting = reply->get_future();
  host().execute(source, [reply](ConsoleReply value) { reply->set_value(value); });
  return waiting;
}

ConsoleReply HostTest::run(const std::string& source) const {
  auto waiting = execute(source);
  if (waiting.wait_for(std::chrono::seconds(90)) != std::future_status::ready) {
    ADD_FAILURE() << "no reply to: " << source;
    return {};
  }
  return waiting.get();
}

std::string HostTest::output_of(const std::string& source) const {
  printed().clear();
  run(source);
  return printed().of("console");
}

std::vector<std::string> HostTest::complete(const std::string& text) const {
  std::promise<std::vector<std::string>> names;
  host().complete(text, [&names](std::vector<std::string> value) { names.set_value(std::move(value)); });
  return names.get_future().get();
}

std::string HostTest::call_tip(const std::string& text) const {
  std::promise<std::string> tip;
  host().call_tip(text, [&tip](std::string value) { tip.set_value(std::move(value)); });
  return tip.get_future().get();
}

}  // namespace conclave::scripting

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::AddGlobalTestEnvironment(new conclave::scripting::HostEnvironment);
  const int code = RUN_ALL_TESTS();
  if (conclave::scripting::the_host) conclave::scripting::the_host->exit(code);
  return code;
}
