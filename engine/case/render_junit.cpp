#include <sstream>

#include "engine/case/render.h"
#include "engine/case/report_words.h"

namespace conclave {
namespace {

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
  out << "    <testcase classname=\"" << escaped_markup(response.scope) << "\" name=\"" << escaped_markup(response.expert_name)
      << "\" time=\"" << response.seconds << "\">";
  if (response.status == Status::abstained) {
    out << "<skipped message=\"" << escaped_markup(response.content) << "\"/>";
  } else if (response.status != Status::answered) {
    const std::string message = response.error ? response.error->type + ": " + response.error->message : std::string{};
    out << "<error type=\"" << consensus::status_name(response.status) << "\" message=\"" << escaped_markup(message) << "\">"
        << (response.error ? escaped_markup(response.error->traceback) : std::string{}) << "</error>";
  } else if (response.verdict && !passes(report, *response.verdict)) {
    out << "<failure type=\"" << escaped_markup(*response.verdict) << "\" message=\"" << escaped_markup(response.content)
        << "\">";
    for (const auto& claim : response.claims) {
      out << escaped_markup(claim.text) << "\n";
      for (const auto& citation : claim.evidence)
        out << "  " << escaped_markup(place_of(citation) + "  " + citation.excerpt) << "\n";
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
    cases << "<failure type=\"" << escaped_markup(verdict_word(report)) << "\" message=\""
          << escaped_markup(report.consensus.reason) << "\"/>";
  } else if (report.exit_code() == 3) {
    cases << "<error type=\"no consensus\" message=\"" << escaped_markup(report.consensus.reason) << "\"/>";
  }
  cases << "</testcase>\n";

  std::ostringstream out;
  out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"" << escaped_markup(report.case_name)
      << "\" tests=\"" << report.responses.size() + 1 << "\" failures=\"" << failures << "\" errors=\"" << errors
      << "\" skipped=\"" << skipped << "\" time=\"" << report.seconds << "\" timestamp=\"" << format_time(report.started)
      << "\">\n"
      << cases.str() << "  </testsuite>\n</testsuites>\n";
  return out.str();
}

}  // namespace conclave
