// Teddy (G. Langdale, for Hyperscan; also in the Rust crate aho-corasick): three bytes of each literal, the three that are rarest
// in logs, are looked up by shuffles in tables that hold for each half of a byte which of eight buckets of literals it may belong
// to. What survives at all three places is compared in full. Line ends are found in the same pass, so that the line of a match
// needs no second look. Capital and small letters share their lower half, so that any case costs nothing.
#include "engine/logs/literal_scan.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

namespace conclave::logs {
namespace {

constexpr std::size_t block_bytes = 64;
constexpr std::size_t blocks_at_once = 64;
constexpr std::size_t lookahead = 16;

struct Block {
  std::uint64_t newline;
  std::uint64_t candidate;
  std::uint64_t newlines;  // bits in newline
  std::array<std::uint8_t, block_bytes> buckets;
};

using FindCandidates = void (*)(const LiteralScan::Tables&, const char*, std::size_t, Block*);

void candidates_scalar(const LiteralScan::Tables& tables, const char* bytes, std::size_t blocks, Block* out) {
  std::array<std::array<std::uint8_t, 256>, LiteralScan::window> whole{};
  for (std::size_t place = 0; place < whole.size(); ++place) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      whole[place][byte] = tables.low[place][byte & 15U] & tables.high[place][byte >> 4U];
    }
  }
  const auto* p = reinterpret_cast<const unsigned char*>(bytes);
  for (std::size_t block = 0; block < blocks; ++block, p += block_bytes) {
    Block& result = out[block];
    result.newline = result.candidate = 0;
    for (std::size_t i = 0; i < block_bytes; ++i) {
      const auto buckets = static_cast<std::uint8_t>(whole[0][p[i]] & whole[1][p[i + 1]] & whole[2][p[i + 2]]);
      result.buckets[i] = buckets;
      result.candidate |= std::uint64_t{buckets != 0} << i;
      result.newline |= std::uint64_t{p[i] == '\n'} << i;
    }
    result.newlines = static_cast<std::uint64_t>(std::popcount(result.newline));
  }
}

__attribute__((target("ssse3"))) void candidates_ssse3(const LiteralScan::Tables& tables, const char* bytes, std::size_t blocks,
                                                       Block* out) {
#define TABLE(t) _mm_loadu_si128(reinterpret_cast<const __m128i*>((t).data()))
#define LOAD(p) _mm_loadu_si128(reinterpret_cast<const __m128i*>(p))
#define BUCKETS(v, i)                                             \
  _mm_and_si128(_mm_shuffle_epi8(low##i, _mm_and_si128(v, half)), \
                _mm_shuffle_epi8(high##i, _mm_and_si128(_mm_srli_epi16(v, 4), half)))
  const __m128i half = _mm_set1_epi8(15);
  const __m128i newline = _mm_set1_epi8('\n');
  const __m128i zero = _mm_setzero_si128();
  const __m128i low0 = TABLE(tables.low[0]), low1 = TABLE(tables.low[1]), low2 = TABLE(tables.low[2]);
  const __m128i high0 = TABLE(tables.high[0]), high1 = TABLE(tables.high[1]), high2 = TABLE(tables.high[2]);
  for (std::size_t block = 0; block < blocks; ++block) {
    Block& result = out[block];
    std::uint64_t newlines = 0;
    std::uint64_t candidates = 0;
    for (unsigned part = 0; part < 4; ++part) {
      const char* p = bytes + block * block_bytes + part * 16U;
      const __m128i v0 = LOAD(p), v1 = LOAD(p + 1), v2 = LOAD(p + 2);
      const __m128i found = _mm_and_si128(BUCKETS(v0, 0), _mm_and_si128(BUCKETS(v1, 1), BUCKETS(v2, 2)));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(result.buckets.data() + part * 16U), found);
      const auto none = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(found, zero)));
      candidates |= std::uint64_t{none ^ 0xFFFFU} << (part * 16U);
      newlines |= std::uint64_t{static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(v0, newline)))} << (part * 16U);
    }
    result.newline = newlines;
    result.candidate = candidates;
    result.newlines = static_cast<std::uint64_t>(std::popcount(newlines));
  }
#undef TABLE
#undef LOAD
#undef BUCKETS
}

