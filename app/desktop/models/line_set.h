// A set of line numbers: which lines a filter lets through, which lines match.
#pragma once

#include <QtGlobal>
#include <memory>
#include <vector>

namespace conclave::desktop {

// One bit per line and one count per 512 lines: 0.14 bytes per line of the log, however many are in the set. Lines are 1-based.
// Immutable; any thread.
class LineSet {
 public:
  // Bit i of `words` is line i + 1; bits behind the last line are 0.
  explicit LineSet(std::vector<quint64> words);
  [[nodiscard]] static std::shared_ptr<const LineSet> intersection(const LineSet& a, const LineSet& b);

  // Also the `around` lines before and after each, of a log with so many lines.
  [[nodiscard]] static std::shared_ptr<const LineSet> widened(const LineSet& set, quint64 around, quint64 lines);

  [[nodiscard]] const std::vector<quint64>& words() const { return words_; }
  [[nodiscard]] quint64 count() const { return before_.back(); }
  [[nodiscard]] bool contains(quint64 line) const;
  [[nodiscard]] quint64 countBefore(quint64 line) const;  // lines of the set that are smaller than `line`
  [[nodiscard]] quint64 at(quint64 position) const;       // the line at a 0-based position; 0 if there is none

 private:
  std::vector<quint64> words_;
  std::vector<quint64> before_;  // lines before each block of words; last: all
};

using LineSetPtr = std::shared_ptr<const LineSet>;

}  // namespace conclave::desktop
