#include "app/cli/scan_output.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/base/time.h"
#include "engine/scan/probe/facts.h"

namespace conclave::cli {
namespace {

using nlohmann::json;
using scan::State;

constexpr std::size_t most_rows_of_a_state = 50;

json state_json(const std::optional<State>& state) { return state ? json(scan::state_name(*state)) : json(nullptr); }

// Results are written as text at once: as a tree, those of a large scan would take longer and more memory than the scan itself.
std::string json_of(std::string_view text) {
  const auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
  if (!std::ranges::all_of(text, is_plain)) return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
  return '"' + std::string(text) + '"';
}

std::string json_of(const std::optional<double>& number) { return number ? json(*number).dump() : "null"; }

std::string address_json(const scan::AddressResult& result) {
  return R"({"address":)" + json_of(result.address) + R"(,"state":)" + json_of(scan::state_name(result.state)) +
         R"(,"latency_ms":)" + json_of(result.latency_ms) + R"(,"detail":)" + json_of(result.detail) + "}";
}

std::string result_json(const scan::ScanResult& result) {
  std::string addresses;
  for (const scan::AddressResult& each : result.addresses) addresses += (addresses.empty() ? "" : ",") + address_json(each);
  const std::string detail = json_of(result.detail);
  const scan::Facts* const facts = result.facts.get();
  return R"({"target":)" + json_of(result.target.name) + R"(,"host":)" + json_of(result.target.host) + R"(,"address":)" +
         json_of(result.address) + R"(,"port":)" + std::to_string(result.target.port) + R"(,"state":)" +
         json_of(scan::state_name(result.state)) + R"(,"expect":)" + state_json(result.target.expect).dump() +
         R"(,"latency_ms":)" + json_of(result.latency_ms) + R"(,"detail":)" + detail + R"(,"error":)" +
         (result.state == State::open ? "null" : detail) + R"(,"time":)" + json_of(format_time(result.time)) +
         R"(,"addresses":[)" + addresses + R"(],"p95_bound_ms":)" + json_of(result.target.p95_ms) + R"(,"history":)" +
         (result.history ? to_json(*result.history).dump() : "null") + R"(,"service":)" +
         (facts ? scan::to_json(facts->service).dump() : "null") + R"(,"tls":)" +
         (facts && facts->tls ? scan::to_json(*facts->tls).dump() : "null") + R"(,"http":)" +
         (facts && facts->http ? scan::to_json(*facts->http).dump() : "null") + R"(,"unmet":)" +
         (facts ? json(facts->unmet).dump() : "[]") + "}";
}

std::map<State, std::size_t> count_states(std::span<const scan::ScanResult> results) {
  std::map<State, std::size_t> out;
  for (const scan::ScanResult& result : results) ++out[result.state];
  return out;
}

// P95, UPTIME and SINCE.
std::vector<Table::Cell> history_cells(const scan::ScanResult& result) {
  if (!result.history) return {{}, {}, {}};
  const scan::History& history = *result.history;
  const std::string uptime = percent(history.uptime) + " of " + grouped(history.scans) + (history.flapping ? ", flapping" : "");
  return {{milliseconds(history.p95_ms), Colour::none, true},
          {uptime, history.flapping ? Colour::yellow : Colour::none},
          {since_words(history)}};
}

// What speaks there, or the cause of its state, and then what should be and is not.
std::string detail_of(const scan::ScanResult& result) {
  std::string out = result.facts ? scan::summary_of(*result.facts) : result.detail;
  const auto add = [&out](const std::string& flaw) { out += (out.empty() ? "" : "; ") + flaw; };
  if (result.facts) std::ranges::for_each(result.facts->unmet, add);
  if (const auto& bound = result.target.p95_ms; bound && result.state == result.target.expect)
    if (const std::string flaw = scan::p95_flaw(bound, scan::p95_ms(result)); !flaw.empty()) add(flaw);
  return out;
}

json diff_json(const Baseline& baseline, std::span<const scan::ScanResult> results) {
  return {{"scan", baseline.scan},
          {"started", format_time(baseline.started)},
          {"changes", differences_json(scan::differences(baseline.results, results))}};
}

// Invalid UTF-8 and control characters cannot come here: names of targets are checked, details are texts of this program, and
// what servers said was cleaned.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

// What a server said of itself: a spreadsheet would take some of it for formulas, and run them.
std::string csv_said(const std::string& text) {
  const bool is_formula = !text.empty() && std::string_view("=+-@").find(text.front()) != std::string_view::npos;
  return csv_field(is_formula ? "'" + text : text);
}

// The columns from `service` on.
std::string csv_facts(const scan::Facts* facts) {
  const scan::Facts none;
  const scan::Facts& known = facts != nullptr ? *facts : none;
  const scan::Tls* tls = known.tls ? &*known.tls : nullptr;
  const scan::Http* http = known.http ? &*known.http : nullptr;
  const bool shown = tls != nullptr && !tls->chain.empty();  // a certificate
  std::string flaws;
  for (const std::string& flaw : known.unmet) flaws.append(flaws.empty() ? "" : "; ").append(flaw);
  const std::vector<std::string> cells = {csv_said(known.service.name),
                                          csv_said(known.service.product),
                                          csv_said(known.service.version),
                                          tls != nullptr ? csv_said(tls->version) : "",
                                          tls != nullptr && tls->days_left ? std::to_string(*tls->days_left) : "",
                                          shown ? format_time(tls->chain.front().not_after) : "",
                                          tls == nullptr  ? ""
                                          : tls->verified ? "true"
                                                          : "false",
                                          tls != nullptr ? csv_said(tls->error.empty() ? tls->verify_error : tls->error) : "",
                                          http != nullptr && http->status != 0 ? std::to_string(http->status) : "",
                                          http != nullptr ? json(http->total_ms).dump() : "",
                                          http != nullptr ? csv_said(http->server) : "",
                                          http != nullptr ? csv_said(http->redirect) : "",
                                          csv_said(flaws)};
  std::string out;
  for (const std::string& cell : cells) out += (&cell == &cells.front() ? "" : ",") + cell;
  return out;
}

}  // namespace

std::optional<bool> holds(const scan::ScanResult& result, const ScanSummary& summary) {
  if (summary.expectations_given) return scan::as_expected(result);
  return result.state == State::open;
}

bool all_hold(std::span<const scan::ScanResult> results, const ScanSummary& summary) {
  return std::ranges::all_of(results, [&](const auto& each) { return holds(each, summary).value_or(true); });
}

Colour colour_of(State state) {
  switch (state) {
    case State::open:
      return Colour::green;
    case State::filtered:
    case State::cancelled:
    case State::suspect:
    case State::local_error:
      return Colour::yellow;
    default:
      return Colour::red;
  }
}

std::string milliseconds(const std::optional<double>& latency) {
  if (!latency) return "";
  const auto hundredths = std::llround(*latency * 100);
  return std::to_string(hundredths / 100) + "." + (hundredths % 100 < 10 ? "0" : "") + std::to_string(hundredths % 100) + " ms";
}

std::string percent(double share) {
  const auto thousandths = std::llround(share * 1000);
  return std::to_string(thousandths / 10) + "." + std::to_string(thousandths % 10) + "%";
}

std::string since_words(const scan::History& history) {
  return (history.up ? "up since " : "down since ") + std::string(history.since_known ? "" : "before ") +
         human_time(history.since);
}

std::string scan_table(std::span<const scan::ScanResult> results, const ScanSummary& summary, bool colour) {
  const auto counts = count_states(results);
  const auto is_folded = [&](const scan::ScanResult& result) {
    return result.state != State::open && !result.target.expect && counts.at(result.state) > most_rows_of_a_state;
  };
  std::vector<std::string> head = {"SERVICE", "STATE", "LATENCY", "ADDRESS", "DETAIL"};
  if (summary.expectations_given) head.insert(head.begin() + 2, "EXPECTED");
  const bool remembered = std::ranges::any_of(results, [](const auto& each) { return each.history && each.history->scans > 1; });
  if (remembered) head.insert(head.end() - 2, {"P95", "UPTIME", "SINCE"});
  Table table(head);
  std::map<State, std::size_t> folded;
  for (const scan::ScanResult& result : results) {
    if (is_folded(result)) {
      ++folded[result.state];
      continue;
    }
    std::vector<Table::Cell> row = {{result.target.name},
                                    {std::string(scan::state_name(result.state)), colour_of(result.state)},
                                    {milliseconds(result.latency_ms), Colour::none, true},
                                    {result.address},
                                    {detail_of(result)}};
    if (remembered) {
      auto cells = history_cells(result);
      row.insert(row.end() - 2, std::make_move_iterator(cells.begin()), std::make_move_iterator(cells.end()));
    }
    if (summary.expectations_given) {
      const auto good = scan::as_expected(result);
      row.insert(row.begin() + 2, {result.target.expect ? std::string(scan::state_name(*result.target.expect)) : "",
                                   good.value_or(true) ? Colour::none : Colour::red});
    }
    table.add(std::move(row));
  }
  std::string out = table.text(colour);
  for (const auto& [state, count] : folded)
    out += grouped(count) + " more " + painted(scan::state_name(state), colour_of(state), colour) + "\n";
  if (summary.baseline != nullptr) {
    const auto changes = scan::differences(summary.baseline->results, results);
    out += (changes.empty() ? "Nothing changed since scan " : "Changed since scan ") + std::to_string(summary.baseline->scan) +
           " of " + human_time(summary.baseline->started) + (changes.empty() ? "\n" : ":\n") + differences_text(changes, colour);
  }
  return out;
}

std::string scan_json(std::span<const scan::ScanResult> results, const ScanSummary& summary, std::string_view separator) {
  auto states = json::object();
  for (const auto& [state, count] : count_states(results)) states[std::string(scan::state_name(state))] = count;
  const auto unexpected = std::ranges::count_if(results, [&](const auto& each) { return !holds(each, summary).value_or(true); });
  const json numbers = {{"targets", results.size()},          {"states", states},
                        {"unexpected", unexpected},           {"passed", unexpected == 0 && !summary.interrupted},
                        {"interrupted", summary.interrupted}, {"seconds", summary.seconds}};
  std::string out = R"({"results":[)";
  for (const scan::ScanResult& result : results) {
    out += &result == &results.front() ? "" : ",";
    (out += separator) += result_json(result);
  }
  ((out += "],") += separator) += R"("summary":)" + numbers.dump();
  out += R"(,"scan":)" + (summary.scan ? std::to_string(*summary.scan) : "null") + R"(,"diff":)" +
         (summary.baseline != nullptr ? diff_json(*summary.baseline, results).dump() : "null") + "}\n";
  return out;
}

std::string scan_csv(std::span<const scan::ScanResult> results) {
  std::string out =
      "target,host,address,port,state,expect,latency_ms,time,detail,service,product,version,tls_version,tls_days_left,"
      "tls_not_after,tls_verified,tls_error,http_status,http_ms,http_server,http_redirect,unmet\r\n";
  for (const scan::ScanResult& result : results) {
    const std::vector<std::string> cells = {csv_field(result.target.name),
                                            csv_field(result.target.host),
                                            csv_field(result.address),
                                            std::to_string(result.target.port),
                                            std::string(scan::state_name(result.state)),
                                            result.target.expect ? std::string(scan::state_name(*result.target.expect)) : "",
                                            result.latency_ms ? json(*result.latency_ms).dump() : "",
                                            format_time(result.time),
                                            csv_field(result.detail)};
    for (const std::string& cell : cells) out += cell + ",";
    out += csv_facts(result.facts.get()) + "\r\n";
  }
  return out;
}

std::string differences_text(std::span<const scan::Difference> differences, bool colour) {
  std::string out;
  const auto name = [&](const std::optional<State>& state) {
    return state ? painted(scan::state_name(*state), colour_of(*state), colour) : std::string("not scanned");
  };
  for (const scan::Difference& each : differences)
    out += harmless(each.target.name) + ": " + name(each.before) + " -> " + name(each.after) +
           (each.detail.empty() ? "" : "  " + harmless(each.detail)) + "\n";
  return out;
}

json differences_json(std::span<const scan::Difference> differences) {
  auto all = json::array();
  for (const scan::Difference& each : differences) {
    all.push_back({{"target", each.target.name},
                   {"host", each.target.host},
                   {"port", each.target.port},
                   {"before", state_json(each.before)},
                   {"after", state_json(each.after)},
                   {"detail", each.detail}});
  }
  return all;
}

}  // namespace conclave::cli
