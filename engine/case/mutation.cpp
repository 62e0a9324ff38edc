// What is random here decides where, never how much: a fault of each kind has one strength, so that cases can be compared.
#include "engine/case/mutation.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <random>
#include <utility>
#include <vector>

#include "engine/base/text_file.h"
#include "engine/logs/journal_query.h"
#include "engine/logs/level.h"
#include "engine/logs/line_index.h"
#include "engine/logs/source.h"
#include "engine/logs/timestamp.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t most_log_bytes = std::uint64_t{256} << 20U;
constexpr std::size_t most_config_bytes = std::size_t{16} << 20U;
constexpr std::uint64_t most_places = 4096;  // in a log, evenly spread
constexpr std::size_t fewest_places = 10;
constexpr std::size_t burst_among = 40;    // stamped lines
constexpr std::size_t errors_of_each = 5;  // of these
constexpr std::string_view failure = "request failed: cannot reach the database: connection refused";

// The standard says which numbers this gives, unlike those of its distributions.
using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t count) { return static_cast<std::size_t>(random() % count); }

bool is_error(std::string_view line) { return logs::level_of(line) == logs::Level::error; }

bool equals_in_any_case(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

// What a line would say if its level word were another; one for each place where such a word stands.
std::vector<std::string> with_level_changed(std::string_view line) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 10> words{{{"information", "error"},
                                                                                 {"warning", "error"},
                                                                                 {"notice", "error"},
                                                                                 {"debug", "error"},
                                                                                 {"trace", "error"},
                                                                                 {"info", "error"},
                                                                                 {"warn", "error"},
                                                                                 {"error", "error"},
                                                                                 {"\"level\":30", "\"level\":50"},
                                                                                 {"\"level\":20", "\"level\":50"}}};
  constexpr std::size_t header = 512;
  std::vector<std::string> out;
  for (const auto& [word, error] : words) {
    for (std::size_t at = 0; at + word.size() <= std::min(line.size(), header); ++at) {
      if (!equals_in_any_case(line.substr(at, word.size()), word)) continue;
      std::string put(error);
      const char second = line[at + 1];
      if (second >= 'A' && second <= 'Z')
        for (char& c : put) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
      out.push_back(std::string(line.substr(0, at)) + put + std::string(line.substr(at + word.size())));
    }
  }
  return out;
}

struct Place {
  std::uint64_t line = 0;
  TimeUs time = 0;
};

// One log of the case, and where in it faults may be put.
struct Target {
  std::size_t row = 0;  // of the evidence
  std::shared_ptr<const logs::LogBytes> bytes;
  logs::LineIndex index;
  std::vector<Place> places;
};

class Logs {
 public:
  Logs(const Case& subject, const Evidence& evidence, Job& job) : subject_(subject), evidence_(evidence), job_(job) {}

