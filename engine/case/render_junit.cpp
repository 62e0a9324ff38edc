#include <sstream>

#include "engine/case/render.h"
#include "engine/case/report_words.h"

namespace conclave {
namespace {

// XML 1.0 text: reserved characters escaped, control characters that XML forbids replaced.
std::string xml(const std::string& text) {
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

bool passes(const Report& report, const std::string& verdict) {
  const auto& question = report.receipt.question;
  if (question.gate.pass.empty()) return verdict == question.verdicts.front();
  for (const std::string& label : question.gate.pass) {
    if (label == verdict) return true;
  }
  return false;
}

void write_case(std::ostringstream& out, const Report& report, const consensus::ExpertResponse& response) {
  using consensus::Status;
  out << "    <testcase classname=\"" << xml(response.scope) << "\" name=\"" << xml(response.expert_name) << "\" time=\""
      << response.seconds << "\">";
  if (response.status == Status::abstained) {
    out << "<skipped message=\"" << xml(response.content) << "\"/>";
  } else if (response.status != Status::answered) {
    const std::string message = response.error ? response.error->type + ": " + response.error->message : std::string{};
    out << "<error type=\"" << consensus::status_name(response.status) << "\" message=\"" << xml(message) << "\">"
        << (response.error ? xml(response.error->traceback) : std::string{}) << "</error>";
  } else if (response.verdict && !passes(report, *response.verdict)) {
    out << "<failure type=\"" << xml(*response.verdict) << "\" message=\"" << xml(response.content) << "\">";
    for (const auto& claim : response.claims) {
      out << xml(claim.text) << "\n";
      for (const auto& citation : claim.evidence) out << "  " << xml(place_of(citation) + "  " + citation.excerpt) << "\n";
    }
    out << "</failure>";
  }
  out << "</testcase>\n";
}

}  // namespace

std::string render_junit(const Report& report) {
  using consensus::Status;
  std::size_t failures = report.exit_code() == 1 ? 1 : 0;
  std::size_t errors = report.exit_code() == 3 ? 1 : 0;
  std::size_t skipped = 0;
  std::ostringstream cases;
  for (const auto& response : report.responses) {
    write_case(cases, report, response);
    if (response.status == Status::abstained) {
      ++skipped;
    } else if (response.status != Status::answered) {
      ++errors;
    } else if (response.verdict && !passes(report, *response.verdict)) {
      ++failures;
    }
  }
  cases << "    <testcase classname=\"conclave\" name=\"gate\" time=\"" << report.seconds << "\">";
  if (report.exit_code() == 1) {
    cases << "<failure type=\"" << xml(verdict_word(report)) << "\" message=\"" << xml(report.consensus.reason) << "\"/>";
  } else if (report.exit_code() == 3) {
    cases << "<error type=\"no consensus\" message=\"" << xml(report.consensus.reason) << "\"/>";
  }
  cases << "</testcase>\n";

  std::ostringstream out;
  out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"" << xml(report.case_name)
      << "\" tests=\"" << report.responses.size() + 1 << "\" failures=\"" << failures << "\" errors=\"" << errors
      << "\" skipped=\"" << skipped << "\" time=\"" << report.seconds << "\" timestamp=\"" << format_time(report.started)
      << "\">\n"
      << cases.str() << "  </testsuite>\n</testsuites>\n";
  return out.str();
}

}  // namespace conclave
