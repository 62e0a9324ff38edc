// What a table, its tips and the details of a service say of it, in the same words everywhere.
#pragma once

#include <QString>
#include <optional>

#include "engine/scan/history.h"
#include "engine/scan/probe/facts.h"

namespace conclave::desktop {

// How a certificate stands: nobody need look, soon, or now.
enum class Expiry { fine, near, past };

[[nodiscard]] QString millisecondsText(const std::optional<double>& latency);  // 0.31 ms, 12 ms
[[nodiscard]] QString stateText(scan::State state);
[[nodiscard]] QString answersText(const scan::Service& service);  // http nginx 1.22.1
[[nodiscard]] QString expiryText(const scan::Tls& tls);           // 82 days, not trusted
// Near from `near_days` days on; past as well where no certificate was shown.
[[nodiscard]] Expiry expiryOf(const scan::Tls& tls, int near_days);
[[nodiscard]] QString answerText(const scan::Http& http);  // 200 in 12 ms
[[nodiscard]] QString phasesText(const scan::Http& http);  // connected 0.2 ms, TLS 3 ms, first byte 9 ms, all of it 12 ms
[[nodiscard]] QString uptimeText(const scan::History& history);
[[nodiscard]] QString sinceText(const scan::History& history);
[[nodiscard]] QString pastText(const scan::History& history);  // a few lines
// For a tool tip: what a server said stays text, whatever it looks like.
[[nodiscard]] QString tipText(const QString& text);

}  // namespace conclave::desktop
