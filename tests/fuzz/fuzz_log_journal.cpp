// Any bytes as what a query of the journal says, as the fields of an entry, and as a journal file.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "engine/base/text.h"
#include "engine/logs/journal.h"
#include "engine/logs/journal_line.h"
#include "engine/logs/rotation.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace conclave;
  using namespace conclave::logs;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);

  const std::string text = std::string(journal_prefix) + std::string(bytes);
  const auto query = parse_journal_query(text, 0);
  if (query) {
    const auto again = parse_journal_query(journal_in(text, "/"), 0);
    check(again && again->units == query->units && again->matches == query->matches && again->lines == query->lines);
  }
  (void)rotation_of("system@" + std::string(bytes) + ".journal");

  JournalLine line;
  std::string out;
  line.start(static_cast<TimeUs>(size));
  for (std::size_t at = 0; at <= size;) {
    const std::size_t end = std::min(bytes.find('\n', at), size);
    line.add(bytes.substr(at, end - at));
    at = end + 1;
  }
  line.add("MESSAGE=" + std::string(bytes));
  line.finish(out);
  check(out.find('\n') == out.size() - 1);
  const auto entry = nlohmann::json::parse(out, nullptr, false);
  check(entry.is_object() && entry["message"].is_string());
  check(valid_utf8(out) == out);

  Job job;
  (void)read_journal_bytes("LPKSHHRH" + std::string(bytes), "fuzz", std::uint64_t{1} << 20U, job);
  return 0;
}
