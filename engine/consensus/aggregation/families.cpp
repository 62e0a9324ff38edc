// Two experts who never saw each other's answers agree because both are often right, and where they err, they seldom err alike:
// each agrees with the truth at least about as often as with the other. Near-copies agree with each other far more often than
// with the truth. So a pair is compared, on the items it has in common, with what its tables of errors predict if it errs
// independently, and with its accuracies themselves, which leaves room for errors that hard items draw from everybody. Agreement
// beyond that is the share of answers that were copied; from 0.7 on the pair is a family, unless chance explains it: a likelihood
// ratio against the binomial, with Bonferroni's correction for the pairs compared.
//
// The first estimate of the truth must not come from the copies, which would take themselves for it: it is that of Dawid and
// Skene's model after all who agree about as often as the pair are one voice. Raw agreement alone marks honest experts (84 % of
// the pairs of one crowd agree on 80 %), so it only says whom to compare; from agreement on nearly everything downwards, so that
// exact copies do not hide behind pairs that are merely good.
//
// Two who know among many who guess look like two copies of a guesser. So nobody is merged unless the others, without the family,
// know something together: their alpha (K. Krippendorff), stepped up to as many voices as an item has (C. Spearman and W. Brown,
// 1910), must reach a half. Where the truth of every item is known, that needs no others.
#include "engine/consensus/aggregation/families.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "engine/consensus/aggregation/dawid_skene.h"

namespace conclave::consensus {
namespace {

constexpr std::size_t fewest_items = 20;
constexpr std::size_t most_compared = 1000;
constexpr std::size_t most_classes = 64;  // of which tables of errors are made
constexpr std::size_t most_cells = std::size_t{1} << 24U;
constexpr double shared_labels = 10.0;
constexpr double enough_pairs_of_labels = 1e8;
constexpr double copied = 0.7;
constexpr double unlikely = 5.0;  // nats beyond the logarithm of the number of pairs: about one in 150
constexpr std::array cuts{0.98, 0.95, 0.9, 0.85, 0.8};
constexpr double others_know = 0.5;
constexpr std::size_t few_voices = 50;  // of more than so many one does not matter for what they know together
constexpr std::uint32_t nobody = 0xffffffffU;

class Groups {
 public:
  explicit Groups(std::size_t count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), 0U); }
  std::uint32_t root(std::uint32_t member) {
    while (parent_[member] != member) member = parent_[member] = parent_[parent_[member]];
    return member;
  }
  void join(std::uint32_t a, std::uint32_t b) {
    const std::uint32_t one = root(a);
    const std::uint32_t other = root(b);
    parent_[std::max(one, other)] = std::min(one, other);
  }
  [[nodiscard]] Families families() {
    Families out;
    std::vector<std::uint32_t> numbers(parent_.size(), nobody);
    for (std::uint32_t member = 0; member < parent_.size(); ++member) {
      std::uint32_t& number = numbers[root(member)];
      if (number == nobody) number = static_cast<std::uint32_t>(out.count++);
      out.of_expert.push_back(number);
    }
    return out;
  }

 private:
  std::vector<std::uint32_t> parent_;
};

struct Pair {
  std::uint32_t a = 0;  // experts
  std::uint32_t b = 0;
  double items = 0;  // in common
  double same = 0;
  [[nodiscard]] double agreement() const { return same / items; }
};

// Those who agree often enough to be compared.
std::vector<Pair> close_pairs(const Crowd& crowd, std::size_t step) {
  const LabelTable& table = crowd.table;
  std::vector<std::uint32_t> active;
  for (std::uint32_t e = 0; e < table.experts(); ++e) {
    if (table.of_expert(e).size() >= fewest_items) active.push_back(e);
  }
  const auto more = [&](std::uint32_t a, std::uint32_t b) { return table.of_expert(a).size() > table.of_expert(b).size(); };
  std::stable_sort(active.begin(), active.end(), more);
  active.resize(std::min(active.size(), most_compared));
  std::sort(active.begin(), active.end());
  std::vector<std::uint32_t> place(table.experts(), nobody);
  for (std::uint32_t i = 0; i < active.size(); ++i) place[active[i]] = i;
  const std::size_t n = active.size();
  std::vector<std::uint32_t> items(n * n, 0);
  std::vector<std::uint32_t> same(n * n, 0);
  std::vector<Mark> present;  // of active experts, by their place
  for (std::size_t item = 0; item < table.items() && !crowd.job.stopped(); item += step) {
    present.clear();
    for (const Mark& mark : table.of_item(item)) {
      if (place[mark.other] != nobody) present.push_back({place[mark.other], mark.label});
    }
    for (std::size_t i = 0; i < present.size(); ++i) {
      for (std::size_t j = i + 1; j < present.size(); ++j) {
        const std::size_t cell = present[i].other * n + present[j].other;
        ++items[cell];
        same[cell] += present[i].label == present[j].label ? 1 : 0;
      }
    }
  }
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      const Pair pair{active[i], active[j], static_cast<double>(items[i * n + j]), static_cast<double>(same[i * n + j])};
      if (items[i * n + j] >= fewest_items && pair.agreement() >= cuts.back()) pairs.push_back(pair);
    }
  }
  return pairs;
}

