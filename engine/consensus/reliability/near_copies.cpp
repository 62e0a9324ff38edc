#include "engine/consensus/reliability/near_copies.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include "engine/base/job.h"
#include "engine/consensus/aggregation/families.h"

namespace conclave::consensus {

std::vector<std::vector<std::string>> learn_near_copies(std::span<const JudgedScope> answers) {
  std::map<std::string, std::uint32_t> experts;
  for (const JudgedScope& answer : answers) {
    for (const Opinion* vote : answer.votes) experts.emplace(vote->expert, 0);
  }
  if (experts.size() < 2) return {};
  std::uint32_t next = 0;
  for (auto& [name, number] : experts) number = next++;
  std::vector<std::uint32_t> items;
  std::vector<std::uint32_t> who;
  std::vector<std::uint32_t> labels;
  std::vector<std::int32_t> truth;
  for (const JudgedScope& answer : answers) {
    for (const Opinion* vote : answer.votes) {
      items.push_back(static_cast<std::uint32_t>(truth.size()));
      who.push_back(experts.at(vote->expert));
      labels.push_back(static_cast<std::uint32_t>(answer.label_of(*vote)));
    }
    truth.push_back(static_cast<std::int32_t>(*answer.truth()));
  }
  const LabelTable table({items, who, labels}, {truth.size(), experts.size(), answers.front().possible.size()});
  Job job("learning who repeats whom");
  const Families families = find_families({table, truth, job, 0});
  std::map<std::uint32_t, std::vector<std::string>> members;
  for (const auto& [name, number] : experts) members[families.of_expert[number]].push_back(name);
  std::vector<std::vector<std::string>> out;
  for (auto& [family, names] : members) {
    if (names.size() > 1) out.push_back(std::move(names));
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace conclave::consensus
