// gather(): every log, service and configuration of a case becomes columns of one evidence blob.

#include <tbb/parallel_invoke.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <set>

#include "engine/base/ids.h"
#include "engine/base/parallel.h"
#include "engine/base/text.h"
#include "engine/case/consult.h"
#include "engine/case/evidence_columns.h"
#include "engine/case/log_commands.h"
#include "engine/case/policy.h"
#include "engine/logs/journal_query.h"
#include "engine/logs/line_index.h"
#include "engine/logs/source.h"
#include "engine/scan/probe/prober.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_sample_bytes = 2000;

config::Problem problem_from(const Error& error, std::string rule, config::Severity severity = config::Severity::error) {
  Error unplaced = error;  // the location says where
  unplaced.where.clear();
  return {severity, std::move(rule), unplaced.text(), {}, {error.where, 0, 0}};
}

fs::path resolved(const Case& subject, const std::string& path) {
  return fs::path(path).is_absolute() ? fs::path(path) : (subject.base / path).lexically_normal();
}

// Collects what could not be read, and how much was asked for.
class Gatherer {
 public:
  Gatherer(const Case& subject, const CommandOptions& commands, Job& job) : subject_(subject), commands_(commands), job_(job) {}

  Result<Gathered> run(const std::optional<config::ConfigFile>& config) {
    if (!subject_.file.empty()) add_input(subject_.file);
    if (auto read = read_logs(); !read) return tl::unexpected(read.error());
    const auto policy = policy_in_force();
    if (!policy) return tl::unexpected(policy.error());
    scan_services(*policy);
    if (job_.stopped()) return fail_cancelled();
    std::vector<const config::ConfigFile*> configs;
    if (config) {
      ++asked_;
      ++read_;
      configs.push_back(&*config);
      add_input(config->file);
      for (const config::Problem& problem : config->problems) add_problem("config", problem);
    } else if (!subject_.config.empty()) {
      ++asked_;  // keep_going: it was named and could not be read
      gathered_.unreadable = true;
      if (const auto again = load_config(subject_); !again) add_problem("config", problem_from(again.error(), "unreadable"));
    }

    EvidenceBuilder builder;
    add_case_columns(builder, subject_);
    add_log_columns(builder, logs_);
    add_service_columns(builder, services_);
    add_config_columns(builder, configs);
    add_problem_columns(builder, problems_);
    auto evidence = std::move(builder).seal();
    if (!evidence) return tl::unexpected(evidence.error());
    gathered_.evidence = std::move(*evidence);
    gathered_.coverage = asked_ == 0 ? 1.0 : static_cast<double>(read_) / static_cast<double>(asked_);
    for (SourcedProblem& sourced : problems_) gathered_.problems.push_back(std::move(sourced.problem));
    return std::move(gathered_);
  }

 private:
  struct Found {
    fs::path file;
    bool named;                           // the case names the file itself
    const LogCommand* command = nullptr;  // that printed it
  };

  void add_problem(std::string kind, config::Problem problem) { problems_.push_back({std::move(kind), std::move(problem)}); }

  // Named evidence that cannot be read: an error, unless the case says to go on without it.
  Result<void> missing(const Error& error) {
    if (error.kind == ErrorKind::cancelled || !subject_.keep_going) return tl::unexpected(error);
    ++asked_;
    if (!subject_.whole_machine) gathered_.unreadable = true;
    add_problem("log", problem_from(error, "unreadable"));
    return {};
  }

  void add_input(const fs::path& path) {
    std::error_code ignored;
    ReceiptInput input{path.string(), fs::file_size(path, ignored), {}};
    if (auto digest = sha256_file(path, job_)) input.sha256 = std::move(*digest);
    if (ignored) input.bytes = 0;
    gathered_.inputs.push_back(std::move(input));
  }

  Result<void> read_logs() {
    std::set<fs::path> seen;
    std::vector<Found> files;
    std::vector<std::shared_ptr<const logs::Archive>> archives;  // so that each is unpacked once
    std::uint64_t total = 0;
    for (const std::string& pattern : subject_.logs) {
      const auto found = logs::find_files(pattern, subject_.base, job_);
      if (job_.stopped()) return fail_cancelled();
      if (!found) {
        if (auto gone_on = missing(found.error()); !gone_on) return gone_on;
        continue;
      }
      const bool nothing =
          found->files.empty() && (found->problems.empty() || found->problems.front().kind == ErrorKind::not_found);
      if (nothing) {
        const Error error{ErrorKind::not_found, "no log files found here", resolved(subject_, pattern).string(), ENOENT, 0};
        if (auto gone_on = missing(error); !gone_on) return gone_on;
        continue;
      }
      for (const Error& error : found->problems) add_unreadable_found(error);
      if (logs::names_journal(found->files.empty() ? std::string{} : found->files.front().string())) {
        if (seen.insert(found->files.front()).second) journals_.push_back({.line = found->files.front(), .name = pattern});
        continue;
      }
      for (const fs::path& file : found->files) {
        if (!seen.insert(file.lexically_normal()).second) continue;
        const bool named = file.lexically_normal() == resolved(subject_, pattern);
        files.push_back({file, named});
        std::error_code in_archive;
        const auto size = fs::file_size(file, in_archive);
        if (!in_archive) total += size;
      }
      archives.insert(archives.end(), found->archives.begin(), found->archives.end());
    }
    const auto take_printed = [&](Result<CommandLog> log, const LogCommand& command) -> Result<void> {
      if (!log) return missing(log.error());
      for (config::Problem& problem : log->problems) add_problem("log", std::move(problem));
      if (!log->snapshot) {
        ++asked_;
        gathered_.unreadable = true;
        return {};
      }
      files.push_back({log->snapshot->file, true, &command});
      total += log->snapshot->result.bytes;
      return {};
    };
    for (const LogCommand& journal : journals_) {
      if (auto taken = take_printed(read_journal(journal.line, subject_, commands_, job_), journal); !taken) return taken;
    }
    for (const LogCommand& command : subject_.commands) {
      if (auto taken = take_printed(read_command(command, subject_, commands_, job_), command); !taken) return taken;
    }
    job_.begin("reading logs", total, "B");
    for (const Found& found : files) {
      if (auto read = read_log(found); !read) return read;
    }
    return {};
  }

