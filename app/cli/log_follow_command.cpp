// logs follow.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string_view>

#include "app/cli/commands.h"
#include "app/cli/program.h"
#include "app/cli/terminal.h"
#include "engine/base/text.h"
#include "engine/base/time.h"
#include "engine/logs/expression.h"
#include "engine/logs/follow.h"
#include "engine/logs/journal_query.h"
#include "engine/logs/level.h"
#include "engine/logs/record.h"
#include "engine/logs/source.h"
#include "engine/logs/timestamp.h"

namespace conclave::cli {
namespace {

namespace fs = std::filesystem;
using What = logs::Followed::What;

constexpr std::chrono::milliseconds patience{200};  // the line below is drawn this often at least

struct Arguments {
  std::vector<std::string> files;
  std::uint64_t lines = 10;
  std::string level;
  bool json = false;
};

struct Counts {
  std::uint64_t lines = 0;
  std::uint64_t warnings = 0;
  std::uint64_t errors = 0;
};

std::string sentence(const std::string& path, const logs::Followed& news) {
  switch (news.what) {
    case What::appeared:
      return path + ": is there now";
    case What::vanished:
      return path + ": is gone; waiting for it to come back";
    case What::replaced:
      return path + ": was rotated; the new file follows";
    case What::truncated:
      return path + ": was truncated; it is read from its start";
    case What::unreadable:
    case What::ended:
    case What::text:
      break;
  }
  return news.text;
}

// Shows what comes, line by line. Main thread.
class Show {
 public:
  Show(Program& program, const Arguments& arguments, std::vector<fs::path> files, logs::LevelFilter levels)
      : program_(program),
        json_(arguments.json),
        colour_(wants_colour(STDOUT_FILENO)),
        status_(is_terminal(STDERR_FILENO) && !program.settings.quiet),
        levels_(levels),
        files_(std::move(files)),
        records_(files_.size(), Record{{}, shows(logs::Level::unknown)}) {}

  void news(const logs::Followed& news) {
    const std::string path = files_[news.file].string();
    if (news.what == What::appeared || news.what == What::replaced || news.what == What::truncated) {
      records_[news.file] = {{}, shows(logs::Level::unknown)};
    }
    if (news.what == What::text) {
      std::string_view text = news.text;
      while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        add(news.file, path, line);
        text.remove_prefix(std::min(end + 1, text.size()));
      }
    } else if (json_) {
      out_ += nlohmann::json{{"event", logs::what_name(news.what)}, {"path", valid_utf8(path)}}.dump() + "\n";
    } else if (news.what != What::ended) {
      flush();
      program_.complain(sentence(path, news));
    }
    if (news.what == What::unreadable && json_) program_.complain(news.text);
  }

  void flush() {
    if (out_.empty()) return;
    if (status_) program_.screen.erase();
    program_.out.write(out_);
    out_.clear();
  }

  void status() {
    if (!status_) return;
    program_.screen.draw(grouped(counts_.lines) + (counts_.lines == 1 ? " new line" : " new lines") + "  ·  " +
                         grouped(counts_.errors) + (counts_.errors == 1 ? " error" : " errors") + "  ·  " +
                         grouped(counts_.warnings) + (counts_.warnings == 1 ? " warning" : " warnings") + "  ·  Ctrl-C ends");
  }
  void erase() {
    if (status_) program_.screen.erase();
  }

 private:
  // What the last line of a file belongs to.
  struct Record {
    logs::RecordFolder folder;
    bool shows = true;
  };

  [[nodiscard]] bool shows(logs::Level level) const { return (levels_.levels >> static_cast<unsigned>(level) & 1U) != 0; }

