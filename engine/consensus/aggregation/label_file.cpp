#include "engine/consensus/aggregation/label_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "engine/base/text.h"
#include "engine/consensus/aggregation/label_csv.h"

namespace conclave::consensus {
namespace {

using nlohmann::json;

constexpr std::size_t most_probabilities = std::size_t{1} << 27U;
constexpr std::string_view other_expert = "worker";

struct Row {
  std::string item;
  std::string expert;
  std::string label;
  std::optional<double> probability;
  std::string truth;  // empty: not known
};

// Names in the order in which they come; to be sorted at the end.
class Names {
 public:
  std::uint32_t number(std::string name) {
    return numbers_.try_emplace(std::move(name), static_cast<std::uint32_t>(numbers_.size())).first->second;
  }
  // The names, sorted, and by number its place among them.
  [[nodiscard]] std::pair<std::vector<std::string>, std::vector<std::uint32_t>> sorted() && {
    std::vector<std::pair<std::string, std::uint32_t>> all(numbers_.begin(), numbers_.end());
    std::sort(all.begin(), all.end());
    std::vector<std::uint32_t> places(all.size());
    std::vector<std::string> names;
    for (auto& [name, number] : all) {
      places[number] = static_cast<std::uint32_t>(names.size());
      names.push_back(std::move(name));
    }
    return {std::move(names), std::move(places)};
  }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

std::optional<std::string> wrong_name(std::string_view name, std::string_view called) {
  if (name.empty()) return "the " + std::string(called) + " is empty";
  if (find_invalid_utf8(name) != std::string_view::npos) return "the " + std::string(called) + " is not UTF-8";
  return std::nullopt;
}

Result<Grid> opinion_rows(std::size_t opinions, std::size_t classes) {
  if (opinions > 0 && classes > most_probabilities / opinions)
    return fail(ErrorKind::limit, "probabilities of all classes take more than 1 GiB of memory");
  return Grid(opinions, classes);
}

class Table {
 public:
  // What is wrong with the row, or nothing.
  std::optional<std::string> add(Row row) {
    if (auto problem = wrong_name(row.item, "item")) return problem;
    if (auto problem = wrong_name(row.expert, "expert")) return problem;
    if (auto problem = wrong_name(row.label, "label")) return problem;
    if (!row.truth.empty()) {
      if (auto problem = wrong_name(row.truth, "truth")) return problem;
      const auto [known, is_new] = truths_.try_emplace(row.item, row.truth);
      if (!is_new && known->second != row.truth)
        return "item " + row.item + " has two truths, " + known->second + " and " + row.truth;
    }
    has_opinions_ = has_opinions_ || row.probability;
    items_of_.push_back(items_.number(std::move(row.item)));
    experts_of_.push_back(experts_.number(std::move(row.expert)));
    labels_of_.push_back(classes_.number(std::move(row.label)));
    probabilities_.push_back(row.probability.value_or(1.0));
    return std::nullopt;
  }

  // Once.
  Result<NamedLabels> named(const Truths& others, const std::string& file) {
    for (const auto& [item, truth] : others) {
      const auto [known, is_new] = truths_.try_emplace(item, truth);
      if (!is_new && known->second != truth)
        return fail(ErrorKind::parse, "item " + item + " has two truths, " + known->second + " and " + truth, file);
    }
    for (const auto& [item, truth] : truths_) (void)classes_.number(truth);
    auto [items, item_places] = std::move(items_).sorted();
    auto [experts, expert_places] = std::move(experts_).sorted();
    auto [classes, class_places] = std::move(classes_).sorted();
    for (std::uint32_t& item : items_of_) item = item_places[item];
    for (std::uint32_t& expert : experts_of_) expert = expert_places[expert];
    for (std::uint32_t& label : labels_of_) label = class_places[label];

    std::vector<std::int32_t> truth(truths_.empty() ? 0 : items.size(), -1);
    for (const auto& [item, label] : truths_) {
      const auto place = std::lower_bound(items.begin(), items.end(), item);
      if (place == items.end() || *place != item)
        return fail(ErrorKind::parse, "the truth of item " + item + " is given, which nobody labelled", file);
      truth[static_cast<std::size_t>(place - items.begin())] =
          static_cast<std::int32_t>(std::lower_bound(classes.begin(), classes.end(), label) - classes.begin());
    }
    std::optional<NamedOpinions> opinions;
    if (has_opinions_) {
      auto collected = collect_opinions(items, experts, classes, file);
      if (!collected) return tl::unexpected(collected.error());
      opinions = std::move(*collected);
    }
    LabelTable table({items_of_, experts_of_, labels_of_}, {items.size(), experts.size(), classes.size()});
    return NamedLabels{std::move(items), std::move(experts), std::move(classes),
                       std::move(table), std::move(truth),   std::move(opinions)};
  }

