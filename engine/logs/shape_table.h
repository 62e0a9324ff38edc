// Shapes and what is known of the lines that have them. Internal to the room.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/time.h"
#include "engine/logs/level.h"
#include "engine/logs/templates.h"

namespace conclave::logs {

struct ShapeStats {
  std::uint64_t count = 0;
  std::uint64_t count_before = 0;
  std::optional<TimeUs> first_time;
  std::optional<TimeUs> last_time;
  std::uint64_t first_line = 0;
  std::uint64_t last_line = 0;
  Level level = Level::unknown;
  std::vector<std::uint64_t> samples;  // the first three lines

  void add_line(std::uint64_t line, Level line_level, std::optional<TimeUs> time, const TemplateOptions& options);
  // Of lines behind, or among, those already here.
  void merge(const ShapeStats& other);
  void shift(std::uint64_t lines);
};

// Numbers distinct shapes in the order in which they come.
class ShapeTable {
 public:
  // `limit`: the number of shapes that are kept apart. Later ones share one by their first word, or "<*>".
  explicit ShapeTable(std::size_t limit) : limit_(limit) {}

  [[nodiscard]] std::uint32_t number_of(std::string_view shape);
  [[nodiscard]] std::size_t size() const { return stats_.size(); }
  [[nodiscard]] ShapeStats& stats(std::uint32_t number) { return stats_[number]; }
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
[[nodiscard]] Result<TemplateGroups> mine_templates_in_chunks(std::string_view bytes, const TemplateOptions& options, Job& job,
                                                              std::size_t chunk_bytes,
                                                              std::size_t max_shapes = default_max_shapes);

}  // namespace conclave::logs