  // Of those that can be changed, one.
  Result<std::optional<Target>> choose(Random& random) const {
    std::vector<std::size_t> rows;
    const auto unreadable = evidence_.bytes("logs.unreadable");
    const auto stamped = evidence_.integers("logs.timestamp_lines");
    const auto bytes = evidence_.integers("logs.bytes");
    for (std::size_t row = 0; row < unreadable.size(); ++row) {
      const bool large = static_cast<std::uint64_t>(bytes[row]) > most_log_bytes;
      if (unreadable[row] == 0 && !large && stamped[row] > 0 && evidence_.text("logs.command", row).empty()) rows.push_back(row);
    }
    while (!rows.empty()) {
      const std::size_t chosen = below(random, rows.size());
      auto target = read(rows[chosen]);
      if (!target) return tl::unexpected(target.error());
      if (target->places.size() >= fewest_places) return std::optional(std::move(*target));
      rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(chosen));
    }
    return std::nullopt;
  }

  // The case with that log as `text` says, in `folder` under the name it had.
  Result<Case> with(const Target& target, const std::string& text, const fs::path& folder) const {
    const fs::path path(evidence_.text("logs.path", target.row));
    const std::string name = path.filename().string();
    const fs::path copy = folder / (name.empty() ? "log" : name);
    std::ofstream(copy, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size())).flush();
    std::error_code error;
    if (fs::file_size(copy, error) != text.size() || error) return fail_io("cannot write the changed log", copy.string(), errno);
    // Stamps without a year are read by when the file was written.
    const TimeUs modified = target.bytes->modified();
    const timespec time{modified / us_per_second, (modified % us_per_second) * 1000};
    const std::array times{time, time};
    if (modified > 0 && ::utimensat(AT_FDCWD, copy.c_str(), times.data(), 0) != 0)
      return fail_io("cannot set the time of the changed log", copy.string(), errno);
    Case out = subject_;
    std::erase_if(out.logs, [](const std::string& log) { return !logs::names_journal(log); });
    const auto unreadable = evidence_.bytes("logs.unreadable");
    for (std::size_t row = 0; row < unreadable.size(); ++row) {
      if (unreadable[row] != 0 || !evidence_.text("logs.command", row).empty()) continue;
      out.logs.push_back(no_glob(row == target.row ? copy.string() : std::string(evidence_.text("logs.path", row))));
    }
    return out;
  }

 private:
  static std::string no_glob(const std::string& path) {
    std::string out;
    for (const char c : path) out += c == '*' || c == '?' || c == '[' ? std::string{'[', c, ']'} : std::string{c};
    return out;
  }

  Result<Target> read(std::size_t row) const {
    Target target{row, nullptr, {}, {}};
    auto bytes = logs::LogBytes::open(fs::path(evidence_.text("logs.path", row)), job_);
    if (!bytes) return tl::unexpected(bytes.error());
    target.bytes = std::move(*bytes);
    auto index = logs::LineIndex::build(target.bytes->view(), job_);
    if (!index) return tl::unexpected(index.error());
    target.index = std::move(*index);
    if (target.bytes->view().size() > most_log_bytes) return target;
    const std::vector<Place> all = stamped_lines(target);
    std::vector<Place> after;
    if (subject_.change_time)
      std::copy_if(all.begin(), all.end(), std::back_inserter(after),
                   [&](const Place& place) { return place.time >= *subject_.change_time; });
    target.places = after.size() >= fewest_places ? after : all;
    return target;
  }

  std::vector<Place> stamped_lines(const Target& target) const {
    std::vector<Place> places;
    const std::string_view view = target.bytes->view();
    const std::uint64_t lines = target.index.line_count();
    const std::uint64_t count = std::min(lines, most_places);
    for (std::uint64_t i = 0; i < count && !job_.stopped(); ++i) {
      const std::uint64_t line = 1 + i * lines / count;
      const auto stamp = logs::find_stamp(target.index.line(view, line), target.bytes->modified());
      if (!stamp) continue;
      const auto& range = subject_.time_range;
      if (!range || (stamp->time >= range->first && stamp->time <= range->second)) places.push_back({line, stamp->time});
    }
    return places;
  }

  const Case& subject_;
  const Evidence& evidence_;
  Job& job_;
};

std::string name_of(const Evidence& evidence, const Target& target) {
  return std::string(evidence.text("logs.name", target.row));
}

// Begins between a fifth and three fifths of the places.
std::size_t some_place(Random& random, std::size_t places) {
  return places / 5 + below(random, std::max<std::size_t>(places * 2 / 5, 1));
}

Result<std::optional<Mutant>> with_burst(const Case& subject, const Evidence& evidence, Random& random, const fs::path& folder,
                                         Job& job) {
  const Logs logs(subject, evidence, job);
  auto target = logs.choose(random);
  if (!target) return tl::unexpected(target.error());
  if (!*target) return std::nullopt;
  const Target& log = **target;
  const std::string_view view = log.bytes->view();
  const TimeUs reference = log.bytes->modified();
  const std::uint64_t first = log.places[some_place(random, log.places.size())].line;
  std::string text(view.substr(0, log.index.offset_of(view, first)));
  std::size_t stamped = 0;
  std::size_t errors = 0;
  std::uint64_t number = first;
  for (; number <= log.index.line_count() && stamped < burst_among; ++number) {
    const std::string_view line = log.index.line(view, number);
    text.append(line);
    text += '\n';
    if (!logs::find_stamp(line, reference)) continue;
    ++stamped;
    for (std::size_t i = 0; i < errors_of_each; ++i) {
      const auto error = as_error(line, reference, failure);
      if (!error) break;
      text += *error + '\n';
      ++errors;
    }
  }
  if (errors == 0) return std::nullopt;
  if (number <= log.index.line_count()) text.append(view.substr(log.index.offset_of(view, number)));
  auto changed = logs.with(log, text, folder);
  if (!changed) return tl::unexpected(changed.error());
  return Mutant{Fault::burst,
                std::to_string(errors) + " error lines from line " + std::to_string(first + 1) + " of " + name_of(evidence, log),
                std::move(*changed),
                {}};
}

