// The words and numbers all renderings of a report share.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/case/report.h"

namespace conclave {

[[nodiscard]] std::string percent(double share);               // "87 %"
[[nodiscard]] std::string verdict_word(const Report& report);  // "failing", or "no consensus"
[[nodiscard]] std::string confidence_words(const Report& report);
// What an expert that answered says: "healthy", "healthy 70 %, failing 30 %", "healthy, then degraded", "text without a verdict".
[[nodiscard]] std::string words_of_verdict(const consensus::ExpertResponse& response);
[[nodiscard]] std::string place_of(const consensus::Citation& citation);  // "orders.log:120", "template 1f..", "service api"
[[nodiscard]] std::string evidence_words(const Report& report);           // "4 logs (212,004 lines), 3 services, 1 configuration"
[[nodiscard]] std::string grouped(std::uint64_t number);                  // "212,004"

// Text for HTML and XML 1.0: reserved characters escaped, control characters that XML forbids replaced by "?".
[[nodiscard]] std::string escaped_markup(const std::string& text);

// Responses in reading order: worst verdicts first, then the others, abstentions and failures last; ties by name.
[[nodiscard]] std::vector<const consensus::ExpertResponse*> reading_order(const Report& report);

// The place in reading order of what an expert says, first of all in this scope; nothing if it was not asked.
[[nodiscard]] std::optional<std::size_t> place_of_expert(const Report& report, std::string_view expert, std::string_view scope);

// "by a, with b, c, against d": whose words a statement is and who bears it out, each name as `linked` writes it.
[[nodiscard]] std::string speakers_of(const consensus::Statement& statement,
                                      const std::function<std::string(const std::string& expert)>& linked);

// A copy in which security::redact went over every text that may quote evidence.
[[nodiscard]] Report redacted_copy(const Report& report);

}  // namespace conclave
