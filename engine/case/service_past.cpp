#include "engine/case/service_past.h"

#include <algorithm>
#include <cmath>

#include "engine/case/scan_history.h"
#include "engine/scan/differences.h"

namespace conclave {
namespace {

struct Judged {
  std::string flaw;  // empty: kept, or no bound
  bool alone = false;
};

// Of a service that is as expected otherwise: what is down has no latency that could be too long.
Judged judged(const scan::Target& target, const scan::Observation& now, const std::optional<scan::History>& history) {
  if (!target.p95_ms || now.state != target.expect.value_or(scan::State::open)) return {};
  const auto known = history ? history->p95_ms : std::nullopt;
  std::string flaw = scan::p95_flaw(target.p95_ms, known);
  const std::size_t count = history ? history->latencies : 0;
  if (!flaw.empty() && count > 0) flaw += " (of " + std::to_string(count) + (count == 1 ? " scan)" : " scans)");
  return {std::move(flaw), count <= 1};
}

}  // namespace

Result<ServicesPast> past_of_services(const store::Store& history, const Case& subject) {
  ServicesPast past;
  past.reserve(subject.services.size());
  for (const scan::Target& service : subject.services) {
    auto known = observations_of(history, service);
    if (!known) return tl::unexpected(std::move(known.error()));
    past.push_back(std::move(*known));
  }
  return past;
}

Result<RememberedServices> with_past_of_services(const Case& subject, const EvidencePtr& evidence, const ServicesPast& past) {
  RememberedServices out{evidence, {}};
  const std::size_t rows = evidence->rows("services.name");
  if (rows == 0) return out;
  const auto latencies = evidence->numbers("services.latency_ms");
  std::vector<std::string> histories;
  std::vector<std::string> unmet;
  for (std::size_t row = 0; row < rows; ++row) {
    scan::Observation now{now_us(),
                          scan::state_from_name(evidence->text("services.state", row)).value_or(scan::State::cancelled)};
    if (row < latencies.size() && !std::isnan(latencies[row])) now.latency_ms = latencies[row];
    std::vector<scan::Observation> all = row < past.size() ? past[row] : std::vector<scan::Observation>();
    all.push_back(now);
    const auto history = scan::history_of(all);
    histories.push_back(history ? scan::to_json(*history).dump() : std::string());
    std::string& flaws = unmet.emplace_back(evidence->text("services.unmet", row));
    if (row >= subject.services.size()) continue;
    const scan::Target& target = subject.services[row];
    const Judged bound = judged(target, now, history);
    if (!bound.flaw.empty()) flaws.append(flaws.empty() ? "" : "; ").append(bound.flaw);
    if (bound.alone)
      out.problems.push_back({config::Severity::note,
                              "few-scans",
                              "no earlier scan of it is remembered: p95_ms was judged by this one alone",
                              {},
                              {target.name, 0, 0}});
  }
  EvidenceBuilder builder;
  builder.add_texts("services.history", histories);
  builder.add_texts("services.unmet", unmet);
  builder.add_missing_from(*evidence);
  auto sealed = std::move(builder).seal();
  if (!sealed) return tl::unexpected(std::move(sealed.error()));
  out.evidence = std::move(*sealed);
  return out;
}

}  // namespace conclave
