// What to look at and what to ask. A plain value, read from a case file (YAML) or made in code.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/base/time.h"
#include "engine/config/problem.h"
#include "engine/consensus/response.h"
#include "engine/scan/scanner.h"

namespace conclave {

struct ExpertChoice {
  std::string name;  // of a plugin, or a path to a .py file
  nlohmann::json settings = nlohmann::json::object();
  double weight = 1.0;
  // Where the case file says so, for messages; not part of what is asked.
  config::Location location = {};
  std::map<std::string, config::Location> setting_places = {};

  // "file:line:column" of a setting, else of the expert; empty if the case was made in code.
  [[nodiscard]] std::string place(const std::string& setting = {}) const;
  bool operator==(const ExpertChoice& other) const {
    return name == other.name && settings == other.settings && weight == other.weight;
  }
};

// A log that a program prints. Nothing runs by being named here: see log_commands.h.
struct LogCommand {
  std::string line;  // for /bin/sh -c, in the folder of the case
  std::string name;  // in reports; the line itself if the case gives none
  double timeout_s = 60;
  std::uint64_t max_bytes = std::uint64_t{1} << 30U;
  // Where the case file says so, for messages; not part of what is asked.
  config::Location location = {};

  bool operator==(const LogCommand& other) const {
    return line == other.line && name == other.name && timeout_s == other.timeout_s && max_bytes == other.max_bytes;
  }
};

// Why this is no line that a user could agree to; empty: it is one. It has to be one line of text in which nothing is hidden.
[[nodiscard]] std::string flaw_of_command(std::string_view line);

struct Case {
  std::filesystem::path file;  // empty for cases made in code
  std::filesystem::path base;  // relative paths are relative to this folder
  std::string name;
  consensus::Question question;
  std::string question_text;
  std::optional<TimeUs> change_time;
  std::optional<std::pair<TimeUs, TimeUs>> time_range;
  std::vector<std::string> logs;     // paths, globs and directories, as written
  std::vector<LogCommand> commands;  // more logs
  std::vector<scan::Target> services;
  std::string config;                 // path as written; empty: none
  std::vector<ExpertChoice> experts;  // empty: all shipped ones and those the user installed
  bool whole_machine = false;         // `conclave here`: what is evidence was found, not named
  bool keep_going = false;            // named evidence that cannot be read is a problem, not an error
};

// A case file that was read: the case, or everything that is wrong with it (each with file:line:column). The case is usable if no
// problem is an error.
struct CaseFile {
  Case value;
  std::vector<config::Problem> problems;
  [[nodiscard]] bool usable() const;
};

[[nodiscard]] Result<CaseFile> read_case(std::string_view yaml, const std::filesystem::path& file);
[[nodiscard]] Result<CaseFile> read_case_file(const std::filesystem::path& file);
// read_case_file for callers that need a usable case: all problems in one Error of kind parse.
[[nodiscard]] Result<Case> load_case(const std::filesystem::path& file);

// A commented case file over the given files and folders (what is YAML with services becomes config, what is text becomes logs).
[[nodiscard]] Result<std::string> draft_case(const std::vector<std::filesystem::path>& paths, const std::filesystem::path& base);

// This machine: readable logs under /var/log, the newest of the journal since this start, TCP sockets.
[[nodiscard]] Case case_of_this_machine(Job& job);

}  // namespace conclave
