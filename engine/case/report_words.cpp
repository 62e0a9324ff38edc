#include "engine/case/report_words.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "engine/base/text.h"
#include "engine/security/redaction.h"

namespace conclave {

std::string percent(double share) {
  if (share < 1 && share > 0.995) return "over 99 %";  // what is not certain never reads as certain
  if (share > 0 && share < 0.005) return "under 1 %";
  return std::to_string(std::lround(share * 100)) + " %";
}

std::string verdict_word(const Report& report) { return report.consensus.verdict.value_or("no consensus"); }

std::string confidence_words(const Report& report) {
  if (!report.consensus.verdict) return "none";
  std::string words = percent(report.consensus.confidence_score);
  if (const auto& interval = report.consensus.confidence_interval) {
    words += " (" + percent(interval->first) + " to " + percent(interval->second) + ")";
  }
  return report.consensus.calibrated ? words : words + ", uncalibrated";
}

std::string words_of_verdict(const consensus::ExpertResponse& response) {
  std::string words;
  auto shares = response.probabilities;
  std::stable_sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& [label, share] : shares) words += (words.empty() ? "" : ", ") + label + " " + percent(share);
  for (const std::string& label : response.ranking) words += (words.empty() ? "" : ", then ") + label;
  return words.empty() ? response.verdict.value_or("text without a verdict") : words;
}

std::string place_of(const consensus::Citation& citation) {
  if (citation.kind == "template") return "template " + citation.id;
  if (citation.kind == "service") return "service " + (citation.id.empty() ? citation.source : citation.id);
  if (citation.line > 0) return citation.source + ":" + std::to_string(citation.line);
  return citation.id.empty() ? citation.source : citation.source + " " + citation.id;
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string escaped_markup(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\t':
      case '\n':
        out += c;
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return out;
}

std::string evidence_words(const Report& report) {
  const auto counted = [](std::size_t count, const std::string& noun) {
    return grouped(count) + " " + noun + (count == 1 ? "" : "s");
  };
  std::vector<std::string> parts;
  if (!report.logs.empty()) {
    std::uint64_t lines = 0;
    for (const auto& log : report.logs) lines += log.value("lines", std::uint64_t{0});
    parts.push_back(counted(report.logs.size(), "log") + " (" + counted(lines, "line") + ")");
  }
  if (!report.services.empty()) parts.push_back(counted(report.services.size(), "service"));
  if (!report.config.empty()) parts.push_back(counted(report.config.size(), "configuration"));
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text.empty() ? "none" : text;
}

std::vector<const consensus::ExpertResponse*> reading_order(const Report& report) {
  const auto& verdicts = report.receipt.question.verdicts;
  const auto rank = [&](const consensus::ExpertResponse& response) -> std::ptrdiff_t {
    if (response.status != consensus::Status::answered) {
      return static_cast<std::ptrdiff_t>(verdicts.size()) + (response.status == consensus::Status::abstained ? 1 : 2);
    }
    if (!response.verdict) return static_cast<std::ptrdiff_t>(verdicts.size());
    const auto found = std::find(verdicts.begin(), verdicts.end(), *response.verdict);
    return verdicts.end() - found - 1;
  };
  std::vector<const consensus::ExpertResponse*> order;
  for (const auto& response : report.responses) order.push_back(&response);
  std::stable_sort(order.begin(), order.end(), [&](const auto* a, const auto* b) {
    return std::tuple(rank(*a), a->expert_name) < std::tuple(rank(*b), b->expert_name);
  });
  return order;
}

std::optional<std::size_t> place_of_expert(const Report& report, std::string_view expert, std::string_view scope) {
  const auto order = reading_order(report);
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (valid_utf8(order[i]->expert_name) != expert) continue;
    if (valid_utf8(order[i]->scope) == scope) return i;
    if (!found) found = i;
  }
  return found;
}

std::string speakers_of(const consensus::Statement& statement, const std::function<std::string(const std::string&)>& linked) {
  const auto listed = [&](const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) {
      if (name != statement.expert) out += (out.empty() ? "" : ", ") + linked(name);
    }
    return out;
  };
  const std::string with = listed(statement.supports);
  const std::string against = listed(statement.contradicts);
  return "by " + linked(statement.expert) + (with.empty() ? "" : ", with " + with) +
         (against.empty() ? "" : ", against " + against);
}

namespace {

// A log that is named by the command it comes from, wherever that name stands.
template <class Clean>
void clean_commands(Report& copy, Clean clean) {
  std::map<std::string, std::string> names;
  for (nlohmann::json& log : copy.logs) {
    if (!log.contains("command") || !log["command"].is_string() || !log.contains("name") || !log["name"].is_string()) continue;
    const auto name = log["name"].get<std::string>();
    auto command = log["command"].get<std::string>();
    std::string& shown = names[name];
    shown = name;
    clean(shown);
    clean(command);
    log["name"] = shown;
    log["command"] = std::move(command);
  }
  const auto rename = [&](std::string& name) {
    if (const auto known = names.find(name); known != names.end()) name = known->second;
  };
  for (auto& response : copy.responses) {
    for (auto& claim : response.claims) {
      for (auto& citation : claim.evidence) rename(citation.source);
    }
  }
  for (Excerpt& excerpt : copy.excerpts) rename(excerpt.source);
  for (config::Problem& problem : copy.problems) {
    if (problem.location.line == 0) clean(problem.location.file);  // also of a command that was not run
  }
}

}  // namespace

Report redacted_copy(const Report& report) {
  const auto clean = [](std::string& text) { text = security::redact(text).text; };
  Report copy = report;
  clean(copy.consensus.consensus_text);
  for (auto& statement : copy.consensus.statements) clean(statement.text);
  for (auto& dissent : copy.consensus.dissenting_opinions) {
    clean(dissent.content);
    for (std::string& claim : dissent.unique_claims) clean(claim);
  }
  for (auto& insight : copy.consensus.key_insights) clean(insight.text);
  for (auto& response : copy.responses) {
    clean(response.content);
    response.metadata = nlohmann::json::object();
    if (response.error) {
      clean(response.error->message);
      clean(response.error->traceback);
    }
    for (auto& claim : response.claims) {
      clean(claim.text);
      for (auto& citation : claim.evidence) clean(citation.excerpt);
    }
  }
  for (Excerpt& excerpt : copy.excerpts) clean(excerpt.text);
  for (config::Problem& problem : copy.problems) {
    clean(problem.message);
    clean(problem.fix);
  }
  clean_commands(copy, clean);
  return copy;
}

}  // namespace conclave
