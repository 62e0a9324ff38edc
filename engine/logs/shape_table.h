// Shapes and what is known of the lines that have them. Internal to the room.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/time.h"
#include "engine/logs/distinct.h"
#include "engine/logs/level.h"
#include "engine/logs/line_sample.h"
#include "engine/logs/shape.h"
#include "engine/logs/templates.h"

namespace conclave::logs {

// Where and when a record is.
struct RecordPlace {
  std::uint64_t line = 0;    // 1-based
  std::uint64_t offset = 0;  // in all logs, one behind the other
  std::optional<TimeUs> time;
  Level level = Level::unknown;
  bool before = false;  // counts for count_before
};

struct ShapeStats {
  LevelCounts levels{};
  std::uint64_t count = 0;
  std::uint64_t count_before = 0;
  std::optional<TimeUs> first_time;
  std::optional<TimeUs> last_time;
  std::uint64_t first_line = 0;
  std::uint64_t last_line = 0;
  std::vector<std::uint64_t> samples;   // the first three lines
  LineSample sample;                    // by offset
  std::vector<DistinctCount> distinct;  // of each parameter; only with TemplateOptions::parameters

  // `record` is behind all that were added.
  void add(const RecordPlace& record, std::size_t sample_size);
  void add_values(std::string_view message, std::span<const ShapeParameter> parameters);
  // Of any other lines.
  void merge(const ShapeStats& other, std::size_t sample_size);
  // Puts another number for each line, in the same order.
  template <class Number>
  void renumber(const Number& number) {
    first_line = number(first_line);
    last_line = number(last_line);
    for (std::uint64_t& line : samples) line = number(line);
  }
};

[[nodiscard]] std::uint64_t value_hash(std::string_view value);  // for DistinctCount

// How many lines of a shape are looked at again for their parameters.
[[nodiscard]] inline std::size_t sample_size(const TemplateOptions& options) { return options.parameters ? 256 : 16; }

// Numbers distinct shapes in the order in which they come.
class ShapeTable {
 public:
  // `limit`: the number of shapes that are kept apart. Later ones share one by their first word, or "<*>".
  explicit ShapeTable(std::size_t limit) : limit_(limit) {}

  [[nodiscard]] std::uint32_t number_of(std::string_view shape);
  [[nodiscard]] std::size_t size() const { return stats_.size(); }
  [[nodiscard]] ShapeStats& stats(std::uint32_t number) { return stats_[number]; }
  [[nodiscard]] const ShapeStats& stats(std::uint32_t number) const { return stats_[number]; }
  [[nodiscard]] const std::string& text(std::uint32_t number) const { return *texts_[number]; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::uint32_t add(std::string_view shape);

  std::size_t limit_;
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> numbers_;
  std::vector<const std::string*> texts_;  // keys of numbers_
  std::vector<ShapeStats> stats_;
};

// mine_templates() with another size of pieces and another limit of shapes; for tests.
inline constexpr std::size_t default_max_shapes = std::size_t{1} << 18U;
[[nodiscard]] Result<TemplateGroups> mine_templates_in_chunks(std::span<const std::string_view> logs,
                                                              const TemplateOptions& options, Job& job, std::size_t chunk_bytes,
                                                              std::size_t max_shapes = default_max_shapes);

}  // namespace conclave::logs