constexpr Stopping roughly{1e-3, 50};

Grid first_estimate(const Crowd& voices) {
  const std::size_t classes = voices.table.classes();
  if (classes > most_classes || voices.table.experts() * classes * classes > most_cells)
    return fit_one_coin(voices, roughly).posterior;
  return fit_dawid_skene(voices, shared_labels, roughly).posterior;
}

// How often the pair would agree on the items that it has in common, going by how each labels those of each class; at least how
// often the better of them is right there.
double predicted_agreement(const LabelTable& table, const Grid& truth, const Pair& pair) {
  const std::size_t classes = table.classes();
  const std::size_t cells = classes <= most_classes ? classes * classes : 0;
  std::array<std::vector<double>, 2> said{std::vector<double>(cells), std::vector<double>(cells)};  // classes x labels
  std::vector<double> of_class(classes);
  std::array<double, 2> right{};
  double items = 0.0;
  const auto a = table.of_expert(pair.a);
  const auto b = table.of_expert(pair.b);
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i].other != b[j].other) {
      ++(a[i].other < b[j].other ? i : j);
      continue;
    }
    const auto shares = truth.row(a[i].other);
    const std::array labels{a[i++].label, b[j++].label};
    items += 1.0;
    for (std::size_t who = 0; who < 2; ++who) {
      right[who] += shares[labels[who]];
      for (std::size_t c = 0; cells > 0 && c < classes; ++c) said[who][c * classes + labels[who]] += shares[c];
    }
    for (std::size_t c = 0; c < classes; ++c) of_class[c] += shares[c];
  }
  double by_tables = 0.0;
  for (std::size_t cell = 0; cell < cells; ++cell) {
    if (of_class[cell / classes] > 0.0) by_tables += said[0][cell] * said[1][cell] / of_class[cell / classes];
  }
  return std::max({by_tables, right[0], right[1]}) / items;
}

// How much voices other than `left_out` know together: 0 nothing, 1 all.
double shared_knowledge(const LabelTable& voices, std::uint32_t left_out) {
  std::vector<double> totals(voices.classes(), 0.0);
  double labels = 0.0;
  double items = 0.0;
  double disagreement = 0.0;
  std::vector<double> counts(voices.classes(), 0.0);
  for (std::size_t item = 0; item < voices.items(); ++item) {
    double own = 0.0;
    for (const Mark& mark : voices.of_item(item)) {
      if (mark.other == left_out) continue;
      counts[mark.label] += 1.0;
      own += 1.0;
    }
    double pairs = 0.0;  // that differ
    for (const Mark& mark : voices.of_item(item)) {
      if (mark.other != left_out) pairs += own - counts[mark.label];
    }
    for (const Mark& mark : voices.of_item(item)) {
      if (mark.other != left_out && own > 1.0) totals[mark.label] += 1.0;
    }
    for (const Mark& mark : voices.of_item(item)) counts[mark.label] = 0.0;
    if (own < 2.0) continue;
    labels += own;
    items += 1.0;
    disagreement += pairs / (own - 1.0);
  }
  double expected = 0.0;
  for (const double total : totals) expected += total * (labels - total);
  if (expected == 0.0) return 0.0;
  const double alpha = 1.0 - (labels - 1.0) * disagreement / expected;
  const double voices_of_item = labels / items;
  return alpha <= 0.0 ? 0.0 : voices_of_item * alpha / (1.0 + (voices_of_item - 1.0) * alpha);
}

