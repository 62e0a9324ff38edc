// One host per test process, as in the program: Python can be started only once. Tests leave through ScriptHost::exit().
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "scripting/script_host.h"

namespace conclave::scripting {

// What scripts printed, by origin.
class Printed {
 public:
  void add(std::string_view text, std::string_view origin);
  [[nodiscard]] std::string of(const std::string& origin) const;
  void clear();

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> text_;
};

[[nodiscard]] ScriptHost& host();
[[nodiscard]] Printed& printed();

// A temporary folder, a log and evidence over it, and experts written into that folder.
class HostTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  void write(const std::string& name, std::string_view text) const;
  // A single-file expert NAME.py with `body` as the body of assess(evidence, job), `time_s` seconds and its name as scope.
  void expert(const std::string& name, const std::string& body, double time_s = 20, const std::string& def = "def") const;
  [[nodiscard]] Circle circle(const std::vector<std::string>& names) const;
  // Asks the experts of these names; never longer than their times allow.
  [[nodiscard]] std::vector<consensus::ExpertResponse> ask_all(const std::vector<std::string>& names) const;
  [[nodiscard]] consensus::ExpertResponse ask_one(const std::string& name) const { return ask_all({name}).at(0); }

  std::future<ConsoleReply> execute(const std::string& source) const;
  // Fails the test if there is no reply within 20 s.
  ConsoleReply run(const std::string& source) const;
  [[nodiscard]] std::string output_of(const std::string& source) const;
  [[nodiscard]] std::vector<std::string> complete(const std::string& text) const;
  [[nodiscard]] std::string call_tip(const std::string& text) const;

  std::filesystem::path folder;
  bool in_workers = false;  // whether experts run as what the user merely named
  Case subject;
  EvidencePtr evidence;
};

}  // namespace conclave::scripting
