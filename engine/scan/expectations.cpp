#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

#include "engine/base/text.h"
#include "engine/scan/differences.h"
#include "engine/scan/targets.h"

namespace conclave::scan {
namespace {

constexpr std::array<std::string_view, 6> expected_states = {"open",     "closed",      "rejected",
                                                             "filtered", "unreachable", "dns_error"};
constexpr std::string_view blank = " \t\r\f\v";
constexpr std::size_t max_lines = 1'000'000;

tl::unexpected<Error> wrong(const std::string& path, std::size_t line, std::string message) {
  return fail(ErrorKind::parse, std::move(message), path + ":" + std::to_string(line));
}

}  // namespace

Result<std::vector<Target>> read_expectations(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail_io("cannot read expectations", path, errno);
  std::vector<Target> out;
  std::size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    if (++number > max_lines) return wrong(path, number, "too many lines");
    line.resize(std::min(line.find('#'), line.size()));
    line.resize(line.find_last_not_of(blank) + 1);  // npos + 1 is 0
    if (line.empty()) continue;
    const std::size_t gap = line.find_last_of(blank);
    const std::string state = line.substr(gap == std::string::npos ? 0 : gap + 1);
    if (gap == std::string::npos || std::ranges::find(expected_states, state) == expected_states.end())
      return wrong(path, number,
                   "write host:port and open, closed, rejected, filtered, unreachable or dns_error" +
                       did_you_mean(valid_utf8(state), expected_states));
    const std::string words = line.substr(0, gap);
    if (words.find('@') != std::string::npos) return wrong(path, number, "another file cannot be named here");
    auto targets = parse_targets(words);
    if (!targets) return wrong(path, number, targets.error().message);
    for (Target& target : *targets) {
      target.expect = state_from_name(state);
      out.push_back(std::move(target));
    }
  }
  if (file.bad()) return fail_io("cannot read expectations", path, EIO);
  if (out.empty()) return fail(ErrorKind::parse, "nothing is expected in it", path);
  return out;
}

}  // namespace conclave::scan