 private:
  // What an expert holds possible of an item becomes one opinion, and one row with its most probable label.
  Result<NamedOpinions> collect_opinions(const std::vector<std::string>& items, const std::vector<std::string>& experts,
                                         const std::vector<std::string>& classes, const std::string& file) {
    std::vector<std::size_t> order(items_of_.size());
    for (std::size_t row = 0; row < order.size(); ++row) order[row] = row;
    const auto key = [&](std::size_t row) { return std::tuple(items_of_[row], experts_of_[row], labels_of_[row]); };
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
    const auto same = [&](std::size_t a, std::size_t b) {
      return items_of_[a] == items_of_[b] && experts_of_[a] == experts_of_[b];
    };
    NamedOpinions out;
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (i > 0 && same(order[i - 1], order[i])) continue;
      out.items.push_back(items_of_[order[i]]);
      out.experts.push_back(experts_of_[order[i]]);
    }
    auto rows = opinion_rows(out.items.size(), classes.size());
    if (!rows) return fail(rows.error().kind, rows.error().message, file);
    out.probabilities = std::move(*rows);
    std::vector<std::uint32_t> labels(out.items.size());
    std::size_t begin = 0;
    for (std::size_t opinion = 0; opinion < out.items.size(); ++opinion) {
      std::size_t end = begin;
      double total = 0.0;
      double highest = -1.0;
      for (; end < order.size() && same(order[begin], order[end]); ++end) {
        const std::size_t row = order[end];
        const std::string whose = "expert " + experts[experts_of_[row]] + " for item " + items[items_of_[row]];
        if (end > begin && labels_of_[order[end - 1]] == labels_of_[row])
          return fail(ErrorKind::parse, "label " + classes[labels_of_[row]] + " has two probabilities of " + whose, file);
        total += probabilities_[row];
        out.probabilities.row(opinion)[labels_of_[row]] = probabilities_[row];
        if (probabilities_[row] > highest) labels[opinion] = labels_of_[row];
        highest = std::max(highest, probabilities_[row]);
      }
      if (std::abs(total - 1.0) > 1e-6) {
        return fail(ErrorKind::parse,
                    "the probabilities of expert " + experts[out.experts[opinion]] + " for item " + items[out.items[opinion]] +
                        " add up to " + json(total).dump() + ", not to 1",
                    file);
      }
      for (double& share : out.probabilities.row(opinion)) share /= total;
      begin = end;
    }
    items_of_ = out.items;
    experts_of_ = out.experts;
    labels_of_ = std::move(labels);
    return out;
  }

  Names items_;
  Names experts_;
  Names classes_;
  std::vector<std::uint32_t> items_of_;
  std::vector<std::uint32_t> experts_of_;
  std::vector<std::uint32_t> labels_of_;
  std::vector<double> probabilities_;
  bool has_opinions_ = false;
  Truths truths_;
};

std::optional<double> probability_from(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0.0 && value <= 1.0)) return std::nullopt;
  return value;
}

// Calls row(fields) for each record; that returns what is wrong with it. `fields` are in the order of `names`; where a column
// that is not among the first `needed` is missing, empty.
template <std::size_t Columns, class OnRow>
Result<void> read_csv(std::string_view text, const std::string& file, const std::array<std::string_view, Columns>& names,
                      std::size_t needed, const OnRow& on_row) {
  CsvRecords records(text);
  std::vector<std::string> fields;
  records.next(fields);
  std::array<std::optional<std::size_t>, Columns> places;
  for (std::size_t column = 0; column < Columns; ++column) {
    auto found = std::find(fields.begin(), fields.end(), names[column]);
    if (found == fields.end() && names[column] == "expert") found = std::find(fields.begin(), fields.end(), other_expert);
    if (found != fields.end()) places[column] = static_cast<std::size_t>(found - fields.begin());
    if (column < needed && !places[column])
      return fail(ErrorKind::parse, "no column is called " + std::string(names[column]), file + ":1");
  }
  const std::size_t width = fields.size();
  while (records.next(fields)) {
    const std::string where = file + ":" + std::to_string(records.line());
    if (records.unclosed()) return fail(ErrorKind::parse, "a quote is not closed", where);
    if (fields.size() == 1 && fields.front().empty()) continue;
    if (fields.size() != width) {
      return fail(ErrorKind::parse, "has " + std::to_string(fields.size()) + " columns, the first line " + std::to_string(width),
                  where);
    }
    std::array<std::string, Columns> ordered;
    for (std::size_t column = 0; column < Columns; ++column) {
      if (places[column]) ordered[column] = std::move(fields[*places[column]]);
    }
    if (auto problem = on_row(std::move(ordered))) return fail(ErrorKind::parse, std::move(*problem), where);
  }
  return {};
}