Result<std::optional<Mutant>> with_gap(const Case& subject, const Evidence& evidence, Random& random, const fs::path& folder,
                                       Job& job) {
  const Logs logs(subject, evidence, job);
  auto target = logs.choose(random);
  if (!target) return tl::unexpected(target.error());
  if (!*target) return std::nullopt;
  const Target& log = **target;
  const std::size_t begin = some_place(random, log.places.size());
  const Place& from = log.places[begin];
  const Place& to = log.places[begin + std::max<std::size_t>(log.places.size() / 5, 1)];
  if (to.time - from.time < us_per_second) return std::nullopt;
  const std::string_view view = log.bytes->view();
  const std::uint64_t cut = log.index.offset_of(view, from.line + 1);
  auto changed =
      logs.with(log, std::string(view.substr(0, cut)) + std::string(view.substr(log.index.offset_of(view, to.line))), folder);
  if (!changed) return tl::unexpected(changed.error());
  return Mutant{Fault::gap,
                std::to_string((to.time - from.time) / us_per_second) + " s without a line from line " +
                    std::to_string(from.line) + " of " + name_of(evidence, log),
                std::move(*changed),
                {}};
}

// The evidence with that service refusing connections; as it is if it does not have it.
Result<EvidencePtr> with_closed(const Evidence& evidence, const std::string& name, std::int64_t port) {
  std::vector<std::string> states;
  std::vector<std::string> details;
  const auto ports = evidence.integers("services.port");
  for (std::size_t row = 0; row < ports.size(); ++row) {
    const bool this_one = evidence.text("services.name", row) == name && ports[row] == port;
    states.emplace_back(this_one ? "closed" : evidence.text("services.state", row));
    details.emplace_back(this_one ? "Connection refused" : evidence.text("services.detail", row));
  }
  EvidenceBuilder builder;
  builder.add_texts("services.state", states);
  builder.add_texts("services.detail", details);
  builder.add_missing_from(evidence);
  return std::move(builder).seal();
}

std::optional<Mutant> with_closed_port(const Case& subject, const Hooks& hooks, const Evidence& evidence, Random& random) {
  const auto ports = evidence.integers("services.port");
  std::vector<std::size_t> open;
  for (std::size_t row = 0; row < ports.size(); ++row) {
    if (evidence.text("services.expect", row) == "open" && evidence.text("services.state", row) == "open") open.push_back(row);
  }
  if (open.empty()) return std::nullopt;
  const std::size_t row = open[below(random, open.size())];
  const std::string name(evidence.text("services.name", row));
  const std::int64_t port = ports[row];
  Mutant mutant{Fault::closed_port, name + " refuses connections", subject, hooks};
  for (scan::Target& service : mutant.subject.services) {
    if (service.name == name && service.port == port) service.probe.clear();  // it would find the service as it is
  }
  mutant.hooks.on_scan_result = [name, port, inner = hooks.on_scan_result](const EvidencePtr& found,
                                                                           std::vector<ReceiptHook>& receipt,
                                                                           Job& running) -> Result<EvidencePtr> {
    auto closed = with_closed(*found, name, port);
    if (!closed || !inner) return closed;
    return inner(std::move(*closed), receipt, running);
  };
  return mutant;
}

// Where the digits of a value end that begins with some, if the text at that place of the file is the value.
std::optional<std::size_t> end_of_number(std::string_view text, const config::FlatValue& value) {
  const std::size_t digits = std::min(value.value.find_first_not_of("0123456789"), value.value.size());
  if (value.line < 1 || value.column < 1 || digits == 0 || digits > 9 || value.value.front() == '0') return std::nullopt;
  std::size_t at = 0;
  for (int line = 1; line < value.line; ++line) {
    at = text.find('\n', at);
    if (at == std::string_view::npos) return std::nullopt;
    ++at;
  }
  at += static_cast<std::size_t>(value.column) - 1;
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) ++at;
  if (at > text.size() || !text.substr(at).starts_with(value.value)) return std::nullopt;
  return at + digits;
}

