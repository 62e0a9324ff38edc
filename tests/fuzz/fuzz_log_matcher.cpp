// "flags, pattern LF log": what the fast engines find in a log is what PCRE2 finds line by line, in whatever pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/logs/chunk_lines.h"
#include "engine/logs/line_regex.h"
#include "engine/logs/matcher.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace conclave;
  using namespace conclave::logs;
  if (size < 2 || size > 4096) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = std::min(input.find('\n'), input.size());
  if (cut > 64) return 0;
  const bool any_case = (data[0] & 1U) != 0;
  const std::string text(input.substr(0, cut));
  const std::string_view log = input.substr(std::min(cut + 1, input.size()));
  const auto reference = LineRegex::compile(text, any_case);
  if (!reference) return 0;
  const TextPattern pattern{text, true, any_case};
  const TextPattern literal{text, false, any_case};
  const Job job;
  const Matcher::Matches found = Matcher::compile({pattern, literal}).value().match(log, job);
  if (found.too_hard) return 0;
  const ChunkLines lines(log);
  LineRegex::Workspace workspace;
  for (std::size_t line = 0; line < lines.size(); ++line) {
    const auto expected = reference->matches(lines.text(line), workspace, job);
    const bool same =
        expected == LineRegex::Answer::too_hard || found.found[0].test(line) == (expected == LineRegex::Answer::yes);
    const std::string_view rest = lines.text(line);
    const auto equal = [&](char a, char b) {
      const auto fold = [&](char c) { return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
      return fold(a) == fold(b);
    };
    const bool held = text.empty() || std::search(rest.begin(), rest.end(), text.begin(), text.end(), equal) != rest.end();
    if (same && held == found.found[1].test(line)) continue;
    std::fprintf(stderr, "line %zu differs: '%.*s'\n", line, static_cast<int>(rest.size()), rest.data());
    std::abort();
  }
  return 0;
}