bool are_copies(const Pair& pair, double predicted, std::size_t compared) {
  const double expected = std::min(predicted, 1.0 - 1e-9);
  const double agreement = pair.agreement();
  if (agreement - expected < copied * (1.0 - expected)) return false;
  double surprise = agreement * std::log(agreement / expected);
  if (agreement < 1.0) surprise += (1.0 - agreement) * std::log((1.0 - agreement) / (1.0 - expected));
  return pair.items * surprise > unlikely + std::log(static_cast<double>(compared));
}

}  // namespace

Families find_families(const Crowd& crowd) {
  const LabelTable& table = crowd.table;
  Groups found(table.experts());
  double work = 0.0;
  for (std::size_t item = 0; item < table.items(); ++item) {
    work += static_cast<double>(table.of_item(item).size() * table.of_item(item).size());
  }
  const bool all_known =
      !crowd.truth.empty() && std::none_of(crowd.truth.begin(), crowd.truth.end(), [](std::int32_t known) { return known < 0; });
  const auto pairs = close_pairs(crowd, 1 + static_cast<std::size_t>(work / enough_pairs_of_labels));
  for (const double cut : cuts) {
    Groups close = found;
    bool any = false;
    for (const Pair& pair : pairs) {
      if (pair.agreement() < cut || found.root(pair.a) == found.root(pair.b)) continue;
      close.join(pair.a, pair.b);
      any = true;
    }
    if (!any || crowd.job.stopped()) continue;
    const Families speakers = close.families();
    const LabelTable voices = merged_families(table, speakers);
    std::vector<std::optional<double>> known(voices.experts());
    const auto others = [&](std::uint32_t expert) {
      if (all_known) return 1.0;
      const std::uint32_t voice = voices.experts() > few_voices ? nobody : speakers.of_expert[expert];
      std::optional<double>& knowledge = known[voice == nobody ? 0 : voice];
      if (!knowledge) knowledge = shared_knowledge(voices, voice);
      return *knowledge;
    };
    const Grid truth = first_estimate({voices, crowd.truth, crowd.job, crowd.seed});
    for (const Pair& pair : pairs) {
      if (pair.agreement() < cut || crowd.job.stopped() || others(pair.a) < others_know) continue;
      if (are_copies(pair, predicted_agreement(table, truth, pair), pairs.size())) found.join(pair.a, pair.b);
    }
  }
  return found.families();
}

LabelTable merged_families(const LabelTable& table, const Families& families) {
  std::vector<std::uint32_t> items;
  std::vector<std::uint32_t> experts;
  std::vector<std::uint32_t> labels;
  std::vector<std::uint32_t> votes(table.classes(), 0);
  std::vector<std::uint32_t> own(table.classes(), 0);
  std::vector<std::uint32_t> members(families.count, 0);
  for (const std::uint32_t family : families.of_expert) ++members[family];
  for (std::uint32_t item = 0; item < table.items(); ++item) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> said;  // by family
    for (const Mark& mark : table.of_item(item)) {
      said.emplace_back(families.of_expert[mark.other], mark.label);
      ++votes[mark.label];
    }
    std::sort(said.begin(), said.end());
    // Of labels that as many members say, the one that has more votes of others; if that does not tell, the family is silent.
    for (std::size_t begin = 0, end = 0; begin < said.size(); begin = end) {
      const std::uint32_t family = said[begin].first;
      if (members[family] == 1) {
        items.push_back(item);
        experts.push_back(family);
        labels.push_back(said[begin].second);
        end = begin + 1;
        continue;
      }
      for (end = begin; end < said.size() && said[end].first == family; ++end) ++own[said[end].second];
      const auto key = [&](std::uint32_t label) { return std::pair(own[label], votes[label]); };
      std::uint32_t best = said[begin].second;
      for (std::size_t i = begin; i < end; ++i) best = key(said[i].second) > key(best) ? said[i].second : best;
      const bool tied =
          std::any_of(said.begin() + static_cast<std::ptrdiff_t>(begin), said.begin() + static_cast<std::ptrdiff_t>(end),
                      [&](const auto& each) { return each.second != best && key(each.second) == key(best); });
      if (!tied) {
        items.push_back(item);
        experts.push_back(family);
        labels.push_back(best);
      }
      for (std::size_t i = begin; i < end; ++i) own[said[i].second] = 0;
    }
    for (const Mark& mark : table.of_item(item)) votes[mark.label] = 0;
  }
  return LabelTable({items, experts, labels}, {table.items(), families.count, table.classes()});
}

}  // namespace conclave::consensus
