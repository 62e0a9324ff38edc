// Hyperscan runs over a whole chunk, so that its cost per line vanishes, while a pattern is meant for each line by itself. What
// it reports is therefore only a candidate, which the caller confirms on the line; what matters is that it misses nothing:
// - "^" and "$" hold at every line end (HS_FLAG_MULTILINE), "$" also before a CR there, "\A", "\z", "\Z" like them;
// - constructs that it does not speak (look-around, back references) are left out (HS_FLAG_PREFILTER), which only adds
// candidates;
// - patterns that match nothing at all in a line, or switch flags off again, are not scanned for.
#include "engine/logs/regex_scan.h"

#include <hs/hs.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>

namespace conclave::logs {
namespace {

constexpr std::size_t longest_chunk = std::size_t{64} << 20U;  // longer is a line so long that a stop would come too late
constexpr std::size_t longest_pattern = 4096;
constexpr std::string_view line_end = "(?:\\r?$)";

// Behind the class that begins at `at`; the size of the pattern if it does not end.
std::size_t class_end(std::string_view pattern, std::size_t at) {
  ++at;
  if (at < pattern.size() && pattern[at] == '^') ++at;
  if (at < pattern.size() && pattern[at] == ']') ++at;
  while (at < pattern.size() && pattern[at] != ']') {
    const std::size_t named = pattern.substr(at).starts_with("[:") ? pattern.find(":]", at + 2) : std::string_view::npos;
    at = named != std::string_view::npos ? named + 2 : at + (pattern[at] == '\\' ? 2U : 1U);
  }
  return std::min(at + 1, pattern.size());
}

// A group that begins with flags, such as (?i) or (?i-s:, one of which is switched off.
bool switches_off(std::string_view group) {
  const std::size_t end = group.find_first_not_of("?imsxnUJ^");
  return end != std::string_view::npos && group.starts_with("?") && (group[end] == '-' || group.substr(0, end).find('^') < end);
}

// The pattern for a chunk of many lines; nothing if it would miss lines.
std::optional<std::string> for_many_lines(std::string_view pattern) {
  if (pattern.size() > longest_pattern || pattern.find('\0') != std::string_view::npos) return std::nullopt;
  std::string changed;
  for (std::size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    if (c == '[') {
      const std::size_t end = class_end(pattern, at);
      changed += pattern.substr(at, end - at);
      at = end;
      continue;
    }
    if (c == '$') {
      changed += line_end;
    } else if (c == '\\' && at + 1 < pattern.size()) {
      const char escaped = pattern[++at];
      if (escaped == 'Q' || escaped == 'E' || escaped == 'K') return std::nullopt;
      if (escaped == 'A' || escaped == 'G') {
        changed += '^';
      } else if (escaped == 'z' || escaped == 'Z') {
        changed += line_end;
      } else {
        (changed += c) += escaped;
      }
    } else {
      const std::string_view inside = c == '(' ? pattern.substr(at + 1) : std::string_view();
      if (inside.starts_with('*') || inside.starts_with("?#") || switches_off(inside)) return std::nullopt;
      changed += c;
    }
    ++at;
  }
  return changed;
}

struct Scan {
  const ChunkLines& lines;
  std::span<LineBits> candidates;
  std::size_t size;
  std::vector<std::pair<std::size_t, std::size_t>> last;  // per pattern: the bytes of the line that was found last
};

int on_match(unsigned id, unsigned long long /*from*/, unsigned long long to, unsigned /*flags*/, void* context) {
  auto& scan = *static_cast<Scan*>(context);
  const auto at = static_cast<std::size_t>(to);
  auto& last = scan.last[id];
  if (at >= last.first && at < last.second) return 0;
  const std::size_t line = scan.lines.at(at);
  last = {scan.lines.begin(line), scan.lines.end(line)};
  scan.candidates[id].set(line);
  return 0;
}

}  // namespace

// Scratch is memory that one scan at a time needs; there are as many as there were scans at once.
struct RegexScan::Database {
  hs_database_t* compiled = nullptr;
  hs_scratch_t* first = nullptr;
  std::mutex mutex;
  std::vector<hs_scratch_t*> idle;