__attribute__((target("avx2,popcnt"))) void candidates_avx2(const LiteralScan::Tables& tables, const char* bytes,
                                                            std::size_t blocks, Block* out) {
#define TABLE(t) _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>((t).data())))
#define LOAD(p) _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))
#define BUCKETS(v, i)                                                      \
  _mm256_and_si256(_mm256_shuffle_epi8(low##i, _mm256_and_si256(v, half)), \
                   _mm256_shuffle_epi8(high##i, _mm256_and_si256(_mm256_srli_epi16(v, 4), half)))
  const __m256i half = _mm256_set1_epi8(15);
  const __m256i newline = _mm256_set1_epi8('\n');
  const __m256i zero = _mm256_setzero_si256();
  const __m256i low0 = TABLE(tables.low[0]), low1 = TABLE(tables.low[1]), low2 = TABLE(tables.low[2]);
  const __m256i high0 = TABLE(tables.high[0]), high1 = TABLE(tables.high[1]), high2 = TABLE(tables.high[2]);
  for (std::size_t block = 0; block < blocks; ++block) {
    Block& result = out[block];
    std::uint64_t newlines = 0;
    std::uint64_t candidates = 0;
    for (unsigned part = 0; part < 2; ++part) {
      const char* p = bytes + block * block_bytes + part * 32U;
      _mm_prefetch(p + 2048, _MM_HINT_T0);
      const __m256i v0 = LOAD(p), v1 = LOAD(p + 1), v2 = LOAD(p + 2);
      const __m256i found = _mm256_and_si256(BUCKETS(v0, 0), _mm256_and_si256(BUCKETS(v1, 1), BUCKETS(v2, 2)));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(result.buckets.data() + part * 32U), found);
      const auto none = static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(found, zero)));
      candidates |= std::uint64_t{~none} << (part * 32U);
      newlines |= std::uint64_t{static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(v0, newline)))} << (part * 32U);
    }
    result.newline = newlines;
    result.candidate = candidates;
    result.newlines = static_cast<std::uint64_t>(_mm_popcnt_u64(newlines));
  }
#undef TABLE
#undef LOAD
#undef BUCKETS
}

FindCandidates function_for(LiteralScan::Instructions instructions) {
  switch (instructions) {
    case LiteralScan::Instructions::avx2:
      return &candidates_avx2;
    case LiteralScan::Instructions::ssse3:
      return &candidates_ssse3;
    case LiteralScan::Instructions::scalar:
      break;
  }
  return &candidates_scalar;
}

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// How common a byte is in logs, roughly: blanks, digits and the letters of English in their order.
int commonness(char c) {
  constexpr std::string_view order = " e0taoin1srh2dl:.c34um-p56f789/g_,w=y[]b\"vkx(){}jqz";
  const std::size_t place = order.find(static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c));
  const int known = place == std::string_view::npos ? 1 : static_cast<int>(order.size() - place) + 4;
  return c >= 'A' && c <= 'Z' ? known / 2 + 1 : known;
}

std::size_t rarest_window(const std::string& text) {
  std::size_t best = 0;
  int least = 0;
  for (std::size_t at = 0; at + LiteralScan::window <= text.size(); ++at) {
    int product = 1;
    for (std::size_t i = 0; i < LiteralScan::window; ++i) product *= commonness(text[at + i]);
    if (at != 0 && product >= least) continue;
    best = at;
    least = product;
  }
  return best;
}

}  // namespace

LiteralScan::Instructions LiteralScan::best() {
  static const Instructions answer = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("popcnt") != 0
                                         ? Instructions::avx2
                                     : __builtin_cpu_supports("ssse3") != 0 ? Instructions::ssse3
                                                                            : Instructions::scalar;
  return answer;
}

LiteralScan::LiteralScan(const std::vector<Literal>& literals, Instructions instructions) : instructions_(instructions) {
  for (const Literal& literal : literals) {
    Prepared made;
    made.text = literal.text;
    made.fold.assign(literal.text.size(), '\0');
    for (std::size_t i = 0; literal.any_case && i < made.text.size(); ++i) {
      if (!is_letter(made.text[i])) continue;
      made.fold[i] = 0x20;
      made.text[i] = static_cast<char>(made.text[i] | 0x20);
    }
    const std::size_t head = std::min<std::size_t>(made.text.size(), 8);
    std::memcpy(&made.head, made.text.data(), head);
    std::memcpy(&made.head_fold, made.fold.data(), head);
    made.head_mask = head == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (head * 8)) - 1;
    made.offset = rarest_window(made.text);
    literals_.push_back(std::move(made));
  }
  // Neighbours in order share a bucket, since literals that begin alike give the same candidates anyway.
  std::vector<std::uint32_t> order(literals_.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto key = [this](std::uint32_t i) { return std::string_view(literals_[i].text).substr(literals_[i].offset, window); };
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const std::size_t bucket = rank * buckets_.size() / order.size();
    buckets_[bucket].push_back(order[rank]);
    const Prepared& literal = literals_[order[rank]];
    const auto bit = static_cast<std::uint8_t>(1U << bucket);
    for (std::size_t place = 0; place < window; ++place) {
      if (place >= literal.text.size()) {  // shorter than the window: any byte will do
        for (std::uint8_t& entry : tables_.low[place]) entry |= bit;
        for (std::uint8_t& entry : tables_.high[place]) entry |= bit;
        continue;
      }
      const auto byte = static_cast<unsigned char>(literal.text[literal.offset + place]);
      tables_.low[place][byte & 15U] |= bit;
      tables_.high[place][byte >> 4U] |= bit;
      const auto fold = static_cast<unsigned char>(literal.fold[literal.offset + place]);
      tables_.high[place][static_cast<unsigned char>(byte & ~fold) >> 4U] |= bit;
    }
  }
}