  void add(std::size_t file, const std::string& path, std::string_view line) {
    const logs::Level level = logs::level_of(line);
    const auto stamp = logs::find_stamp(line, now_us());
    Record& record = records_[file];
    const bool starts = logs::starts_record(line, stamp.has_value(), level);
    if (starts) record.folder.start_record();
    if (starts || !record.folder.continues(line)) record.shows = shows(level);
    ++counts_.lines;
    if (level >= logs::Level::error) ++counts_.errors;
    if (level == logs::Level::warning) ++counts_.warnings;
    if (!record.shows) return;
    if (json_) {
      out_ += nlohmann::json{{"path", valid_utf8(path)},
                             {"text", valid_utf8(line)},
                             {"level", logs::level_name(level)},
                             {"time", stamp ? nlohmann::json(format_time(stamp->time)) : nlohmann::json(nullptr)}}
                  .dump() +
              "\n";
      return;
    }
    const Colour colour = level >= logs::Level::error     ? Colour::red
                          : level == logs::Level::warning ? Colour::yellow
                                                          : Colour::none;
    if (files_.size() > 1) out_ += painted(harmless(path), Colour::dim, colour_) + ": ";
    out_ += painted(harmless(line), colour, colour_) + "\n";
  }

  Program& program_;
  bool json_;
  bool colour_;
  bool status_;
  logs::LevelFilter levels_;
  std::vector<fs::path> files_;
  std::vector<Record> records_;  // by file
  Counts counts_;
  std::string out_;
};

// Those that are there; a path that is not there yet is waited for.
Result<std::vector<fs::path>> files_of(Program& program, const std::vector<std::string>& patterns) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const std::string& pattern : patterns) {
    if (pattern == "-") {
      if (std::find(files.begin(), files.end(), "-") != files.end())
        return fail(ErrorKind::invalid_argument, "standard input can be read only once", "-");
      files.emplace_back("-");
      continue;
    }
    if (!fs::exists(pattern, ignored) && pattern.find_first_of("*?[") == std::string::npos) {
      files.emplace_back(pattern);
      continue;
    }
    const auto found = logs::find_files(pattern, fs::current_path(ignored));
    if (!found) return tl::unexpected(found.error());
    if (found->files.empty())
      return tl::unexpected(found->problems.empty() ? Error{ErrorKind::not_found, "no logs here", pattern}
                                                    : found->problems.front());
    for (const Error& problem : found->problems) program.complain(problem.text());
    files.insert(files.end(), found->files.begin(), found->files.end());
  }
  return files;
}

int follow_logs(Program& program, const Arguments& arguments) {
  logs::LevelFilter levels{0xFF};
  if (!arguments.level.empty()) {
    const auto wanted = logs::parse_least_level(arguments.level);
    if (!wanted) return program.failed(wanted.error());
    levels = *wanted;
  }
  const auto files = files_of(program, arguments.files);
  if (!files) return program.failed(files.error());
  auto follower = logs::Follower::open(*files, {.last_lines = arguments.lines, .standard_input = STDIN_FILENO});
  if (!follower) return program.failed(follower.error());
  std::error_code ignored;
  for (const fs::path& file : *files) {
    if (file != "-" && !fs::exists(file, ignored) && !logs::names_journal(file.string()))
      program.complain(file.string() + ": is not there yet; waiting for it");
  }

  Job job("logs follow");
  const Interrupts interrupts([&job] { job.request_stop(); }, true);
  Show show(program, arguments, *files, levels);
  while (!job.stopped() && !program.out.closed() && !follower->ended()) {
    for (const logs::Followed& news : follower->take(patience, job)) show.news(news);
    show.flush();
    show.status();
  }
  for (const logs::Followed& news : follower->rest()) show.news(news);
  show.flush();
  show.erase();
  return interrupts.happened() ? exit_interrupted : exit_passed;
}

}  // namespace

void add_log_follow_command(CLI::App& logs, Program& program) {
  const auto arguments = std::make_shared<Arguments>();
  auto* follow = logs.add_subcommand("follow", "Lines as they are written, across rotation, until Ctrl-C");
  follow
      ->add_option(
          "FILE", arguments->files,
          "Log files, also ones that are not there yet, globs, folders or journal:...; - is standard input, shown as it comes")
      ->required();
  follow->add_option("-n,--lines", arguments->lines, "How many of the last lines of each file to begin with")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  follow->add_option("--level", arguments->level, "Only records of this level and graver ones; none: those without one");
  follow->add_flag("--json", arguments->json, "Print one JSON object for each line, and for each event such as a rotation");
  follow->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return follow_logs(program, *arguments); }; });
}

}  // namespace conclave::cli
