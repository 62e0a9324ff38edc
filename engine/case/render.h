// A report for people and for other programs. `redacted` applies engine/security's rules to every text that came from evidence.
#pragma once

#include <string>

#include "engine/case/report.h"

namespace conclave {

[[nodiscard]] std::string render_text(const Report& report, bool colour, int width = 100);  // for a terminal
[[nodiscard]] std::string render_markdown(const Report& report, bool redacted = false);
[[nodiscard]] std::string render_html(const Report& report, bool redacted = false);  // one self-contained file, light and dark
[[nodiscard]] std::string render_junit(const Report& report);                        // one test case per expert, one for the gate

}  // namespace conclave
