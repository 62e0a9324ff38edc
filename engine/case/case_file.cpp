#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/text.h"
#include "engine/case/case.h"
#include "engine/config/tree.h"
#include "engine/scan/probe/needs.h"

namespace conclave {
namespace {

using config::MapReader;
using config::Node;
using config::NodeKind;
using config::Problem;

constexpr double longest_command_s = 86'400;
constexpr long long most_command_bytes = 1LL << 40;
constexpr std::size_t longest_command = 4096;
constexpr double least_p95_ms = 0.001;
constexpr double most_p95_ms = 600'000;

std::string trimmed(const std::string& text) {
  const auto start = text.find_first_not_of(" \t\r\n");
  return start == std::string::npos ? std::string() : text.substr(start, text.find_last_not_of(" \t\r\n") - start + 1);
}

// Reads one section of a case file after the other into `subject`; every mistake becomes a problem with its place.
class CaseReader {
 public:
  CaseReader(const Node& root, Case& subject, std::vector<Problem>& problems)
      : root_(root), subject_(subject), problems_(problems), map_(root, "a case", problems) {}

  void read() {
    if (root_.kind == NodeKind::null) {
      map_.error(root_, "empty-case", "the file says nothing; a case needs a question and evidence",
                 "write for example question: Is it safe to go on?");
    }
    if (!map_.is_map()) return;
    long long version = 1;
    map_.integer("version", version, 1, 1);
    map_.text("name", subject_.name);
    if (const Node* node = map_.any("question"); node == nullptr) {
      map_.error(root_, "missing-key", "a case needs a question", "write for example question: Is it safe to go on?");
    } else if (node->kind != NodeKind::scalar || node->scalar.empty()) {
      map_.error(*node, "wrong-type", "question is text", "write for example question: Is it safe to go on?");
    } else {
      subject_.question_text = node->scalar;
    }
    read_verdicts();
    read_gate();
    read_times();
    const std::size_t problems_before = problems_.size();
    read_logs();
    read_services();
    map_.text("config", subject_.config);
    const bool bad_evidence = problems_.size() > problems_before;  // said already, and not the same as none
    read_experts();
    read_circle();
    map_.finish();
    const bool no_logs = subject_.logs.empty() && subject_.commands.empty();
    if (!bad_evidence && no_logs && subject_.services.empty() && subject_.config.empty()) {
      map_.error(root_, "no-evidence", "a case needs evidence: logs, services or config", "write for example logs: [app.log]");
    }
  }

 private:
  consensus::Question& question() { return subject_.question; }

  void read_verdicts() {
    const Node* node = map_.any("verdicts");
    std::vector<std::string> verdicts;
    if (map_.texts("verdicts", verdicts)) {
      const std::set<std::string> unique(verdicts.begin(), verdicts.end());
      if (verdicts.size() < 2 || unique.size() != verdicts.size() || unique.contains("")) {
        map_.error(*node, "bad-verdicts", "verdicts are at least two different labels, best first",
                   "write for example verdicts: [healthy, degraded, failing]");
      } else {
        question().verdicts = std::move(verdicts);
      }
    }
    map_.boolean("ordered", question().ordered);
    // For `conclave backtest`, which reads it by itself: nobody who judges the case sees it.
    std::string truth;
    if (map_.text("truth", truth) &&
        std::find(question().verdicts.begin(), question().verdicts.end(), truth) == question().verdicts.end()) {
      map_.error(*map_.any("truth"), "unknown-verdict", "truth is '" + truth + "', which is not one of the verdicts");
    }
  }

  void read_gate() {
    const Node* node = map_.any("gate");
    if (node == nullptr) return;
    MapReader gate(*node, "gate", problems_);
    if (!gate.is_map()) return;
    gate.texts("required", question().gate.required);
    if (long long value = 0; gate.integer("min_answered", value, 0, 1'000'000)) {
      question().gate.min_answered = static_cast<int>(value);
    }
    gate.number("min_confidence", question().gate.min_confidence, 0, 1);
    const Node* pass = gate.any("pass");
    if (gate.texts("pass", question().gate.pass)) {
      for (const std::string& label : question().gate.pass) {
        const auto& known = question().verdicts;
        if (std::find(known.begin(), known.end(), label) == known.end()) {
          map_.error(*pass, "unknown-verdict", "gate.pass names '" + label + "', which is not one of the verdicts");
        }
      }
    }
    gate.finish();
  }

