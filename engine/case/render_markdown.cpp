#include <sstream>

#include "engine/case/render.h"
#include "engine/case/report_words.h"

namespace conclave {
namespace {

// Text from experts and logs stays text: nothing in it becomes a link, a heading, HTML or a table cell.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      out += ' ';
      continue;
    }
    if (std::string_view("\\`*_{}[]<>()#+-.!|~&").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// A code span with a fence longer than any run of backticks inside.
std::string code(const std::string& text) {
  std::string fence = "`";
  while (text.find(fence) != std::string::npos) fence += '`';
  std::string line;
  for (const char c : text) line += c == '\n' || c == '\r' ? ' ' : c;
  return fence + " " + line + " " + fence;
}

void write_claims(std::ostringstream& out, const consensus::ExpertResponse& response) {
  for (const auto& claim : response.claims) {
    out << "- " << escaped(claim.text) << (claim.verified() ? "" : " **(not verified)**") << "\n";
    for (const auto& citation : claim.evidence) {
      out << "  - " << escaped(place_of(citation));
      out << (citation.verified.value_or(false) ? ": " + code(citation.excerpt) : std::string(" (does not exist)")) << "\n";
    }
  }
}

bool has_section(const consensus::ExpertResponse& response) {
  return !response.content.empty() || !response.claims.empty() || response.error;
}

// What the circle says, with a way to whoever says it; reports of before there were statements have the text alone.
void write_statements(std::ostringstream& out, const Report& report) {
  const auto& consensus = report.consensus;
  if (consensus.statements.empty()) {
    if (!consensus.consensus_text.empty()) out << escaped(consensus.consensus_text) << "\n\n";
    return;
  }
  const auto order = reading_order(report);
  for (const auto& statement : consensus.statements) {
    const auto linked = [&](const std::string& expert) {
      const auto place = place_of_expert(report, expert, statement.scope);
      if (!place || !has_section(*order[*place])) return escaped(expert);
      return "[" + escaped(expert) + "](#expert-" + std::to_string(*place + 1) + ")";
    };
    out << "- " << escaped(statement.text) << " (" << speakers_of(statement, linked) << ")\n";
  }
  out << "\n";
}

void write_experts(std::ostringstream& out, const Report& report) {
  out << "## Experts\n\n| expert | scope | verdict | confidence | weight |\n|---|---|---|---|---|\n";
  for (const auto* response : reading_order(report)) {
    const bool answered = response->status == consensus::Status::answered;
    out << "| " << escaped(response->expert_name) << " | " << escaped(response->scope) << " | "
        << (answered ? escaped(words_of_verdict(*response)) : std::string(consensus::status_name(response->status))) << " | "
        << (answered ? percent(response->confidence) : "") << " | " << response->weight << " |\n";
  }
  std::size_t number = 0;
  for (const auto* response : reading_order(report)) {
    ++number;
    if (!has_section(*response)) continue;
    out << "\n<a id=\"expert-" << number << "\"></a>\n\n### " << escaped(response->expert_name) << "\n\n";
    if (!response->content.empty()) out << escaped(response->content) << "\n\n";
    if (response->error) out << escaped(response->error->type + ": " + response->error->message) << "\n\n";
    write_claims(out, *response);
  }
}

}  // namespace

std::string render_markdown(const Report& original, bool redacted) {
  const Report report = redacted ? redacted_copy(original) : original;
  std::ostringstream out;
  out << "# " << escaped(report.case_name) << ": " << escaped(verdict_word(report)) << "\n\n";
  out << "*" << escaped(report.question) << "*\n\n" << escaped(report.consensus.reason) << "\n\n";
  out << "- passed: " << (report.consensus.passed ? "yes" : "no") << "\n- confidence: " << confidence_words(report)
      << "\n- coverage: " << percent(report.consensus.coverage) << "\n- evidence: " << evidence_words(report)
      << "\n- started: " << format_time(report.started) << "\n\n";
  write_statements(out, report);
  if (!report.consensus.scopes.empty()) {
    out << "## By scope\n\n| scope | verdict | why |\n|---|---|---|\n";
    for (const auto& scope : report.consensus.scopes) {
      out << "| " << escaped(scope.scope) << " | " << escaped(scope.verdict.value_or("none")) << " | " << escaped(scope.reason)
          << " |\n";
    }
    out << "\n";
  }
  write_experts(out, report);
  if (!report.consensus.dissenting_opinions.empty()) out << "\n## Dissent\n\n";
  for (const auto& dissent : report.consensus.dissenting_opinions) {
    out << "- " << escaped(dissent.scope) << ", " << escaped(dissent.verdict) << ": " << escaped(dissent.content) << "\n";
  }
  if (!report.consensus.key_insights.empty()) out << "\n## Insights\n\n";
  for (const auto& insight : report.consensus.key_insights) out << "- " << escaped(insight.text) << "\n";
  if (!report.problems.empty()) out << "\n## Problems\n\n";
  for (const auto& problem : report.problems) out << "- " << escaped(config::to_text(problem)) << "\n";
  out << "\n## Receipt\n\n| input | bytes | SHA-256 |\n|---|---|---|\n";
  for (const auto& input : report.receipt.inputs) {
    out << "| " << escaped(input.path) << " | " << input.bytes << " | " << input.sha256 << " |\n";
  }
  return out.str();
}

}  // namespace conclave
