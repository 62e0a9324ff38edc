// Tables of labels as people keep them: who gave which label to what, by name.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/consensus/aggregation/label_table.h"

namespace conclave::consensus {

// What experts gave instead of labels: a distribution over the classes for each row.
struct NamedOpinions {
  std::vector<std::uint32_t> items;
  std::vector<std::uint32_t> experts;
  Grid probabilities;
};

struct NamedLabels {
  std::vector<std::string> items;  // names, sorted, each once; valid UTF-8
  std::vector<std::string> experts;
  std::vector<std::string> classes;
  LabelTable table;                       // of an opinion its most probable class, the first of several
  std::vector<std::int32_t> truth;        // by item its class, -1 where it is not known; empty: of none
  std::optional<NamedOpinions> opinions;  // if a row has a probability
};

// Labels as opinions that are certain. Errors: limit, for more than 1 GiB of numbers.
[[nodiscard]] Result<NamedOpinions> certain_opinions(const LabelTable& table);

// By item its true label.
using Truths = std::map<std::string, std::string>;

// Comma-separated values whose first line names the columns, in any order and among others: item, expert (or worker) and label;
// if there is a column `probability`, a row says how probable the expert holds the label (empty: certain), and there are as many
// rows as it holds labels possible; if there is a column `truth`, it has the true label of the item, or nothing. An empty line
// is skipped. `truths` are those known from elsewhere.
//
// Errors: parse, `where` being file:line of the record, for a missing column, a record that is not whole, an empty name, what is
// no probability, an unclosed quote and what is not UTF-8; where it is the file, for probabilities of an expert for an item that
// do not add up to 1, for two truths of an item, and for one of an item without a label. Limit: more than 1 GiB of numbers.
[[nodiscard]] Result<NamedLabels> labels_from_csv(std::string_view text, const std::string& file, const Truths& truths = {});

// An array of objects {"item", "expert" (or "worker"), "label", "truth" (may be missing or null)}, of texts, numbers or booleans;
// a label may also be an object from label to probability. Errors as above; `where` is the file, and messages count rows from 0.
[[nodiscard]] Result<NamedLabels> labels_from_json(const nlohmann::json& json, const std::string& file,
                                                   const Truths& truths = {});

// Columns item and truth, or an object from item to truth. Errors: parse.
[[nodiscard]] Result<Truths> truths_from_csv(std::string_view text, const std::string& file);
[[nodiscard]] Result<Truths> truths_from_json(const nlohmann::json& json, const std::string& file);

}  // namespace conclave::consensus