// A name as it is written in JSON; nothing for what is no name.
std::optional<std::string> name_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return std::nullopt;
}

// What is wrong with the row, or nothing.
std::optional<std::string> add_json(const json& given, Table& table) {
  if (!given.is_object()) return "is not an object {item, expert, label}";
  const auto member = [&](std::string_view key) {
    const auto found = given.find(key);
    return found == given.end() ? json(nullptr) : *found;
  };
  const auto item = name_of(member("item"));
  const auto expert = name_of(member(given.contains("expert") ? "expert" : other_expert));
  const json label = member("label");
  const json truth = member("truth");
  if (!item) return "has no item that is a text or a number";
  if (!expert) return "has no expert that is a text or a number";
  if (!truth.is_null() && !name_of(truth)) return "has a truth that is no text or number";
  Row row{*item, *expert, {}, {}, truth.is_null() ? "" : *name_of(truth)};
  if (!label.is_object()) {
    if (!name_of(label)) return "has no label that is a text, a number or an object of probabilities";
    row.label = *name_of(label);
    return table.add(std::move(row));
  }
  if (label.empty()) return "has no probabilities";
  for (const auto& [name, share] : label.items()) {
    if (!share.is_number() || !(share.get<double>() >= 0.0 && share.get<double>() <= 1.0))
      return "the probability of " + name + " is not a number from 0 to 1";
    row.label = name;
    row.probability = share.get<double>();
    if (auto problem = table.add(row)) return problem;
  }
  return std::nullopt;
}

std::optional<std::string> add_truth(std::string item, std::string truth, Truths& truths) {
  if (auto problem = wrong_name(item, "item")) return problem;
  if (auto problem = wrong_name(truth, "truth")) return problem;
  const auto [known, is_new] = truths.try_emplace(std::move(item), std::move(truth));
  if (!is_new) return "item " + known->first + " is there twice";
  return std::nullopt;
}

}  // namespace

Result<NamedOpinions> certain_opinions(const LabelTable& table) {
  auto rows = opinion_rows(table.marks(), table.classes());
  if (!rows) return tl::unexpected(rows.error());
  NamedOpinions out;
  out.probabilities = std::move(*rows);
  for (std::uint32_t item = 0; item < table.items(); ++item) {
    for (const Mark& mark : table.of_item(item)) {
      out.probabilities.row(out.items.size())[mark.label] = 1.0;
      out.items.push_back(item);
      out.experts.push_back(mark.other);
    }
  }
  return out;
}

Result<NamedLabels> labels_from_csv(std::string_view text, const std::string& file, const Truths& truths) {
  constexpr std::array<std::string_view, 5> names{"item", "expert", "label", "probability", "truth"};
  Table table;
  const auto read = read_csv(text, file, names, 3, [&](std::array<std::string, 5>&& fields) -> std::optional<std::string> {
    auto& [item, expert, label, probability, truth] = fields;
    Row row{std::move(item), std::move(expert), std::move(label), {}, std::move(truth)};
    if (!probability.empty()) {
      row.probability = probability_from(probability);
      if (!row.probability) return "the probability is not a number from 0 to 1";
    }
    return table.add(std::move(row));
  });
  if (!read) return tl::unexpected(read.error());
  return table.named(truths, file);
}

Result<NamedLabels> labels_from_json(const json& given, const std::string& file, const Truths& truths) {
  if (!given.is_array()) return fail(ErrorKind::parse, "is not an array of {item, expert, label}", file);
  Table table;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (auto problem = add_json(given[i], table))
      return fail(ErrorKind::parse, "row " + std::to_string(i) + ": " + *problem, file);
  }
  return table.named(truths, file);
}

Result<Truths> truths_from_csv(std::string_view text, const std::string& file) {
  constexpr std::array<std::string_view, 2> names{"item", "truth"};
  Truths out;
  const auto read = read_csv(text, file, names, 2, [&](std::array<std::string, 2>&& fields) {
    return add_truth(std::move(fields[0]), std::move(fields[1]), out);
  });
  if (!read) return tl::unexpected(read.error());
  return out;
}

Result<Truths> truths_from_json(const json& given, const std::string& file) {
  if (!given.is_object()) return fail(ErrorKind::parse, "is not an object from item to truth", file);
  Truths out;
  for (const auto& [item, truth] : given.items()) {
    const auto name = name_of(truth);
    if (!name) return fail(ErrorKind::parse, "the truth of item " + item + " is no text or number", file);
    if (auto problem = add_truth(item, *name, out)) return fail(ErrorKind::parse, std::move(*problem), file);
  }
  return out;
}

}  // namespace conclave::consensus
