// What on_evidence hooks add to the evidence.
#pragma once

#include <span>
#include <string>

#include "engine/case/evidence.h"

namespace conclave {

struct Fact {
  std::string name;
  std::string json;  // valid JSON text
  std::string hook;  // the plugin
};

// New evidence with its facts and those given; one that is added replaces one of the same name.
[[nodiscard]] Result<EvidencePtr> with_facts(const Evidence& evidence, std::span<const Fact> facts);

}  // namespace conclave
