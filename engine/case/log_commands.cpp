#include "engine/case/log_commands.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/case/command_consent.h"
#include "engine/case/policy.h"
#include "engine/logs/journal_query.h"
#include "engine/logs/source.h"
#include "engine/logs/spool.h"
#include "engine/security/key_ring.h"
#include "engine/security/redaction.h"

namespace conclave {
namespace {

using config::Problem;
using config::Severity;
using logs::CommandEnd;

constexpr std::size_t longest_quote = 300;
// Those of this program; which others a user has, the key ring and the manifests of experts say.
constexpr std::array known_secrets{"CONCLAVE_PASSPHRASE", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"};

Problem problem_with(const LogCommand& command, Severity severity, std::string rule, std::string message, std::string fix = {}) {
  return {severity, std::move(rule), std::move(message), std::move(fix), {command.name, 0, 0}};
}

bool holds(const std::vector<std::string>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

// As one word for a shell.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// Its last line that says something; a command may say its password there.
std::string last_words(const std::string& errors) {
  const auto end = errors.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return {};
  const auto before = errors.find_last_of('\n', end);
  const auto start = before == std::string::npos ? 0 : before + 1;
  return security::redact(errors.substr(start, std::min(end + 1 - start, longest_quote))).text;
}

std::vector<std::string> withheld(const CommandOptions& options) {
  std::vector<std::string> names(known_secrets.begin(), known_secrets.end());
  names.insert(names.end(), options.secrets.begin(), options.secrets.end());
  if (auto ring = security::KeyRing().names()) names.insert(names.end(), ring->begin(), ring->end());
  return names;
}

// What there is to say of a run besides its lines.
std::vector<Problem> remarks_on(const LogCommand& command, const logs::CommandResult& result) {
  if (std::string end = end_of_command(result); !end.empty())
    return {problem_with(command, Severity::warning, "command", "what it had printed is kept, but it " + std::move(end))};
  const std::string words = last_words(result.errors);
  if (result.bytes == 0) {
    return {problem_with(command, Severity::note, "command",
                         "it printed nothing" + (words.empty() ? "" : ", and on standard error: " + words))};
  }
  if (words.empty()) return {};
  return {problem_with(command, Severity::note, "command", "what it wrote to standard error is not part of the log: " + words,
                       "add 2>&1 to the command if it should be")};
}

Result<CommandLog> run(const LogCommand& command, const Case& subject, const CommandOptions& options, Job& job) {
  const SnapshotStore store(options.snapshots);
  const auto draft = store.begin();
  if (!draft) return tl::unexpected(draft.error());
  const logs::CommandOrder order{command.line, command_folder(subject.base), command.timeout_s, command.max_bytes,
                                 withheld(options)};
  job.begin("running " + command.name, 0, "B");
  auto result = logs::run_command(order, (*draft)->descriptor(), job);
  CommandRun said{command.line, order.folder, result ? *result : logs::CommandResult{}};
  const auto tell = [&] {
    if (options.on_run) options.on_run(said);
  };
  if (!result) {
    said.failure = result.error().message;
    tell();
    return tl::unexpected(Error{result.error().kind, result.error().message, command.name, result.error().os_error, 0});
  }
  const bool stopped = result->end == CommandEnd::cancelled;
  const std::string end = end_of_command(*result);
  if (stopped || (result->bytes == 0 && !end.empty())) {
    tell();
    if (stopped) return fail_cancelled();
    return fail(ErrorKind::infrastructure, "printed nothing and " + end, command.name);
  }
  auto kept = store.keep(**draft, subject.base, command.line, std::move(*result), job);
  if (kept)
    said.sha256 = kept->sha256;
  else
    said.failure = kept.error().message;
  tell();
  if (!kept) return tl::unexpected(std::move(kept.error()));
  auto remarks = remarks_on(command, kept->result);
  return CommandLog{std::move(*kept), std::move(remarks)};
}

Result<CommandLog> last_snapshot(const LogCommand& command, const Case& subject, const CommandOptions& options, Job& job) {
  job.begin("reading what " + command.name + " printed", 0, "B");
  auto last = SnapshotStore(options.snapshots).last(subject.base, command.line, job);
  if (!last) return tl::unexpected(std::move(last.error()));
  if (!*last) return fail(ErrorKind::infrastructure, "nothing that it printed before is kept", command.name);
  CommandLog log{std::move(*last), {}};
  log.problems = remarks_on(command, log.snapshot->result);
  const std::string how = logs::names_journal(command.line) ? "it was not read anew; this is what it held at "
                                                            : "it was not run; this is what it printed at ";
  log.problems.push_back(
      problem_with(command, Severity::note, "snapshot", how + format_time(log.snapshot->time / us_per_second * us_per_second)));
  return log;
}

}  // namespace

std::string end_of_command(const logs::CommandResult& result) {
  std::string end;
  switch (result.end) {
    case CommandEnd::exited:
      if (result.code == 0) return {};
      end = "ended with status " + std::to_string(result.code);
      break;
    case CommandEnd::killed:
      end = "was ended by signal " + std::to_string(result.code);
      break;
    case CommandEnd::timed_out:
      end = "was stopped when its time was over (timeout)";
      break;
    case CommandEnd::too_large:
      end = "was stopped since it printed more than it may (max_bytes)";
      break;
    case CommandEnd::cancelled:
      return "was cancelled";
  }
  const std::string words = last_words(result.errors);
  return words.empty() ? end : end + ": " + words;
}

std::optional<Problem> objection_to(const LogCommand& command, const Case& subject, const CommandOptions& options) {
  const auto refused = [&](std::string rule, const std::string& why, std::string fix = {}) {
    return problem_with(command, Severity::error, std::move(rule), "was not run: " + why, std::move(fix));
  };
  if (const std::string flaw = flaw_of_command(command.line); !flaw.empty()) return refused("bad-command", flaw);
  const auto policy = policy_in_force();
  if (!policy) return refused("policy", policy.error().text());
  if (const std::string why = policy->forbids_command(command.line); !why.empty()) return refused("policy", why);
  if (holds(options.allowed, command.line)) return std::nullopt;
  const auto remembered = agreed_commands(subject.base);
  if (!remembered) return refused("consent", "nobody knows what you agreed to: " + remembered.error().text());
  if (holds(*remembered, command.line)) return std::nullopt;
  const std::string line = quoted(command.line);
  std::string fix = "--allow-command " + line + " runs it this time";
  if (!subject.file.empty()) fix += ", conclave case commands " + subject.file.string() + " --agree " + line + " from now on";
  return refused("consent", "you did not agree to this command", std::move(fix));
}

Result<CommandLog> read_command(const LogCommand& command, const Case& subject, const CommandOptions& options, Job& job) {
  if (options.all_from_snapshots || holds(options.from_snapshots, command.line))
    return last_snapshot(command, subject, options, job);
  if (auto objection = objection_to(command, subject, options)) {
    CommandRun refused{command.line, command_folder(subject.base), {}};
    refused.failure = objection->message;
    refused.refused = true;
    if (options.on_run) options.on_run(refused);
    return CommandLog{std::nullopt, {std::move(*objection)}};
  }
  return run(command, subject, options, job);
}

Result<CommandLog> read_journal(const std::string& journal, const Case& subject, const CommandOptions& options, Job& job) {
  const LogCommand named{.line = journal, .name = journal};
  if (options.all_from_snapshots || holds(options.from_snapshots, journal)) return last_snapshot(named, subject, options, job);
  const auto bytes = logs::LogBytes::open(journal, job);
  if (!bytes) return tl::unexpected(bytes.error());
  const SnapshotStore store(options.snapshots);
  const auto draft = store.begin();
  if (!draft) return tl::unexpected(draft.error());
  const char* const cannot = "cannot keep what the journal says";
  if (auto written = logs::write_all((*draft)->descriptor(), (*bytes)->view(), cannot, journal); !written)
    return tl::unexpected(std::move(written.error()));
  auto kept = store.keep(**draft, subject.base, journal, {.bytes = (*bytes)->view().size()}, job);
  if (!kept) return tl::unexpected(std::move(kept.error()));
  CommandLog log{std::move(*kept), {}};
  if (const auto damage = (*bytes)->problem())
    log.problems.push_back(problem_with(named, Severity::warning, "damaged", damage->message));
  if ((*bytes)->view().empty()) log.problems.push_back(problem_with(named, Severity::note, "journal", "it has no such entries"));
  return log;
}

}  // namespace conclave