  std::optional<TimeUs> time_of(const Node& node, const std::string& what) {
    if (node.kind == NodeKind::scalar) {
      if (const auto time = parse_time(node.scalar)) return time;
    }
    map_.error(node, "bad-time", what + " is an ISO 8601 time" + (node.scalar.empty() ? "" : ", not '" + node.scalar + "'"),
               "write it like 2026-03-01T12:00:00Z");
    return std::nullopt;
  }

  void read_times() {
    if (const Node* node = map_.any("change_time")) subject_.change_time = time_of(*node, "change_time");
    const Node* range = map_.any("time_range");
    if (range == nullptr) return;
    const Node* start = nullptr;
    const Node* end = nullptr;
    if (range->kind == NodeKind::list && range->items.size() == 2) {
      start = &range->items[0];
      end = &range->items[1];
    } else if (range->kind == NodeKind::map) {
      MapReader reader(*range, "time_range", problems_);
      start = reader.any("start");
      end = reader.any("end");
      reader.finish();
    }
    if (start == nullptr || end == nullptr) {
      map_.error(*range, "wrong-type", "time_range has a start and an end",
                 "write for example time_range: [2026-03-01T12:00Z, 2026-03-01T14:00Z]");
      return;
    }
    const auto from = time_of(*start, "start of time_range");
    const auto to = time_of(*end, "end of time_range");
    if (!from || !to) return;
    if (*from >= *to) {
      map_.error(*range, "bad-time", "time_range ends before it starts");
      return;
    }
    subject_.time_range = {*from, *to};
  }

  // Paths, and maps that name a command.
  void read_logs() {
    const Node* node = map_.any("logs");
    if (node == nullptr) return;
    if (node->kind != NodeKind::list) return read_log(*node);
    for (const Node& item : node->items) read_log(item);
  }

  void read_log(const Node& node) {
    if (node.kind == NodeKind::scalar) return subject_.logs.push_back(node.scalar);
    if (node.kind != NodeKind::map) {
      map_.error(node, "wrong-type", "logs of a case must be paths or commands, not " + config::shown(node),
                 "write for example logs: [app.log, {command: journalctl -u api}]");
      return;
    }
    MapReader log(node, "a log", problems_);
    LogCommand command;
    command.location = node.location;
    const Node* line = log.any("command");
    if (!log.text("command", command.line)) {
      if (line == nullptr)
        map_.error(node, "missing-key", "a log that is no path needs a command", "write for example command: journalctl -u api");
    } else {
      command.location = line->location;
      command.line = trimmed(command.line);
      if (const std::string flaw = flaw_of_command(command.line); !flaw.empty()) {
        map_.error(*line, "bad-command", flaw);
        command.line.clear();
      }
    }
    log.text("name", command.name);
    log.number("timeout", command.timeout_s, 0.1, longest_command_s);
    if (long long bytes = 0; log.integer("max_bytes", bytes, 1, most_command_bytes))
      command.max_bytes = static_cast<std::uint64_t>(bytes);
    log.finish();
    if (command.line.empty()) return;
    if (command.name.empty()) command.name = command.line;
    for (const LogCommand& other : subject_.commands) {
      if (other.line != command.line && other.name != command.name) continue;
      map_.error(node, "duplicate-log", "two logs are '" + (other.line == command.line ? command.line : command.name) + "'");
      return;
    }
    subject_.commands.push_back(std::move(command));
  }

  std::shared_ptr<const scan::Needs> read_needs(MapReader& service) {
    auto wanted = nlohmann::json::object();
    for (const char* key : {"tls_valid_days", "http"}) {
      const Node* node = service.any(key);
      if (node == nullptr || node->kind == NodeKind::null) continue;
      nlohmann::json value = node->to_json();
      if (const auto needs = scan::needs_from_json({{key, value}}); !needs)
        map_.error(*node, "bad-expectation", needs.error().message, "write for example http: {status: 200, within_ms: 300}");
      else
        wanted[key] = std::move(value);
    }
    if (wanted.empty()) return nullptr;
    return std::make_shared<const scan::Needs>(*scan::needs_from_json(wanted));
  }

