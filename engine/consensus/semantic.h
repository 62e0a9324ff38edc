// Texts compared by what they mean: by vectors that somebody else made of them. This room calls nobody.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/consensus/response.h"

namespace conclave::consensus {

// n x n over all responses as they were given, in [0, 1].
using Agreements = std::vector<std::vector<double>>;

// Of the responses that answered with a text, in their order: valid UTF-8.
[[nodiscard]] std::vector<std::string> texts_to_embed(std::span<const ExpertResponse> responses);

// `vectors` holds one list of numbers for each of those texts, and is not trusted: kind circle for another number of them,
// different dimensions, none, or what is no finite number. Cosine, and 0 where that is negative or a vector is zero, which has no
// direction. Texts that are empty are 1 to each other, and 0 to others; so is what did not answer.
[[nodiscard]] Result<Agreements> semantic_agreements(std::span<const ExpertResponse> responses, const nlohmann::json& vectors);

// The same for texts that are all given: n x n.
[[nodiscard]] Result<Agreements> semantic_similarities(const nlohmann::json& vectors, std::size_t texts);

}  // namespace conclave::consensus
