// The parameters of templates, from the lines that were sampled. Internal to the room.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/logs/encoding.h"
#include "engine/logs/shape_table.h"
#include "engine/logs/templates.h"

namespace conclave::logs {

// What stands in a shape for a parameter of its template: one of the shape's own, a word, or both: "LOCAL(<*>)".
struct ShapeValue {
  std::size_t parameter = SIZE_MAX;  // of the shape
  std::string_view word;
};
// One for each parameter of the template; nothing if the shape is not one of the template's.
[[nodiscard]] std::optional<std::vector<ShapeValue>> align_shape(const std::vector<ShapeToken>& shape,
                                                                 const std::vector<ShapeToken>& of_template);

// A line as its log writes it.
struct EncodedLine {
  std::string_view bytes;
  Encoding encoding = Encoding::utf8;
};

// Fills in typed_text and, if options ask for them, parameters. `line_at(offset)` gives a sampled line. `shapes`: those of the
// template, as UTF-8, with their statistics.
void fill_values(Template& found, const ShapeStats& all, const std::vector<std::pair<std::string, const ShapeStats*>>& shapes,
                 const TemplateOptions& options, const std::function<EncodedLine(std::uint64_t offset)>& line_at);

}  // namespace conclave::logs
