// The XML that tools around nmap read (nmap.dtd, version 1.05): one host for each address, with its ports.
#include <algorithm>
#include <map>
#include <utility>

#include "app/cli/scan_output.h"
#include "engine/base/text.h"
#include "engine/case/report_words.h"
#include "engine/scan/probe/facts.h"

namespace conclave::cli {
namespace {

using scan::State;

std::string attribute(const std::string& text) {
  std::string out = escaped_markup(valid_utf8(text));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return out;
}

// State and reason in nmap's words; "unknown" where it has none for what kept this machine from finding out.
std::pair<std::string_view, std::string_view> words_for(State state) {
  switch (state) {
    case State::open:
      return {"open", "syn-ack"};
    case State::closed:
      return {"closed", "conn-refused"};
    case State::rejected:
      return {"filtered", "admin-prohibited"};
    case State::filtered:
      return {"filtered", "no-response"};
    case State::unreachable:
      return {"filtered", "host-unreach"};
    default:
      return {"unknown", "localhost-response"};
  }
}

std::string service_of(const scan::ScanResult& result) {
  if (!result.facts || result.facts->service.name.empty()) return {};
  const scan::Service& service = result.facts->service;
  std::string out = "<service name=\"" + attribute(service.name) + "\"";
  if (!service.product.empty()) out += " product=\"" + attribute(service.product) + "\"";
  if (!service.version.empty()) out += " version=\"" + attribute(service.version) + "\"";
  if (result.facts->tls && result.facts->tls->start_tls.empty()) out += " tunnel=\"ssl\"";
  return out + " method=\"probed\" conf=\"10\"/>";
}

bool shows_host(State state) { return state == State::open || state == State::closed; }

}  // namespace

std::string scan_nmap_xml(std::span<const scan::ScanResult> results, const ScanSummary& summary) {
  std::map<std::pair<std::string, std::string>, std::vector<const scan::ScanResult*>> hosts;
  TimeUs last = 0;
  for (const scan::ScanResult& result : results) {
    hosts[{result.address, result.target.host}].push_back(&result);
    last = std::max(last, result.time);
  }
  const auto end = std::to_string(last / us_per_second);
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<nmaprun scanner=\"conclave\" version=\"" +
                    attribute(CONCLAVE_VERSION) + "\" start=\"" +
                    std::to_string(last / us_per_second - static_cast<TimeUs>(summary.seconds)) +
                    "\" xmloutputversion=\"1.05\">\n";
  std::size_t up = 0;
  for (const auto& [place, found] : hosts) {
    const auto& [address, name] = place;
    const bool is_up = std::ranges::any_of(found, [](const auto* each) { return shows_host(each->state); });
    up += is_up ? 1 : 0;
    out += std::string("<host><status state=\"") + (is_up ? "up" : "unknown") + "\" reason=\"" +
           (is_up ? "conn-refused" : "no-response") + "\"/>\n";
    if (!address.empty())
      out += "<address addr=\"" + attribute(address) + "\" addrtype=\"" +
             (address.find(':') == std::string::npos ? "ipv4" : "ipv6") + "\"/>\n";
    if (name != address) out += "<hostnames><hostname name=\"" + attribute(name) + "\" type=\"user\"/></hostnames>\n";
    out += "<ports>\n";
    for (const scan::ScanResult* result : found) {
      const auto [state, reason] = words_for(result->state);
      out += "<port protocol=\"tcp\" portid=\"" + std::to_string(result->target.port) + "\"><state state=\"" +
             std::string(state) + "\" reason=\"" + std::string(reason) + "\" reason_ttl=\"0\"/>" + service_of(*result) +
             "</port>\n";
    }
    out += "</ports></host>\n";
  }
  return out + "<runstats><finished time=\"" + end + "\" elapsed=\"" + nlohmann::json(summary.seconds).dump() + "\" exit=\"" +
         (summary.interrupted ? "error" : "success") + "\"/><hosts up=\"" + std::to_string(up) + "\" down=\"" +
         std::to_string(hosts.size() - up) + "\" total=\"" + std::to_string(hosts.size()) + "\"/></runstats>\n</nmaprun>\n";
}

}  // namespace conclave::cli
