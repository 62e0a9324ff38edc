// Lines that differ only in their parameters, grouped.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/base/time.h"
#include "engine/logs/level.h"
#include "engine/logs/parameters.h"

namespace conclave::logs {

struct Template {
  std::uint64_t id = 0;            // stable_hash of text: the same on every run and machine
  std::string text;                // valid UTF-8, parameters as <*>
  std::uint64_t count = 0;         // records
  std::uint64_t count_before = 0;  // before options.change_time, or in one of the first options.logs_before logs
  TimeUs first_time = 0;           // 0 without stamps
  TimeUs last_time = 0;
  std::uint64_t first_line = 0;  // 1-based
  std::uint64_t last_line = 0;
  Level level = Level::unknown;        // the gravest
  std::vector<std::uint64_t> samples;  // up to 3 line numbers
  LevelCounts levels{};
  std::string typed_text;                     // with <num>, <ip>, ... where all looked at are of that kind (see parameters.h)
  std::vector<TemplateParameter> parameters;  // one per <*> of text; empty without options.parameters
};

struct TemplateOptions {
  TimeUs reference = 0;
  std::optional<TimeUs> change_time;
  std::optional<std::pair<TimeUs, TimeUs>> time_range;
  bool keep_assignments = false;
  std::size_t logs_before = 0;
  bool content = false;                // lines are messages without a header, each a record of its own
  bool parameters = false;             // also the distribution of each parameter
  std::size_t max_templates = 10'000;  // beyond it the rarest shapes share one template "<*>"
  std::size_t threads = 0;             // 0: as many as there are cores
};

inline constexpr std::uint32_t no_template = UINT32_MAX;  // assignment of a line outside of the time range

struct TemplateGroups {
  std::vector<Template> templates;         // most frequent first, ties by text
  std::vector<std::uint32_t> assignments;  // per line an index into templates or no_template; only with keep_assignments
};

// Works on raw lines of any system: stamps, host, level, process, thread and component at the head of a line are not part of a
// template. Lines that go on with the record above them (see record.h) have its template and are not counted. The result depends
// on bytes and options only. Texts of a Latin-1 log are UTF-8, so that its templates are those of the same log in UTF-8, also
// where several logs are written in several ways. Empty lines are a template with empty text.
[[nodiscard]] Result<TemplateGroups> mine_templates(std::string_view bytes, const TemplateOptions& options, Job& job);
// The same of several logs, whose lines are numbered on from one to the next.
[[nodiscard]] Result<TemplateGroups> mine_templates(std::span<const std::string_view> logs, const TemplateOptions& options,
                                                    Job& job);

}  // namespace conclave::logs
