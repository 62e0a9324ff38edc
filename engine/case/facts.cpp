#include "engine/case/facts.h"

#include <vector>

namespace conclave {

Result<EvidencePtr> with_facts(const Evidence& evidence, std::span<const Fact> facts) {
  std::vector<Fact> rows;
  for (std::size_t row = 0; row < evidence.rows("facts.name"); ++row) {
    rows.push_back({std::string(evidence.text("facts.name", row)), std::string(evidence.text("facts.json", row)),
                    std::string(evidence.text("facts.hook", row))});
  }
  for (const Fact& fact : facts) {
    std::erase_if(rows, [&](const Fact& row) { return row.name == fact.name; });
    rows.push_back(fact);
  }
  std::vector<std::string> names;
  std::vector<std::string> values;
  std::vector<std::string> hooks;
  for (Fact& row : rows) {
    names.push_back(std::move(row.name));
    values.push_back(std::move(row.json));
    hooks.push_back(std::move(row.hook));
  }
  EvidenceBuilder builder;
  builder.add_texts("facts.name", names);
  builder.add_texts("facts.json", values);
  builder.add_texts("facts.hook", hooks);
  builder.add_missing_from(evidence);
  return std::move(builder).seal();
}

}  // namespace conclave
