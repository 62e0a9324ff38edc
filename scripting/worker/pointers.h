// Arguments and environment of a program that is started, as exec wants them.
#pragma once

#include <string>
#include <vector>

namespace conclave::scripting {

// The texts' own characters, and a null pointer at the end; valid as long as `texts` is not changed.
[[nodiscard]] inline std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

}  // namespace conclave::scripting
