#include <array>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "engine/case/render.h"
#include "engine/case/report_words.h"

namespace conclave {
namespace {

// One file, no scripts, nothing loaded from elsewhere; light and dark by the reader's system.
constexpr std::string_view style = R"(
:root{--ground:#fbfbfa;--card:#fff;--ink:#1c2024;--faint:#60646c;--line:#e2e3e6;--good:#18794e;--middling:#8a5a00;--bad:#c62a2f;--cell:62,99,221}
@media(prefers-color-scheme:dark){:root{--ground:#16181b;--card:#1f2226;--ink:#e8e9eb;--faint:#a0a4ab;--line:#33373d;--good:#4cc38a;--middling:#f1a10d;--bad:#ff8589;--cell:110,150,255}}
.conclave-report{background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif;margin:0;padding:24px}
.conclave-report main{max-width:960px;margin:0 auto}
.conclave-report h1{font-size:22px;margin:0}.conclave-report h2{font-size:17px;margin:28px 0 8px}
.conclave-report section,.conclave-report details{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 18px;margin:10px 0}
.conclave-report .verdict{font-size:30px;font-weight:700}.good{color:var(--good)}.middling{color:var(--middling)}.bad{color:var(--bad)}
.conclave-report .faint{color:var(--faint)}.conclave-report table{border-collapse:collapse;width:100%}
.conclave-report th,.conclave-report td{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
.conclave-report .matrix td{text-align:center;min-width:44px;padding:6px;border:1px solid var(--line)}
.conclave-report code{font:13px/1.45 ui-monospace,monospace;display:block;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--ground);border-radius:4px;padding:4px 8px;margin:3px 0}
.conclave-report a{color:inherit}.conclave-report section:target{border-color:var(--ink)}
.conclave-report ul{padding-left:20px;margin:6px 0}
)";

class HtmlReport {
 public:
  explicit HtmlReport(const Report& report) : report_(report) {}

  std::string write() {
    out_ << "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
            "content=\"width=device-width\"><title>"
         << escaped_markup(report_.case_name) << ": " << escaped_markup(verdict_word(report_)) << "</title><style>" << style
         << "</style></head><body class=\"conclave-report\"><main>\n";
    head();
    scopes();
    experts();
    matrix();
    lists();
    receipt();
    out_ << "</main></body></html>\n";
    return out_.str();
  }

 private:
  [[nodiscard]] std::string_view tone(const std::optional<std::string>& verdict) const {
    const auto& verdicts = report_.receipt.question.verdicts;
    if (!verdict) return "middling";
    if (*verdict == verdicts.front()) return "good";
    return *verdict == verdicts.back() ? "bad" : "middling";
  }

  void head() {
    out_ << "<h1>" << escaped_markup(report_.case_name) << "</h1><p class=\"faint\">" << escaped_markup(report_.question)
         << "</p><section><div class=\"verdict " << tone(report_.consensus.verdict) << "\">"
         << escaped_markup(verdict_word(report_)) << "</div><p>" << escaped_markup(report_.consensus.reason)
         << "</p><p class=\"faint\">confidence " << confidence_words(report_) << " · coverage "
         << percent(report_.consensus.coverage) << " · " << evidence_words(report_) << " · " << format_time(report_.started)
         << "</p>";
    statements();
    out_ << "</section>\n";
  }

  // What the circle says, with a way to whoever says it; reports of before there were statements have the text alone.
  void statements() {
    const auto& consensus = report_.consensus;
    if (consensus.statements.empty()) {
      if (!consensus.consensus_text.empty())
        out_ << "<p style=\"white-space:pre-line\">" << escaped_markup(consensus.consensus_text) << "</p>";
      return;
    }
    out_ << "<ul>";
    for (const auto& statement : consensus.statements) {
      const auto linked = [&](const std::string& expert) {
        const auto place = place_of_expert(report_, expert, statement.scope);
        if (!place) return escaped_markup(expert);
        return "<a href=\"#expert-" + std::to_string(*place + 1) + "\">" + escaped_markup(expert) + "</a>";
      };
      out_ << "<li style=\"white-space:pre-line\">" << escaped_markup(statement.text) << " <span class=\"faint\">"
           << speakers_of(statement, linked) << "</span></li>";
    }
    out_ << "</ul>";
  }

  void scopes() {
    if (report_.consensus.scopes.empty()) return;
    out_ << "<h2>By scope</h2><section><table><tr><th>scope</th><th>verdict</th><th>why</th></tr>";
    for (const auto& scope : report_.consensus.scopes) {
      out_ << "<tr><td>" << escaped_markup(scope.scope) << "</td><td class=\"" << tone(scope.verdict) << "\">"
           << escaped_markup(scope.verdict.value_or(scope.confirmed ? "none" : "unconfirmed")) << "</td><td>"
           << escaped_markup(scope.reason) << "</td></tr>";
    }
    out_ << "</table></section>\n";
  }

  void experts() {
    out_ << "<h2>Experts</h2>";
    std::size_t number = 0;
    for (const auto* response : reading_order(report_)) {
      const bool answered = response->status == consensus::Status::answered;
      out_ << "<section id=\"expert-" << ++number << "\"><b>" << escaped_markup(response->expert_name)
           << "</b> <span class=\"faint\">" << escaped_markup(response->scope) << "</span> ";
      if (answered) {
        out_ << "<span class=\"" << tone(response->verdict) << "\">" << escaped_markup(words_of_verdict(*response))
             << "</span> <span class=\"faint\">" << percent(response->confidence) << " sure, weight " << response->weight
             << "</span>";
      } else {
        out_ << "<span class=\"faint\">" << consensus::status_name(response->status) << "</span>";
      }
      if (!response->content.empty()) out_ << "<p>" << escaped_markup(response->content) << "</p>";
      if (response->error) error(*response->error);
      claims(*response);
      out_ << "</section>\n";
    }
  }

  void error(const consensus::ResponseError& error) {
    out_ << "<p class=\"bad\">" << escaped_markup(error.type + ": " + error.message) << "</p>";
    if (!error.traceback.empty())
      out_ << "<details><summary>Traceback</summary><code>" << escaped_markup(error.traceback) << "</code></details>";
  }

  void claims(const consensus::ExpertResponse& response) {
    if (response.claims.empty()) return;
    out_ << "<ul>";
    for (const auto& claim : response.claims) {
      out_ << "<li>" << escaped_markup(claim.text) << (claim.verified() ? "" : " <span class=\"middling\">(not verified)</span>");
      for (const auto& citation : claim.evidence) {
        out_ << "<div class=\"faint\">" << escaped_markup(place_of(citation));
        if (citation.verified.value_or(false)) {
          out_ << "<code>" << escaped_markup(citation.excerpt) << "</code></div>";
        } else {
          out_ << " <span class=\"bad\">does not exist</span></div>";
        }
      }
      out_ << "</li>";
    }
    out_ << "</ul>";
  }

  void matrix() {
    const auto& names = report_.consensus.matrix_experts;
    if (names.size() < 2) return;
    out_ << "<h2>Agreement</h2><section><table class=\"matrix\"><tr><th></th>";
    for (const auto& name : names) out_ << "<th>" << escaped_markup(name) << "</th>";
    out_ << "</tr>";
    for (std::size_t i = 0; i < names.size(); ++i) {
      out_ << "<tr><th>" << escaped_markup(names[i]) << "</th>";
      for (const double value : report_.consensus.agreement_matrix[i]) {
        std::array<char, 8> text{};
        std::snprintf(text.data(), text.size(), "%.2f", value);
        out_ << "<td style=\"background:rgba(var(--cell)," << std::lround(value * 60) << "%)\">" << text.data() << "</td>";
      }
      out_ << "</tr>";
    }
    out_ << "</table></section>\n";
  }

  void lists() {
    const auto& consensus = report_.consensus;
    if (!consensus.dissenting_opinions.empty()) {
      out_ << "<h2>Dissent</h2><section><ul>";
      for (const auto& dissent : consensus.dissenting_opinions) {
        out_ << "<li><b>" << escaped_markup(dissent.scope + ": " + dissent.verdict) << "</b> " << escaped_markup(dissent.content)
             << "</li>";
      }
      out_ << "</ul></section>\n";
    }
    if (!consensus.key_insights.empty()) {
      out_ << "<h2>Insights</h2><section><ul>";
      for (const auto& insight : consensus.key_insights) out_ << "<li>" << escaped_markup(insight.text) << "</li>";
      out_ << "</ul></section>\n";
    }
    if (!report_.problems.empty()) {
      out_ << "<h2>Problems</h2><section><ul>";
      for (const auto& problem : report_.problems) out_ << "<li>" << escaped_markup(config::to_text(problem)) << "</li>";
      out_ << "</ul></section>\n";
    }
  }

  void receipt() {
    out_ << "<h2>Receipt</h2><details><summary>report " << escaped_markup(report_.id)
         << "</summary><table><tr><th>input</th><th>bytes</th><th>SHA-256</th></tr>";
    for (const auto& input : report_.receipt.inputs) {
      out_ << "<tr><td>" << escaped_markup(input.path) << "</td><td>" << input.bytes << "</td><td><code>"
           << escaped_markup(input.sha256) << "</code></td></tr>";
    }
    for (const auto& plugin : report_.receipt.plugins) {
      out_ << "<tr><td>plugin " << escaped_markup(plugin.name + " " + plugin.version) << "</td><td></td><td><code>"
           << escaped_markup(plugin.sha256) << "</code></td></tr>";
    }
    out_ << "</table></details>\n";
  }

  const Report& report_;
  std::ostringstream out_;
};

}  // namespace

std::string render_html(const Report& report, bool redacted) {
  return redacted ? HtmlReport(redacted_copy(report)).write() : HtmlReport(report).write();
}

}  // namespace conclave
