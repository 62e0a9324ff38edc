// What changed between two logs, or in one log at a time: templates that are new, gone, more or less frequent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/base/time.h"
#include "engine/logs/bursts.h"
#include "engine/logs/templates.h"

namespace conclave::logs {

enum class ChangeKind : std::uint8_t { appeared, vanished, more, fewer };
[[nodiscard]] std::string_view change_kind_name(ChangeKind kind);  // "new", "vanished", "more", "fewer"

// What rates are compared by. `typical`: the middle of the ratios after/before of all templates is no change (it holds when there
// is more traffic, and when one message floods the log). `records`: shares of all records. `time`: counts per second.
enum class Normalise : std::uint8_t { typical, records, time };

struct TemplateChange {
  ChangeKind kind = ChangeKind::appeared;
  std::uint32_t found = 0;  // index into Comparison::groups.templates
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  double ratio = 1;      // of rates, after to before, half a record added to both
  double statistic = 0;  // G, the log-likelihood ratio
  double p_value = 1;    // of one template
  double q_value = 1;    // of all: the share of false findings if this and all with a smaller one are believed
};

struct CompareOptions {
  TimeUs reference = 0;
  Normalise normalise = Normalise::typical;
  double significance = 0.05;  // greatest q_value of what is more or fewer
  bool content = false;
  std::size_t max_templates = 10'000;
};

struct Comparison {
  TemplateGroups groups;           // of all logs; assignments are empty
  std::uint64_t lines_before = 0;  // a template's lines above are lines of what is behind the change, numbered on; 0 with a split
  std::uint64_t records_before = 0;
  std::uint64_t records_after = 0;
  double scale = 1;       // how many records behind the change are as usual for one before it
  double dispersion = 1;  // how much more templates vary than chance alone makes them
  // All that are new or vanished, and what is significantly more or fewer; greatest statistic first.
  std::vector<TemplateChange> changes;
  TimeUs bucket_us = 0;                   // of bursts and silences; 0 without stamps
  std::vector<TemplateBurst> bursts;      // greatest weight first
  std::vector<TemplateSilence> silences;  // smallest p_value first
};

[[nodiscard]] Result<Comparison> compare(std::span<const std::string_view> before, std::span<const std::string_view> after,
                                         const CompareOptions& options, Job& job);
// The records before `time` against those from then on. An error if there are none on one side.
[[nodiscard]] Result<Comparison> compare_at(std::span<const std::string_view> logs, TimeUs time, const CompareOptions& options,
                                            Job& job);

}  // namespace conclave::logs