  void add_unreadable_found(const Error& error) {
    ++asked_;
    add_problem("log", problem_from(error, "unreadable", config::Severity::warning));
    LogFindings log;
    log.path = error.where;
    log.unreadable = true;
    logs_.push_back(std::move(log));
  }

  Result<void> read_log(const Found& found) {
    const fs::path& file = found.file;
    Job opening(file.string(), job_);
    const auto bytes = logs::LogBytes::open(file, opening);
    if (!bytes) {
      if (bytes.error().kind == ErrorKind::cancelled) return tl::unexpected(bytes.error());
      if (found.named) return missing(bytes.error());
      add_unreadable_found(bytes.error());
      return {};
    }
    LogFindings log;
    log.path = file.string();
    if (found.command != nullptr) {
      log.name = found.command->name;
      log.command = found.command->line;
    }
    log.file_bytes = (*bytes)->file_bytes();

    Result<logs::LogSummary> summary;
    Result<logs::TemplateGroups> groups;
    Result<std::string> digest;
    Result<logs::LineIndex> index;
    const logs::SummaryOptions summary_options{.reference = (*bytes)->modified(), .time_range = subject_.time_range};
    const logs::TemplateOptions template_options{
        .reference = (*bytes)->modified(), .change_time = subject_.change_time, .time_range = subject_.time_range};
    const fs::path on_disk = logs::file_of(file);
    Job reading(file.string(), job_, Job::Counts::for_parent);
    Job mining(file.string(), job_);  // the same bytes again: not counted twice
    const std::uint64_t expected = on_disk == file ? log.file_bytes : 0;
    if ((*bytes)->view().size() > expected) job_.grow_total((*bytes)->view().size() - expected);
    Handover handover;
    const auto part = [&](const auto& work) {
      return [&] {
        const Handover::Part running(handover);
        work();
      };
    };
    tbb::parallel_invoke(part([&] { summary = logs::summarize((*bytes)->view(), summary_options, reading); }),
                         part([&] { groups = logs::mine_templates((*bytes)->view(), template_options, mining); }), part([&] {
                           if (on_disk == file) digest = sha256_file(file, mining);
                         }),
                         part([&] { index = logs::LineIndex::build((*bytes)->view(), mining); }));
    handover.collect();
    if (!summary) return tl::unexpected(summary.error());
    if (!groups) return tl::unexpected(groups.error());
    if (!index) return tl::unexpected(index.error());
    log.summary = std::move(*summary);
    log.templates = std::move(groups->templates);
    for (const logs::Sample& sample : log.summary.samples) {
      log.sample_texts.push_back((*bytes)->text(index->line((*bytes)->view(), sample.line).substr(0, max_sample_bytes)));
    }
    ++asked_;
    ++read_;
    if (auto problem = (*bytes)->problem()) {
      if (found.command != nullptr) problem->where = log.name;
      add_problem("log", problem_from(*problem, "damaged", config::Severity::warning));
    }
    if (on_disk == file) {
      gathered_.inputs.push_back({log.path, log.file_bytes, digest ? std::move(*digest) : std::string{}});
    } else if (archives_.insert(on_disk).second) {
      add_input(on_disk);
    }
    logs_.push_back(std::move(log));
    return {};
  }

  void scan_services(const Policy& policy) {
    if (subject_.services.empty() || job_.stopped()) return;
    job_.begin("scanning services", subject_.services.size(), "services");
    const scan::ScanOptions options = policy.within({});
    services_ = scan::scan(subject_.services, options, job_);
    scan::probe(services_, {}, options, job_);
    for (const scan::ScanResult& result : services_) {
      ++asked_;
      if (result.state != scan::State::local_error && result.state != scan::State::cancelled) {
        ++read_;
        continue;
      }
      add_problem("service", {config::Severity::warning,
                              "not-scanned",
                              "could not be scanned from here" + (result.detail.empty() ? "" : ": " + result.detail),
                              {},
                              {result.target.name, 0, 0}});
    }
  }

  const Case& subject_;
  const CommandOptions& commands_;
  Job& job_;
  Gathered gathered_;
  std::vector<SourcedProblem> problems_;
  std::vector<LogFindings> logs_;
  std::deque<LogCommand> journals_;  // as if they were commands
  std::set<fs::path> archives_;      // that members were read of; the receipt has each once
  std::vector<scan::ScanResult> services_;
  std::size_t asked_ = 0;  // pieces of evidence: logs, services, configuration
  std::size_t read_ = 0;
};

}  // namespace

Result<std::optional<config::ConfigFile>> load_config(const Case& subject) {
  if (subject.config.empty()) return std::optional<config::ConfigFile>{};
  auto config = config::read_config_file(resolved(subject, subject.config));
  if (!config) return tl::unexpected(config.error());
  return std::optional(std::move(*config));
}

Result<Gathered> gather(const Case& subject, const std::optional<config::ConfigFile>& config, Job& job,
                        const CommandOptions& commands) {
  return Gatherer(subject, commands, job).run(config);
}

}  // namespace conclave