  void read_service(const Node& node) {
    std::string text;
    std::string name;
    std::optional<scan::State> expect;
    std::string probe;
    std::shared_ptr<const scan::Needs> needs;
    std::optional<double> p95_ms;
    if (node.kind == NodeKind::scalar) {
      text = node.scalar;
    } else {
      MapReader service(node, "a service", problems_);
      if (!service.is_map()) return;
      service.text("name", name);
      const Node* expect_node = service.any("expect");
      if (std::string wanted; service.text("expect", wanted)) {
        expect = scan::state_from_name(wanted);
        if (!expect || *expect == scan::State::cancelled || *expect == scan::State::suspect) {
          map_.error(*expect_node, "bad-state",
                     "expect is open, closed, rejected, filtered, unreachable or dns_error, not '" + wanted + "'");
          expect.reset();
        }
      }
      service.text("probe", probe);
      needs = read_needs(service);
      if (double bound = 0; service.number("p95_ms", bound, least_p95_ms, most_p95_ms)) p95_ms = bound;
      if ((needs || p95_ms) && expect.value_or(scan::State::open) != scan::State::open)
        map_.error(*expect_node, "bad-expectation", "only of what is open more can be expected");
      if (!service.text("target", text))
        map_.error(node, "missing-key", "a service needs a target", "write for example target: 127.0.0.1:8080");
      service.finish();
      if (text.empty()) return;
    }
    auto targets = scan::parse_targets(text);
    if (!targets) {
      map_.error(node, "bad-target", targets.error().text(), "write it like 127.0.0.1:8080");
      return;
    }
    for (scan::Target& target : *targets) {
      if (!name.empty()) target.name = targets->size() == 1 ? name : name + ":" + std::to_string(target.port);
      target.expect = expect;
      target.probe = probe;
      target.needs = needs;
      target.p95_ms = p95_ms;
      subject_.services.push_back(std::move(target));
    }
  }

  void read_services() {
    const Node* node = map_.any("services");
    if (node == nullptr || node->kind == NodeKind::null) return;
    if (node->kind != NodeKind::list) {
      map_.error(*node, "wrong-type", "services is a list", "write for example services: [127.0.0.1:8080]");
      return;
    }
    for (const Node& item : node->items) read_service(item);
  }

  void read_expert(const Node& node) {
    ExpertChoice choice;
    choice.location = node.location;
    if (node.kind == NodeKind::scalar && !node.scalar.empty()) {
      choice.name = node.scalar;
    } else {
      MapReader expert(node, "an expert", problems_);
      if (!expert.is_map()) return;
      if (!expert.text("name", choice.name) || choice.name.empty()) map_.error(node, "missing-key", "an expert needs a name");
      if (const Node* name = expert.any("name")) choice.location = name->location;
      expert.number("weight", choice.weight, 1e-6, 1e6);
      if (const Node* settings = expert.any("settings")) {
        if (settings->kind == NodeKind::map) {
          choice.settings = settings->to_json();
          for (const auto& [key, value] : settings->entries) choice.setting_places[key.scalar] = key.location;
        } else if (settings->kind != NodeKind::null) {
          map_.error(*settings, "wrong-type", "settings of an expert are a map");
        }
      }
      expert.finish();
    }
    const bool twice = std::any_of(subject_.experts.begin(), subject_.experts.end(),
                                   [&](const ExpertChoice& other) { return other.name == choice.name; });
    if (twice) map_.error(node, "duplicate-expert", "expert '" + choice.name + "' is named twice");
    if (!choice.name.empty() && !twice) subject_.experts.push_back(std::move(choice));
  }

  void read_experts() {
    const Node* node = map_.any("experts");
    if (node == nullptr || node->kind == NodeKind::null) return;
    if (node->kind != NodeKind::list) {
      map_.error(*node, "wrong-type", "experts is a list", "write for example experts: [error_bursts, config_audit]");
      return;
    }
    for (const Node& item : node->items) read_expert(item);
  }

