// What hooks may change of what they are given, and how that is said in the receipt. Changes are JSON objects that hold the
// changed fields and nothing else; null: none. Whoever made them is not trusted: kind script for what may not be changed.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "engine/case/evidence.h"
#include "engine/case/report.h"

namespace conclave {

template <class T>
struct Changed {
  T value;
  std::string change;  // "changed api (detail), web (state)"; empty: nothing
};

// One object per service, as in a report: name, target, expect, state, latency_ms, address, detail.
[[nodiscard]] nlohmann::json services_of(const Evidence& evidence);
// on_scan_result: `changes` has one item per service, with state, latency_ms and detail.
[[nodiscard]] Result<Changed<EvidencePtr>> with_service_changes(const EvidencePtr& evidence, const nlohmann::json& changes);
inline constexpr std::size_t most_detail_bytes = 4096;
// Whether these are changes of one service, as above. Kind circle names what is wrong.
[[nodiscard]] Result<void> check_service_change(const nlohmann::json& fields);
// on_response: one item per response, with content, verdict, confidence, claims and metadata. Those that did not answer cannot be
// changed.
[[nodiscard]] Result<Changed<std::vector<consensus::ExpertResponse>>> with_response_changes(
    std::vector<consensus::ExpertResponse> responses, const nlohmann::json& changes);

// on_case_opened and on_consensus add notes to the problems of the report: a list of texts, at most 100 of 10,000 bytes.
[[nodiscard]] Result<Changed<std::vector<config::Problem>>> notes_of(const std::string& plugin, const nlohmann::json& texts);

}  // namespace conclave