bool LiteralScan::is_at(const Prepared& literal, std::string_view chunk, std::size_t at) const {
  const std::size_t size = literal.text.size();
  if (at > chunk.size() || size > chunk.size() - at) return false;
  std::size_t compared = 0;
  if (chunk.size() - at >= 8) {
    std::uint64_t head = 0;
    std::memcpy(&head, chunk.data() + at, 8);
    if (((head | literal.head_fold) & literal.head_mask) != literal.head) return false;
    compared = 8;
  }
  for (; compared < size; ++compared) {
    if (static_cast<char>(chunk[at + compared] | literal.fold[compared]) != literal.text[compared]) return false;
  }
  // The CR before a line end is no part of the line.
  const bool holds_end = literal.text.back() == '\r' && (at + size == chunk.size() || chunk[at + size] == '\n');
  return !holds_end;
}

std::size_t LiteralScan::scan(std::string_view chunk, std::span<LineBits> found, const Job& job) const {
  constexpr std::size_t stride = block_bytes * blocks_at_once;
  const FindCandidates find_candidates = function_for(instructions_);
  std::vector<std::size_t> line_of_last(literals_.size(), SIZE_MAX);
  std::array<Block, blocks_at_once> blocks;
  std::array<char, stride + lookahead> padded;
  std::size_t line = 0;
  for (std::size_t begin = 0; begin < chunk.size(); begin += stride) {
    if (begin % (stride * 256) == 0 && job.stopped()) break;
    const std::size_t size = std::min(stride, chunk.size() - begin);
    const std::size_t used = (size + block_bytes - 1) / block_bytes;
    const char* bytes = chunk.data() + begin;
    if (chunk.size() - begin < used * block_bytes + lookahead) {
      padded.fill('\0');
      std::memcpy(padded.data(), bytes, std::min(chunk.size() - begin, padded.size()));
      bytes = padded.data();
    }
    find_candidates(tables_, bytes, used, blocks.data());
    for (std::size_t i = 0; i < used; ++i) {
      const Block& block = blocks[i];
      for (std::uint64_t bits = block.candidate; bits != 0; bits &= bits - 1) {
        const auto bit = static_cast<std::size_t>(std::countr_zero(bits));
        const std::size_t at = begin + i * block_bytes + bit;
        const std::uint64_t before = block.newline & ((std::uint64_t{1} << bit) - 1);
        const std::size_t here = line + (before == 0 ? 0 : static_cast<std::size_t>(std::popcount(before)));
        for (unsigned hit = block.buckets[bit]; hit != 0; hit &= hit - 1) {
          for (const std::uint32_t id : buckets_[static_cast<std::size_t>(std::countr_zero(hit))]) {
            if (line_of_last[id] == here || at < literals_[id].offset) continue;
            if (!is_at(literals_[id], chunk, at - literals_[id].offset)) continue;
            line_of_last[id] = here;
            found[id].set(here);
          }
        }
      }
      line += block.newlines;
    }
  }
  return line + (!chunk.empty() && chunk.back() != '\n' ? 1 : 0);
}

std::size_t LiteralScan::find(std::size_t literal, std::string_view line, std::size_t from) const {
  const Prepared& wanted = literals_[literal];
  for (std::size_t at = from; at + wanted.text.size() <= line.size(); ++at) {
    if (static_cast<char>(line[at] | wanted.fold[0]) == wanted.text[0] && is_at(wanted, line, at)) return at;
  }
  return std::string_view::npos;
}

}  // namespace conclave::logs