Result<std::optional<Mutant>> with_changed_value(const Case& subject, const Hooks& hooks, const Evidence& evidence,
                                                 Random& random) {
  if (evidence.rows("config.file") == 0) return std::nullopt;
  const std::string file(evidence.text("config.file", 0));
  const auto text = read_text_file(file, most_config_bytes);
  if (!text) return std::nullopt;
  const auto alone = config::read_config(*text, file);
  const auto whole = config::read_config_file(file);
  if (!alone || !whole || alone->problems != whole->problems) return std::nullopt;
  std::vector<std::pair<std::size_t, std::string>> numbers;  // where they end, and their paths
  for (const config::FlatValue& value : alone->values) {
    if (const auto end = end_of_number(*text, value))
      numbers.emplace_back(*end, value.path + " (line " + std::to_string(value.line) + ")");
  }
  if (numbers.empty()) return std::nullopt;
  const auto& [end, path] = numbers[below(random, numbers.size())];
  std::string changed = *text;
  changed.insert(end, 1, '0');
  auto config = config::read_config(changed, file);
  if (!config) return std::nullopt;
  Mutant mutant{Fault::changed_value, "a zero too many in " + path + " of " + fs::path(file).filename().string(), subject, hooks};
  mutant.hooks.on_config_loaded = [config = std::move(*config), inner = hooks.on_config_loaded](
                                      const config::ConfigFile&, std::vector<ReceiptHook>& receipt,
                                      Job& running) -> Result<config::ConfigFile> {
    if (!inner) return config;
    return inner(config, receipt, running);
  };
  return mutant;
}

}  // namespace

std::string_view fault_name(Fault fault) {
  constexpr std::array<std::string_view, all_faults.size()> names{"burst", "gap", "closed-port", "changed-value"};
  return names.at(static_cast<std::size_t>(fault));
}

std::optional<std::string> as_error(std::string_view line, TimeUs reference, std::string_view message) {
  const auto stamp = logs::locate_stamp(line, reference);
  if (!stamp) return std::nullopt;
  const auto serves = [&](std::string_view made) {
    const auto again = logs::find_stamp(made, reference);
    return is_error(made) && again && again->time == stamp->stamp.time;
  };
  for (const std::string& changed : with_level_changed(line)) {
    if (!serves(changed)) continue;
    if (const std::size_t end = logs::locate_level(changed).end; end > 0) {
      const auto place = logs::locate_stamp(changed, reference);
      std::string told = changed.substr(0, std::max(end, place->end)) + " ";  // some stamps stand behind the level
      told += message;
      if (serves(told)) return told;
    }
    return changed;
  }
  const std::string head(line.substr(0, stamp->end));
  const std::size_t colon = line.find(": ", stamp->end);
  std::vector<std::string> candidates;
  if (colon != std::string_view::npos) candidates.push_back(std::string(line.substr(0, colon + 2)) + "ERROR: ");
  if (stamp->end < line.size() && line[stamp->end] == ']') candidates.push_back(head + "] ERROR ");
  candidates.push_back(head + " ERROR ");
  for (std::string& candidate : candidates) {
    candidate += message;
    if (serves(candidate)) return candidate;
  }
  return std::nullopt;
}

Result<std::optional<Mutant>> mutate(const Case& subject, const Hooks& hooks, const Evidence& evidence, Fault fault,
                                     std::uint64_t seed, const fs::path& folder, Job& job) {
  Random random(seed);
  switch (fault) {
    case Fault::closed_port:
      return with_closed_port(subject, hooks, evidence, random);
    case Fault::changed_value:
      return with_changed_value(subject, hooks, evidence, random);
    case Fault::burst:
    case Fault::gap:
      break;
  }
  auto mutant = fault == Fault::burst ? with_burst(subject, evidence, random, folder, job)
                                      : with_gap(subject, evidence, random, folder, job);
  if (job.stopped()) return fail_cancelled();
  if (mutant && *mutant) (*mutant)->hooks = hooks;
  return mutant;
}

}  // namespace conclave