  void read_circle() {
    const Node* node = map_.any("circle");
    if (node == nullptr) return;
    MapReader circle(*node, "circle", problems_);
    if (!circle.is_map()) return;
    consensus::CircleConfig& settings = question().circle;
    const Node* cut = circle.any("min_consensus_threshold");
    if (cut != nullptr && cut->kind == NodeKind::scalar && cut->scalar == "auto") {
      settings.min_consensus_threshold.reset();
    } else if (double threshold = 0; circle.number("min_consensus_threshold", threshold, 0, 1)) {
      settings.min_consensus_threshold = threshold;
    }
    const Node* algorithm = circle.any("similarity_algorithm");
    if (std::string name; circle.text("similarity_algorithm", name)) {
      if (const auto similarity = consensus::similarity_from_name(name)) {
        settings.similarity_algorithm = *similarity;
      } else {
        map_.error(*algorithm, "unknown-algorithm",
                   "similarity_algorithm is cosine, jaccard, levenshtein or semantic, not '" + name + "'");
      }
    }
    circle.text("embedding", settings.embedding);
    const bool semantic = settings.similarity_algorithm == consensus::Similarity::semantic;
    if (semantic && settings.embedding.empty())
      map_.error(*algorithm, "no-embedding", "similarity_algorithm: semantic needs the plugin that makes vectors of texts",
                 "write for example embedding: sentence_model");
    if (const Node* embedding = circle.any("embedding"); embedding != nullptr && !semantic)
      map_.error(*embedding, "unused-embedding", "an embedding is for similarity_algorithm: semantic");
    circle.boolean("enable_parallel_processing", settings.enable_parallel_processing);
    if (long long threads = 0; circle.integer("max_threads", threads, 0, 1024)) settings.max_threads = static_cast<int>(threads);
    circle.finish();
  }

  const Node& root_;
  Case& subject_;
  std::vector<Problem>& problems_;
  MapReader map_;
};

CaseFile case_from_tree(const Node& root, const std::filesystem::path& file) {
  CaseFile result;
  result.value.file = file;
  result.value.base = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  CaseReader(root, result.value, result.problems).read();
  if (result.value.name.empty()) result.value.name = file.stem().string();
  return result;
}

}  // namespace

std::string flaw_of_command(std::string_view line) {
  if (line.empty()) return "a command must not be empty";
  if (line.size() > longest_command) return "a command is at most 4,096 bytes long; put more into a script";
  if (find_invalid_utf8(line) != std::string_view::npos) return "a command must be valid UTF-8";
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto byte = [&](std::size_t at) { return at < line.size() ? static_cast<unsigned char>(line[at]) : 0U; };
    if (byte(i) == '\n' || byte(i) == '\r') return "a command is one line; put more into a script";
    // C1 controls; marks and embeddings that change the direction of text; characters without a width.
    const bool hidden = byte(i) < 0x20 || byte(i) == 0x7f || (byte(i) == 0xC2 && byte(i + 1) < 0xA0) ||
                        (byte(i) == 0xD8 && byte(i + 1) == 0x9C) ||
                        (byte(i) == 0xE2 && byte(i + 1) == 0x80 &&
                         ((byte(i + 2) >= 0x8B && byte(i + 2) <= 0x8F) || (byte(i + 2) >= 0xA8 && byte(i + 2) <= 0xAE))) ||
                        (byte(i) == 0xE2 && byte(i + 1) == 0x81 && byte(i + 2) >= 0xA0 && byte(i + 2) <= 0xAF) ||
                        (byte(i) == 0xEF && byte(i + 1) == 0xBB && byte(i + 2) == 0xBF);
    if (hidden) return "a command must not hold characters that cannot be seen, such as tabs or those that turn text around";
  }
  return {};
}

std::string ExpertChoice::place(const std::string& setting) const {
  const auto found = setting_places.find(setting);
  const config::Location& known = found == setting_places.end() ? location : found->second;
  return known.line > 0 ? known.text() : std::string();
}

bool CaseFile::usable() const {
  return std::none_of(problems.begin(), problems.end(),
                      [](const Problem& problem) { return problem.severity == config::Severity::error; });
}

Result<CaseFile> read_case(std::string_view yaml, const std::filesystem::path& file) {
  const auto root = config::read_yaml(yaml, file.string());
  if (!root) return tl::unexpected(root.error());
  return case_from_tree(*root, file);
}

Result<CaseFile> read_case_file(const std::filesystem::path& file) {
  const auto root = config::read_yaml_file(file);
  if (!root) return tl::unexpected(root.error());
  return case_from_tree(*root, file);
}

Result<Case> load_case(const std::filesystem::path& file) {
  auto read = read_case_file(file);
  if (!read) return tl::unexpected(read.error());
  if (read->usable()) return std::move(read->value);
  std::string text;
  for (const Problem& problem : read->problems) {
    if (!text.empty()) text += '\n';
    text += config::to_text(problem);
  }
  return fail(ErrorKind::parse, std::move(text));
}

}  // namespace conclave
