#include "engine/logs/utf16.h"

namespace conclave::logs {
namespace {

constexpr std::string_view little_endian = "\xff\xfe";
constexpr std::string_view big_endian = "\xfe\xff";
constexpr char32_t replacement = 0xFFFD;

void append_utf8(char32_t code, std::string& out) {
  const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6U);
  } else {
    if (code < 0x10000) {
      put(0xE0 | code >> 12U);
    } else {
      put(0xF0 | code >> 18U);
      put(0x80 | (code >> 12U & 0x3F));
    }
    put(0x80 | (code >> 6U & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

// The code units of UTF-16, one character after the other.
class Units {
 public:
  Units(std::string_view bytes, bool big) : bytes_(bytes), high_(big ? 0 : 1) {}

  [[nodiscard]] bool at_end() const { return place_ >= bytes_.size(); }

  char32_t next() {
    const char32_t first = unit(place_);
    place_ += 2;
    if (first < 0xD800 || first > 0xDFFF) return first;
    const char32_t second = first < 0xDC00 && !at_end() ? unit(place_) : replacement;
    if (second < 0xDC00 || second > 0xDFFF) return replacement;
    place_ += 2;
    return 0x10000 + ((first - 0xD800) << 10U) + (second - 0xDC00);
  }

 private:
  [[nodiscard]] char32_t unit(std::size_t place) const {
    if (place + 1 >= bytes_.size()) return replacement;
    const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(bytes_[i])); };
    return byte(place + high_) << 8U | byte(place + 1 - high_);
  }

  std::string_view bytes_;
  std::size_t high_;  // where in a unit its upper byte is
  std::size_t place_ = 0;
};

}  // namespace

bool is_utf16(std::string_view bytes) { return bytes.starts_with(little_endian) || bytes.starts_with(big_endian); }

Encoding utf16_encoding(std::string_view bytes) { return bytes.starts_with(big_endian) ? Encoding::utf16be : Encoding::utf16le; }

Result<GrowingMemory> utf16_to_utf8(std::string_view bytes, std::uint64_t max_bytes, const std::string& name, Job& job) {
  constexpr std::size_t chunk_bytes = 65536;
  Units units(bytes.substr(little_endian.size()), bytes.starts_with(big_endian));
  GrowingMemory memory;
  std::string chunk;
  while (!units.at_end()) {
    if (job.stopped()) return fail_cancelled();
    for (chunk.clear(); chunk.size() < chunk_bytes && !units.at_end();) append_utf8(units.next(), chunk);
    if (chunk.size() > max_bytes - memory.view().size()) {
      return fail(ErrorKind::limit, "is larger than " + std::to_string(max_bytes) + " bytes", name);
    }
    if (!memory.append(chunk.data(), chunk.size())) return fail(ErrorKind::limit, "not enough memory to read", name);
  }
  return memory;
}

}  // namespace conclave::logs
