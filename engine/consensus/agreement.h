// How far two judges agree, from pairs of what each said of the same thing.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace conclave::consensus {

// Cohen's kappa (J. Cohen, "A coefficient of agreement for nominal scales", 1960): agreement beyond what two judges with these
// frequencies of labels would reach by chance. The labels are borrowed and must outlive this.
class Agreement {
 public:
  void add(std::string_view first, std::string_view second);

  [[nodiscard]] std::uint64_t pairs() const { return pairs_; }
  [[nodiscard]] double share() const;  // of pairs with the same label; NaN without pairs
  // 1: always the same; 0: as by chance; negative: less than that. NaN without pairs, or if both always said one and the same
  // label, where chance explains everything.
  [[nodiscard]] double kappa() const;

 private:
  struct Label {
    std::string_view text;
    std::array<std::uint64_t, 2> said{};  // by the first and by the second judge
  };
  std::size_t place_of(std::string_view label);

  std::uint64_t pairs_ = 0;
  std::uint64_t same_ = 0;
  std::vector<Label> labels_;
  std::unordered_map<std::string_view, std::size_t> places_;  // of labels beyond the first few
};

}  // namespace conclave::consensus