  ~Database() {
    for (hs_scratch_t* scratch : idle) hs_free_scratch(scratch);
    hs_free_scratch(first);
    hs_free_database(compiled);
  }
  hs_scratch_t* take() {
    const std::lock_guard lock(mutex);
    if (!idle.empty()) {
      hs_scratch_t* scratch = idle.back();
      idle.pop_back();
      return scratch;
    }
    hs_scratch_t* scratch = nullptr;
    return hs_clone_scratch(first, &scratch) == HS_SUCCESS ? scratch : nullptr;
  }
  void put_back(hs_scratch_t* scratch) {
    const std::lock_guard lock(mutex);
    idle.push_back(scratch);
  }
};

bool RegexScan::possible() { return hs_valid_platform() == HS_SUCCESS; }

// All at once; what cannot be compiled is tried again without its difficult parts, and then left out.
RegexScan::RegexScan(const std::vector<TextPattern>& patterns) : known_(patterns.size(), false) {
  if (!possible()) return;
  std::vector<std::string> texts;
  std::vector<unsigned> flags;
  std::vector<unsigned> ids;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    auto text = for_many_lines(patterns[i].text);
    if (!text) continue;
    texts.push_back(std::move(*text));
    flags.push_back(HS_FLAG_MULTILINE | (patterns[i].any_case ? HS_FLAG_CASELESS : 0U));
    ids.push_back(static_cast<unsigned>(i));
  }
  auto database = std::make_unique<Database>();
  while (!texts.empty() && database->compiled == nullptr) {
    std::vector<const char*> pointers;
    for (const std::string& text : texts) pointers.push_back(text.c_str());
    hs_compile_error_t* error = nullptr;
    const hs_error_t answer = hs_compile_multi(pointers.data(), flags.data(), ids.data(), static_cast<unsigned>(pointers.size()),
                                               HS_MODE_BLOCK, nullptr, &database->compiled, &error);
    const int wrong = answer == HS_COMPILER_ERROR && error != nullptr ? error->expression : -1;
    hs_free_compile_error(error);
    if (answer == HS_SUCCESS) break;
    if (wrong < 0 || static_cast<std::size_t>(wrong) >= texts.size()) return;
    const auto at = static_cast<std::size_t>(wrong);
    if ((flags[at] & HS_FLAG_PREFILTER) == 0) {
      flags[at] |= HS_FLAG_PREFILTER;
      continue;
    }
    texts.erase(texts.begin() + wrong);
    flags.erase(flags.begin() + wrong);
    ids.erase(ids.begin() + wrong);
  }
  if (texts.empty() || hs_alloc_scratch(database->compiled, &database->first) != HS_SUCCESS) return;
  database_ = std::move(database);
  for (const unsigned id : ids) known_[id] = true;
}

RegexScan::~RegexScan() = default;

bool RegexScan::known(std::size_t pattern) const { return known_[pattern]; }

bool RegexScan::scan(std::string_view chunk, const ChunkLines& lines, std::span<LineBits> candidates) const {
  if (!database_ || chunk.empty()) return database_ != nullptr;
  if (chunk.size() > longest_chunk) return false;
  hs_scratch_t* scratch = database_->take();
  if (scratch == nullptr) return false;
  Scan scan{lines, candidates, chunk.size(), std::vector<std::pair<std::size_t, std::size_t>>(candidates.size())};
  const hs_error_t answer =
      hs_scan(database_->compiled, chunk.data(), static_cast<unsigned>(chunk.size()), 0, scratch, &on_match, &scan);
  database_->put_back(scratch);
  return answer == HS_SUCCESS;
}

}  // namespace conclave::logs
