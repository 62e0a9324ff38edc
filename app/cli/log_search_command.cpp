// logs search.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>

#include "app/cli/commands.h"
#include "app/cli/log_reading.h"
#include "app/cli/log_search_output.h"
#include "app/cli/program.h"
#include "engine/base/time.h"

namespace conclave::cli {
namespace {

constexpr const char* footer =
    "EXPR: words and \"quoted texts\" (any case unless they have a capital), /regular expressions/ (any case with /i),\n"
    "level:error, level:>=warning, level:none, since:TIME, until:TIME, template:ID (as `logs templates` lists them; lines are\n"
    "grouped first, which takes longer), * for every line; combined by AND (or nothing), OR, NOT, &&, ||, ! and parentheses.\n"
    "Fields of JSON, logfmt and name=value: field:status>=500, field:user.name=alice (the very value, as with !=),\n"
    "field:path~^/api (a regular expression; !~), field:retry (is there, and not null), field:ts<2026-03-01, field:\"a b\"=\"c "
    "d\".\n"
    "level: is that level only, --level that level and graver ones. A line without a time stamp has the time of the one before.\n"
    "Exit codes: 0 searched, whatever was found (unlike grep); 1 problems, such as a file of a folder that cannot be read;\n"
    "2 usage or unreadable input; 130 Ctrl-C.";

struct Arguments {
  std::string expression;
  std::vector<std::string> files;
  bool json = false;
  bool count = false;
  bool records = false;
  bool any_case = false;
  bool literal = false;
  bool regex = false;
  std::vector<std::string> exclude;
  std::string level;
  std::string since;
  std::string until;
  std::uint64_t context = 0;
  std::vector<std::string> patterns;  // NAME=REGEX
  std::size_t threads = 0;
};

struct Wanted {
  logs::Expression expression;
  std::vector<std::string> names;  // of what is counted
  std::vector<logs::TextPattern> counted;
};

Result<logs::Expression> parsed(const std::string& text, const Arguments& arguments) {
  if (!arguments.literal && !arguments.regex) return logs::parse_expression(text, arguments.any_case);
  return logs::Expression::of(logs::TextPattern{text, arguments.regex, arguments.any_case});
}

Result<TimeUs> time_of(const std::string& text, const char* option) {
  if (const auto time = parse_time(text)) return *time;
  return fail(ErrorKind::invalid_argument, std::string(option) + ": no time such as 2026-03-01T12:00:05Z or 2026-03-01: " + text);
}

Result<Wanted> wanted_by(const Arguments& arguments) {
  auto expression = parsed(arguments.expression, arguments);
  if (!expression) return tl::unexpected(expression.error());
  Wanted wanted{std::move(*expression), {}, {}};
  for (const std::string& text : arguments.exclude) {
    auto excluded = parsed(text, arguments);
    if (!excluded) return tl::unexpected(excluded.error());
    wanted.expression = both(std::move(wanted.expression), negated(std::move(*excluded)));
  }
  if (!arguments.level.empty()) {
    const auto filter = logs::parse_least_level(arguments.level);
    if (!filter) return tl::unexpected(filter.error());
    wanted.expression = both(std::move(wanted.expression), logs::Expression::of(*filter));
  }
  logs::TimeFilter time;
  if (!arguments.since.empty()) {
    const auto since = time_of(arguments.since, "--since");
    if (!since) return tl::unexpected(since.error());
    time.since = *since;
  }
  if (!arguments.until.empty()) {
    const auto until = time_of(arguments.until, "--until");
    if (!until) return tl::unexpected(until.error());
    time.until = *until;
  }
  if (time.since || time.until) wanted.expression = both(std::move(wanted.expression), logs::Expression::of(time));
  for (const std::string& pattern : arguments.patterns) {
    const std::size_t sign = pattern.find('=');
    if (sign == std::string::npos || sign == 0) {
      return fail(ErrorKind::invalid_argument, "--pattern needs NAME=REGEX, not '" + pattern + "'");
    }
    wanted.names.push_back(pattern.substr(0, sign));
    wanted.counted.push_back({pattern.substr(sign + 1), true, arguments.any_case});
  }
  return wanted;
}

int search_logs(Program& program, const Arguments& arguments) {
  const auto wanted = wanted_by(arguments);
  if (!wanted) return program.failed(wanted.error());
  const auto search = logs::Search::compile(wanted->expression, wanted->counted);
  if (!search) return program.failed(search.error());
  const auto highlighter = logs::Highlighter::compile(wanted->expression);
  if (!highlighter) return program.failed(highlighter.error());

  std::optional<Running> running(std::in_place, program, "logs search");
  LogReading reading(program, running->job());
  const std::string& first = arguments.files.front();
  const bool named = arguments.files.size() > 1 || (first != "-" && !std::filesystem::is_regular_file(first));
  logs::SearchOptions options;
  options.reference = now_us();
  FoundParts parts(arguments.records, options.reference, running->job());
  FoundText text(program.out, parts, *highlighter, arguments.context, named);
  FoundJson json(program.out, parts);
  options.threads = arguments.threads;
  options.keep_lines = false;
  std::uint64_t total = 0;
  std::vector<std::uint64_t> counts(wanted->names.size());
  reading.each(arguments.files, [&](const logs::LogBytes& log) -> Result<void> {
    if (program.out.closed()) return {};
    text.begin(log);
    options.reference = log.modified() != 0 ? log.modified() : now_us();
    parts.begin(log);
    if (arguments.count && arguments.records) {
      options.on_found = [&](std::span<const logs::FoundLine> lines) {
        for (const logs::FoundLine& line : lines) (void)parts.next(line);
        return true;
      };
    } else if (!arguments.count) {
      options.on_found = [&](std::span<const logs::FoundLine> lines) {
        arguments.json ? json.add(log, lines, options.reference) : text.add(lines);
        return !program.out.closed();
      };
    }
    const auto found = search->run(log.view(), options, running->job());
    if (!found) return tl::unexpected(found.error());
    const std::uint64_t count = arguments.records ? parts.count() : found->found;
    total += count;
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += found->counts[i];
    if (arguments.json) return {};
    if (!arguments.count) text.end();
    if (arguments.count && named) program.out.write(log.name() + ":" + std::to_string(count) + "\n");
    return {};
  });
  running.reset();
  if (arguments.json) {
    auto named_counts = nlohmann::json::object();
    for (std::size_t i = 0; i < counts.size(); ++i) named_counts[wanted->names[i]] = counts[i];
    json.end({{"counts", named_counts}, {"total", total}, {"problems", reading.problems()}});
  } else if (reading.code() != exit_interrupted) {
    if (arguments.count && !named) program.out.write(std::to_string(total) + "\n");
    std::string lines;
    for (std::size_t i = 0; i < counts.size(); ++i) lines += wanted->names[i] + "=" + std::to_string(counts[i]) + "\n";
    program.out.write(lines);
  }
  return reading.code();
}

}  // namespace

void add_log_search_command(CLI::App& logs, Program& program) {
  const auto arguments = std::make_shared<Arguments>();
  auto* search = logs.add_subcommand("search", "Lines that an expression holds for");
  search->footer(footer);
  search->add_option("EXPR", arguments->expression, "What to look for; see below")->required();
  search->add_option("FILE", arguments->files, log_files_help)->required();
  search->add_flag("-c,--count", arguments->count, "Only how many lines were found, of each log");
  search->add_flag("--records", arguments->records, "Whole records: a stack trace with the line that it belongs to");
  search->add_option("--exclude", arguments->exclude, "Not lines that this expression holds for; repeatable")
      ->allow_extra_args(false);
  search->add_option("--level", arguments->level, "Only this level and graver ones; none: lines without one");
  search->add_option("--since", arguments->since, "Only from this time on");
  search->add_option("--until", arguments->until, "Only before this time");
  search->add_option("-C,--context", arguments->context, "Lines to show before and behind each that was found");
  search->add_option("--pattern", arguments->patterns, "NAME=REGEX: how many of the lines found match it; repeatable")
      ->allow_extra_args(false);
  search->add_flag("-i,--ignore-case", arguments->any_case, "Any case, of all texts and patterns");
  auto* literal = search->add_flag("-F,--literal", arguments->literal, "EXPR is one text, taken as it is");
  search->add_flag("-E,--regex", arguments->regex, "EXPR is one regular expression")->excludes(literal);
  search->add_option("--threads", arguments->threads, "Processors to use; 0: all");
  search->add_flag("--json", arguments->json, "Print JSON");
  search->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return search_logs(program, *arguments); }; });
}

}  // namespace conclave::cli
