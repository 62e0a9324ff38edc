#include "engine/case/hook_changes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/base/text.h"
#include "engine/scan/scanner.h"

namespace conclave {
namespace {

using consensus::ExpertResponse;
using nlohmann::json;

constexpr std::array<std::string_view, 3> service_fields{"state", "latency_ms", "detail"};
constexpr std::array<std::string_view, 5> response_fields{"content", "verdict", "confidence", "claims", "metadata"};
constexpr std::size_t most_notes = 100;
constexpr std::size_t longest_note = 10'000;

std::string target_of(const Evidence& evidence, std::size_t row) {
  const std::string host(evidence.text("services.host", row));
  const std::string port = std::to_string(evidence.integers("services.port")[row]);
  return host.find(':') == std::string::npos ? host + ":" + port : "[" + host + "]:" + port;
}

tl::unexpected<Error> refused(const std::string& why) { return fail(ErrorKind::circle, why); }

// Calls `apply(i, changes of it)` for each that has some; the words for the receipt.
template <std::size_t N, class NameOf, class Apply>
Result<std::string> apply_each(const json& changes, std::size_t count, const std::array<std::string_view, N>& fields,
                               const NameOf& name_of, const Apply& apply) {
  if (!changes.is_array() || changes.size() != count) return refused("the hook answers for another number of them");
  std::string words;
  for (std::size_t i = 0; i < count; ++i) {
    const json& one = changes[i];
    if (one.is_null() || (one.is_object() && one.empty())) continue;
    if (!one.is_object()) return refused("the change of " + name_of(i) + " is no object");
    std::string names;
    for (const auto& [field, value] : one.items()) {
      if (std::find(fields.begin(), fields.end(), field) == fields.end())
        return refused("a hook may not change '" + valid_utf8(field) + "' of " + name_of(i));
      names += (names.empty() ? "" : ", ") + field;
    }
    if (Result<void> applied = apply(i, one); !applied) return tl::unexpected(std::move(applied.error()));
    words += (words.empty() ? "changed " : ", ") + name_of(i) + " (" + names + ")";
  }
  return words;
}

// The columns of services that may change.
struct ServiceColumns {
  explicit ServiceColumns(const Evidence& evidence) {
    const auto numbers = evidence.numbers("services.latency_ms");
    latency.assign(numbers.begin(), numbers.end());
    for (std::size_t row = 0; row < latency.size(); ++row) {
      state.emplace_back(evidence.text("services.state", row));
      detail.emplace_back(evidence.text("services.detail", row));
    }
  }
  Result<void> change(std::size_t row, const json& fields) {
    if (auto valid = check_service_change(fields); !valid) return valid;
    if (const auto value = fields.find("state"); value != fields.end()) state[row] = value->get<std::string>();
    if (const auto value = fields.find("detail"); value != fields.end()) detail[row] = value->get<std::string>();
    if (const auto value = fields.find("latency_ms"); value != fields.end())
      latency[row] = value->is_null() ? std::numeric_limits<double>::quiet_NaN() : value->get<double>();
    return {};
  }
  std::vector<std::string> state;
  std::vector<std::string> detail;
  std::vector<double> latency;
};

Result<void> change_response(ExpertResponse& response, const json& fields) {
  if (response.status != consensus::Status::answered) return refused("a hook may not change what did not answer");
  json whole = consensus::to_json(response);
  whole.update(fields);
  auto changed = consensus::response_from_json(whole);
  if (!changed) return refused(changed.error().text());
  if (auto valid = consensus::validate(*changed); !valid) return refused(valid.error().text());
  response = std::move(*changed);
  return {};
}

}  // namespace

Result<void> check_service_change(const json& fields) {
  if (!fields.is_object()) return refused("changes of a service are no object");
  for (const auto& [field, value] : fields.items()) {
    if (std::find(service_fields.begin(), service_fields.end(), field) == service_fields.end())
      return refused("'" + valid_utf8(field) + "' of a service may not be changed");
  }
  if (const auto value = fields.find("state"); value != fields.end()) {
    if (!value->is_string() || !scan::state_from_name(value->get_ref<const std::string&>()))
      return refused("state must be one of those that a scan knows, not " +
                     value->dump(-1, ' ', false, json::error_handler_t::replace));
  }
  if (const auto value = fields.find("detail"); value != fields.end()) {
    if (!value->is_string()) return refused("detail must be text");
    if (value->get_ref<const std::string&>().size() > most_detail_bytes)
      return refused("detail must not be longer than " + std::to_string(most_detail_bytes) + " bytes");
  }
  if (const auto value = fields.find("latency_ms"); value != fields.end() && !value->is_null()) {
    const double number = value->is_number() ? value->get<double>() : -1;
    if (!(number >= 0) || std::isinf(number)) return refused("latency_ms must be a number of 0 or more, or nothing");
  }
  return {};
}

json services_of(const Evidence& evidence) {
  auto services = json::array();
  const auto latency = evidence.numbers("services.latency_ms");
  for (std::size_t row = 0; row < latency.size(); ++row) {
    const json facts = json::parse(evidence.text("services.facts", row), nullptr, false);
    const json history = json::parse(evidence.text("services.history", row), nullptr, false);
    const auto fact = [&](const char* name) { return facts.is_object() ? facts.value(name, json(nullptr)) : json(nullptr); };
    services.push_back({{"name", evidence.text("services.name", row)},
                        {"target", target_of(evidence, row)},
                        {"expect", evidence.text("services.expect", row)},
                        {"state", evidence.text("services.state", row)},
                        {"latency_ms", std::isnan(latency[row]) ? json(nullptr) : json(latency[row])},
                        {"address", evidence.text("services.address", row)},
                        {"detail", evidence.text("services.detail", row)},
                        {"service", fact("service")},
                        {"tls", fact("tls")},
                        {"http", fact("http")},
                        {"unmet", evidence.text("services.unmet", row)},
                        {"history", history.is_object() ? history : json(nullptr)}});
  }
  return services;
}

Result<Changed<EvidencePtr>> with_service_changes(const EvidencePtr& evidence, const json& changes) {
  ServiceColumns columns(*evidence);
  auto words = apply_each(
      changes, columns.latency.size(), service_fields,
      [&](std::size_t row) { return valid_utf8(evidence->text("services.name", row)); },
      [&](std::size_t row, const json& fields) { return columns.change(row, fields); });
  if (!words) return tl::unexpected(std::move(words.error()));
  if (words->empty()) return Changed<EvidencePtr>{evidence, {}};
  EvidenceBuilder builder;
  builder.add_texts("services.state", columns.state);
  builder.add_texts("services.detail", columns.detail);
  builder.add_numbers("services.latency_ms", columns.latency);
  builder.add_missing_from(*evidence);
  auto sealed = std::move(builder).seal();
  if (!sealed) return tl::unexpected(std::move(sealed.error()));
  return Changed<EvidencePtr>{std::move(*sealed), std::move(*words)};
}

Result<Changed<std::vector<ExpertResponse>>> with_response_changes(std::vector<ExpertResponse> responses, const json& changes) {
  auto words = apply_each(
      changes, responses.size(), response_fields, [&](std::size_t i) { return valid_utf8(responses[i].expert_name); },
      [&](std::size_t i, const json& fields) { return change_response(responses[i], fields); });
  if (!words) return tl::unexpected(std::move(words.error()));
  return Changed<std::vector<ExpertResponse>>{std::move(responses), std::move(*words)};
}

Result<Changed<std::vector<config::Problem>>> notes_of(const std::string& plugin, const json& texts) {
  Changed<std::vector<config::Problem>> notes;
  if (texts.is_null()) return notes;
  if (!texts.is_array() || texts.size() > most_notes) return refused("a hook returns at most 100 notes");
  for (const json& text : texts) {
    if (!text.is_string() || text.get_ref<const std::string&>().size() > longest_note)
      return refused("a note must be text of at most 10,000 bytes");
    notes.value.push_back(
        {config::Severity::note, "hook-note", plugin + ": " + valid_utf8(text.get_ref<const std::string&>()), {}, {}});
  }
  if (!notes.value.empty())
    notes.change = "added " + std::to_string(notes.value.size()) + (notes.value.size() == 1 ? " note" : " notes");
  return notes;
}

}  // namespace conclave
