#include "app/desktop/models/line_set.h"

#include <algorithm>
#include <bit>

namespace conclave::desktop {

namespace {
constexpr std::size_t block_words = 8;
constexpr quint64 word_bits = 64;

// words |= words << bits, or >>: later lines are higher bits.
void spread(std::vector<quint64>& words, quint64 bits, bool later) {
  const std::size_t skip = bits / word_bits;
  const quint64 rest = bits % word_bits;
  const std::size_t size = words.size();
  const auto from = [&](std::size_t word) -> quint64 {
    if (later) {
      const quint64 near = word >= skip ? words[word - skip] << rest : 0;
      return rest && word > skip ? near | words[word - skip - 1] >> (word_bits - rest) : near;
    }
    const quint64 near = word + skip < size ? words[word + skip] >> rest : 0;
    return rest && word + skip + 1 < size ? near | words[word + skip + 1] << (word_bits - rest) : near;
  };
  for (std::size_t i = 0; i < size; ++i) {  // towards where it comes from, so that nothing is spread twice
    const std::size_t word = later ? size - 1 - i : i;
    words[word] |= from(word);
  }
}

quint64 ones(quint64 word) { return static_cast<quint64>(std::popcount(word)); }
}  // namespace

LineSet::LineSet(std::vector<quint64> words) : words_(std::move(words)) {
  quint64 sum = 0;
  for (std::size_t word = 0; word < words_.size(); ++word) {
    if (word % block_words == 0) before_.push_back(sum);
    sum += ones(words_[word]);
  }
  before_.push_back(sum);
}

std::shared_ptr<const LineSet> LineSet::intersection(const LineSet& a, const LineSet& b) {
  std::vector<quint64> words(std::min(a.words_.size(), b.words_.size()));
  for (std::size_t word = 0; word < words.size(); ++word) words[word] = a.words_[word] & b.words_[word];
  return std::make_shared<const LineSet>(std::move(words));
}

// In doubling steps: 2^k lines after k of them.
std::shared_ptr<const LineSet> LineSet::widened(const LineSet& set, quint64 around, quint64 lines) {
  std::vector<quint64> words = set.words_;
  words.resize((lines + word_bits - 1) / word_bits);
  around = std::min(around, lines);
  for (const bool later : {true, false}) {
    for (quint64 done = 0; done < around;) {
      const quint64 step = std::min(done + 1, around - done);
      spread(words, step, later);
      done += step;
    }
  }
  if (lines % word_bits && !words.empty()) words.back() &= (quint64{1} << (lines % word_bits)) - 1;
  return std::make_shared<const LineSet>(std::move(words));
}

bool LineSet::contains(quint64 line) const {
  if (line == 0 || (line - 1) / word_bits >= words_.size()) return false;
  return (words_[(line - 1) / word_bits] >> ((line - 1) % word_bits)) & 1U;
}

quint64 LineSet::countBefore(quint64 line) const {
  if (line <= 1) return 0;
  const quint64 bit = line - 1;
  const std::size_t last = bit / word_bits;
  if (last >= words_.size()) return count();
  quint64 sum = before_[last / block_words];
  for (std::size_t word = last / block_words * block_words; word < last; ++word) sum += ones(words_[word]);
  return sum + ones(words_[last] & ((quint64{1} << (bit % word_bits)) - 1));
}

quint64 LineSet::at(quint64 position) const {
  if (position >= count()) return 0;
  const auto after = std::upper_bound(before_.begin(), before_.end(), position);
  const auto block = static_cast<std::size_t>(after - before_.begin()) - 1;
  quint64 left = position - before_[block];
  for (std::size_t word = block * block_words; word < words_.size(); ++word) {
    quint64 bits = words_[word];
    if (left >= ones(bits)) {
      left -= ones(bits);
      continue;
    }
    for (; left > 0; --left) bits &= bits - 1;
    return word * word_bits + static_cast<quint64>(std::countr_zero(bits)) + 1;
  }
  return 0;
}

}  // namespace conclave::desktop
