#include "engine/scan/probe/json_path.h"

#include <string>

namespace conclave::scan {

Result<nlohmann::json::json_pointer> pointer_of_path(std::string_view path) {
  const auto wrong = [&] {
    return fail(ErrorKind::parse, "write a path into JSON like $.checks[0].status, not '" + std::string(path) + "'");
  };
  if (!path.starts_with('$')) return wrong();
  nlohmann::json::json_pointer out;
  for (std::size_t at = 1; at < path.size();) {
    std::size_t end = std::string_view::npos;
    if (path[at] == '.') {
      end = path.find_first_of(".[", at + 1);
      const std::string_view name = path.substr(at + 1, end - at - 1);
      if (name.empty()) return wrong();
      out.push_back(std::string(name));
    } else if (path[at] == '[' && at + 1 < path.size() && (path[at + 1] == '\'' || path[at + 1] == '"')) {
      const std::size_t close = path.find(path[at + 1], at + 2);
      if (close == std::string_view::npos || close + 1 >= path.size() || path[close + 1] != ']') return wrong();
      out.push_back(std::string(path.substr(at + 2, close - at - 2)));
      end = close + 2;
    } else if (path[at] == '[') {
      const std::size_t close = path.find(']', at);
      if (close == std::string_view::npos) return wrong();
      const std::string_view digits = path.substr(at + 1, close - at - 1);
      const bool is_number =
          !digits.empty() && digits.size() < 10 && digits.find_first_not_of("0123456789") == std::string_view::npos;
      if (!is_number || (digits.size() > 1 && digits[0] == '0')) return wrong();
      out.push_back(std::string(digits));
      end = close + 1;
    } else {
      return wrong();
    }
    at = end == std::string_view::npos ? path.size() : end;
  }
  return out;
}

}  // namespace conclave::scan
