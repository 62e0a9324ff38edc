#include "app/cli/log_reading.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "app/cli/terminal.h"

namespace conclave::cli {
namespace {

// Of a batch, which is complete with the log that exceeds it: what it takes beside that one is bounded by that.
constexpr std::size_t batch_bytes = std::size_t{64} << 20U;
constexpr std::size_t batch_logs = 64;

}  // namespace

void LogReading::each(const std::vector<std::string>& patterns, const std::function<Result<void>(const logs::LogBytes&)>& use) {
  for (const std::string& pattern : patterns) {
    open_each(pattern, [&](const Log& log) {
      const Result<void> used = use(*log);
      if (!used) return failed(used.error());
      if (log->shrank()) remark(Error{ErrorKind::io, "the file became shorter while it was read", log->name()});
    });
  }
}

void LogReading::batches(const std::vector<std::string>& patterns, const std::function<Result<void>(std::span<const Log>)>& use) {
  std::vector<Log> batch;
  std::size_t bytes = 0;
  const auto finish = [&] {
    const Result<void> used = batch.empty() ? Result<void>() : use(batch);
    if (!used) failed(used.error());
    for (const Log& log : batch) {
      if (used && log->shrank()) remark(Error{ErrorKind::io, "the file became shorter while it was read", log->name()});
    }
    batch.clear();
    bytes = 0;
  };
  for (const std::string& pattern : patterns) {
    open_each(pattern, [&](Log log) {
      bytes += log->view().size();
      batch.push_back(std::move(log));
      if (bytes >= batch_bytes || batch.size() == batch_logs) finish();
    });
    if (!batch.empty() && logs::file_of(batch.back()->name()) != batch.back()->name()) finish();  // lets go of the archive
  }
  if (code_ != exit_interrupted) finish();
}

std::vector<Log> LogReading::all(const std::string& pattern) {
  std::vector<Log> found;
  open_each(pattern, [&](Log log) { found.push_back(std::move(log)); });
  return found;
}

void LogReading::open_each(const std::string& pattern, const std::function<void(Log)>& take_log) {
  if (code_ == exit_interrupted) return;
  if (pattern == "-") {
    const auto all = standard_input();
    if (!all) return failed(all.error());
    const auto used = logs::LogBytes::each_member(*all, job_, [&](Result<Log> log) {
      log || log.error().kind == ErrorKind::cancelled ? take(std::move(log), take_log) : remark(log.error());
    });
    if (!used) failed(used.error());
    return;
  }
  std::error_code ignored;
  const auto found = logs::find_files(pattern, std::filesystem::current_path(ignored), job_);
  if (!found) return failed(found.error());
  for (const Error& problem : found->problems) problem.kind == ErrorKind::cancelled ? failed(problem) : remark(problem);
  if (found->files.empty() && found->problems.empty()) remark(Error{ErrorKind::not_found, "no logs here", pattern});
  for (const auto& path : found->files) {
    if (code_ != exit_interrupted) take(logs::LogBytes::open(path, job_), take_log);
  }
}

void LogReading::take(Result<Log> opened, const std::function<void(Log)>& take_log) {
  if (!opened) return failed(opened.error());
  if (const auto problem = (*opened)->problem()) remark(*problem);
  take_log(std::move(*opened));
}

Result<Log> LogReading::standard_input() {
  if (std::exchange(read_standard_input_, true)) {
    return fail(ErrorKind::invalid_argument, "standard input can be read only once", "-");
  }
  if (is_terminal(STDIN_FILENO)) program_.remark("conclave: reading lines from the terminal; Ctrl-D ends them");
  return logs::LogBytes::read_stream(STDIN_FILENO, "-", job_);
}

void LogReading::failed(const Error& error) {
  code_ = std::max(code_, program_.failed(error));
  problems_.push_back(error.text());
}

void LogReading::remark(const Error& error) {
  program_.complain(error.text());
  problems_.push_back(error.text());
  code_ = std::max(code_, exit_findings);
}

}  // namespace conclave::cli
