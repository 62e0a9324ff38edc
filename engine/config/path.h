// How one value of a configuration is addressed: its keys joined by dots, items of lists as [0]. A key that is empty or holds one
// of . [ ] " stands in double quotes, with a backslash before " and \: services."api.v2".ports[0]
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::config {

[[nodiscard]] std::string path_of_key(const std::string& parent, std::string_view key);
[[nodiscard]] std::string path_of_item(const std::string& parent, std::size_t index);

struct PathStep {
  std::string key;  // "api.v2"; of an item "[0]"
  bool item = false;
  std::string path;  // up to and with this step
};

// The steps of such a path, from the outermost in. Of any other text whatever comes closest: nothing is refused.
[[nodiscard]] std::vector<PathStep> steps_of(std::string_view path);

// As people write it who know nothing of the quotes: services.api.v2.ports[0]. Two values may have the same.
[[nodiscard]] std::string without_quotes(std::string_view path);

}  // namespace conclave::config
