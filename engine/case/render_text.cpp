#include <algorithm>
#include <sstream>

#include "engine/case/render.h"
#include "engine/case/report_words.h"

namespace conclave {
namespace {

// Escape sequences of a terminal, or nothing.
struct Ink {
  bool colour;
  [[nodiscard]] std::string bold(const std::string& text) const { return wrap("1", text); }
  [[nodiscard]] std::string dim(const std::string& text) const { return wrap("2", text); }
  [[nodiscard]] std::string green(const std::string& text) const { return wrap("1;32", text); }
  [[nodiscard]] std::string red(const std::string& text) const { return wrap("1;31", text); }
  [[nodiscard]] std::string yellow(const std::string& text) const { return wrap("1;33", text); }
  [[nodiscard]] std::string wrap(const char* code, const std::string& text) const {
    return colour ? "\x1b[" + std::string(code) + "m" + text + "\x1b[0m" : text;
  }
};

// Text from experts and logs must not be able to steer the terminal.
std::string harmless(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) ++i;
    out += c1 || (byte < 0x20 && byte != '\n') || byte == 0x7F ? '?' : text[i];
  }
  return out;
}

// Words filled into lines of `width` columns, every line after `indent`. Counts bytes that start a code point.
std::string filled(const std::string& text, const std::string& indent, int width) {
  std::string out;
  std::istringstream paragraphs(harmless(text));
  for (std::string paragraph; std::getline(paragraphs, paragraph);) {
    std::istringstream words(paragraph);
    std::string line;
    int columns = 0;
    for (std::string word; words >> word;) {
      const auto size = static_cast<int>(
          std::count_if(word.begin(), word.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
      if (columns > 0 && columns + 1 + size > width - static_cast<int>(indent.size())) {
        out += indent + line + "\n";
        line.clear();
        columns = 0;
      }
      line += (columns > 0 ? " " : "") + word;
      columns += size + (columns > 0 ? 1 : 0);
    }
    out += indent + line + "\n";
  }
  return out;
}

std::string cut(const std::string& text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  std::size_t end = bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "...";
}

class TextReport {
 public:
  TextReport(const Report& report, bool colour, int width) : report_(report), ink_{colour}, width_(std::max(width, 40)) {}

  std::string write() {
    head();
    scopes();
    experts();
    insights();
    problems();
    out_ << ink_.dim("report " + report_.id + ", " + std::to_string(report_.seconds).substr(0, 5) + " s") << "\n";
    return out_.str();
  }

 private:
  [[nodiscard]] std::string coloured(const std::optional<std::string>& verdict, const std::string& text) const {
    const auto& verdicts = report_.receipt.question.verdicts;
    if (!verdict) return ink_.yellow(text);
    if (*verdict == verdicts.front()) return ink_.green(text);
    return *verdict == verdicts.back() ? ink_.red(text) : ink_.yellow(text);
  }

  void head() {
    out_ << ink_.bold(harmless(report_.case_name)) << "  " << harmless(report_.question) << "\n\n";
    out_ << "  " << coloured(report_.consensus.verdict, verdict_word(report_)) << (report_.consensus.passed ? "  passed" : "")
         << "\n";
    out_ << filled(report_.consensus.reason, "  ", width_);
    out_ << "  confidence " << confidence_words(report_) << "; coverage " << percent(report_.consensus.coverage) << "; evidence "
         << evidence_words(report_) << "\n\n";
    if (!report_.consensus.consensus_text.empty()) out_ << filled(report_.consensus.consensus_text, "  ", width_) << "\n";
  }

  void scopes() {
    if (report_.consensus.scopes.empty()) return;
    out_ << ink_.bold("By scope") << "\n";
    std::size_t widest = 0;
    for (const auto& scope : report_.consensus.scopes) widest = std::max(widest, scope.scope.size());
    for (const auto& scope : report_.consensus.scopes) {
      const std::string word = scope.verdict.value_or(scope.confirmed ? "no verdict" : "unconfirmed");
      out_ << "  " << harmless(scope.scope) << std::string(widest - scope.scope.size() + 2, ' ')
           << coloured(scope.verdict, harmless(word));
      std::string names;
      for (const auto& voter : scope.voters) names += (names.empty() ? "" : ", ") + voter;
      if (!names.empty()) out_ << ink_.dim("  " + harmless(names));
      out_ << "\n";
    }
    out_ << "\n";
  }

  void experts() {
    out_ << ink_.bold("Experts") << "\n";
    for (const auto* response : reading_order(report_)) {
      out_ << "  " << ink_.bold(harmless(response->expert_name)) << "  ";
      if (response->status == consensus::Status::answered) {
        out_ << coloured(response->verdict, harmless(words_of_verdict(*response))) << ", " << percent(response->confidence)
             << " sure";
      } else {
        const bool calm = response->status == consensus::Status::abstained;
        const std::string word(consensus::status_name(response->status));
        out_ << (calm ? ink_.dim(word) : ink_.red(word));
      }
      out_ << "\n";
      if (!response->content.empty()) out_ << filled(cut(response->content, 1200), "    ", width_);
      if (response->error) out_ << filled(response->error->type + ": " + cut(response->error->message, 600), "    ", width_);
      for (const auto& claim : response->claims) claim_lines(claim);
    }
    out_ << "\n";
  }

  void claim_lines(const consensus::Claim& claim) {
    out_ << filled((claim.verified() ? "+ " : "? ") + cut(claim.text, 400) + (claim.verified() ? "" : " (not verified)"), "    ",
                   width_);
    std::size_t shown = 0;
    for (const auto& citation : claim.evidence) {
      if (++shown > 2) break;
      const bool found = citation.verified.value_or(false);
      out_ << "      " << ink_.dim(harmless(place_of(citation)) + (found ? "" : "  does not exist")) << "\n";
      if (found) out_ << "      " << ink_.dim(cut(harmless(citation.excerpt), static_cast<std::size_t>(width_) - 10)) << "\n";
    }
  }

  void insights() {
    const auto& consensus = report_.consensus;
    if (!consensus.dissenting_opinions.empty()) out_ << ink_.bold("Dissent") << "\n";
    for (const auto& dissent : consensus.dissenting_opinions) {
      std::string names;
      for (const auto& name : dissent.experts) names += (names.empty() ? "" : ", ") + name;
      out_ << filled(names + " in " + dissent.scope + ": " + dissent.verdict + ". " + cut(dissent.content, 400), "  ", width_);
    }
    if (!consensus.key_insights.empty()) out_ << ink_.bold("Insights") << "\n";
    for (const auto& insight : consensus.key_insights) out_ << filled("- " + insight.text, "  ", width_);
    if (!consensus.dissenting_opinions.empty() || !consensus.key_insights.empty()) out_ << "\n";
  }

  void problems() {
    if (report_.problems.empty()) return;
    constexpr std::size_t most = 20;
    out_ << ink_.bold("Problems") << "\n";
    for (std::size_t i = 0; i < std::min(most, report_.problems.size()); ++i) {
      out_ << filled(config::to_text(report_.problems[i]), "  ", width_);
    }
    if (report_.problems.size() > most) out_ << "  and " << report_.problems.size() - most << " more\n";
    out_ << "\n";
  }

  const Report& report_;
  Ink ink_;
  int width_;
  std::ostringstream out_;
};

}  // namespace

std::string render_text(const Report& report, bool colour, int width) { return TextReport(report, colour, width).write(); }

}  // namespace conclave
