#include "engine/consensus/semantic.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/base/text.h"

namespace conclave::consensus {
namespace {

constexpr std::size_t most_dimensions = 65'536;

tl::unexpected<Error> refused(std::string why) { return fail(ErrorKind::circle, std::move(why)); }

bool has_text(const ExpertResponse& response) { return response.status == Status::answered && !response.content.empty(); }

// Of length 1, or zero.
Result<std::vector<double>> direction(const nlohmann::json& row, std::size_t number) {
  const std::string which = "vector " + std::to_string(number);
  if (!row.is_array()) return refused(which + " is no list of numbers");
  if (row.empty()) return refused(which + " has no dimensions");
  if (row.size() > most_dimensions) return refused(which + " has more than 65536 dimensions");
  std::vector<double> vector;
  vector.reserve(row.size());
  double largest = 0;
  for (const nlohmann::json& value : row) {
    if (!value.is_number() || !std::isfinite(value.get<double>()))
      return refused(which + " holds something that is no finite number");
    vector.push_back(value.get<double>());
    largest = std::max(largest, std::abs(vector.back()));
  }
  if (largest == 0) return vector;
  for (double& value : vector) value /= largest;  // so that no square is infinite or vanishes
  const double length = std::sqrt(std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0));
  for (double& value : vector) value /= length;
  return vector;
}

}  // namespace

std::vector<std::string> texts_to_embed(std::span<const ExpertResponse> responses) {
  std::vector<std::string> texts;
  for (const ExpertResponse& response : responses) {
    if (has_text(response)) texts.push_back(valid_utf8(response.content));
  }
  return texts;
}

Result<Agreements> semantic_similarities(const nlohmann::json& vectors, std::size_t texts) {
  if (!vectors.is_array()) return refused("an embedding returns a list of vectors");
  if (vectors.size() != texts)
    return refused(std::to_string(vectors.size()) + " vectors for " + std::to_string(texts) + (texts == 1 ? " text" : " texts"));
  std::vector<std::vector<double>> directions;
  for (std::size_t i = 0; i < texts; ++i) {
    auto one = direction(vectors[i], i + 1);
    if (!one) return tl::unexpected(std::move(one.error()));
    if (i > 0 && one->size() != directions.front().size())
      return refused("vector " + std::to_string(i + 1) + " has " + std::to_string(one->size()) + " dimensions, and the first " +
                     std::to_string(directions.front().size()));
    directions.push_back(std::move(*one));
  }
  Agreements similar(texts, std::vector<double>(texts, 0.0));
  for (std::size_t i = 0; i < texts; ++i) {
    similar[i][i] = 1;
    for (std::size_t j = i + 1; j < texts; ++j) {
      const double cosine = std::inner_product(directions[i].begin(), directions[i].end(), directions[j].begin(), 0.0);
      similar[i][j] = similar[j][i] = std::clamp(cosine, 0.0, 1.0);
    }
  }
  return similar;
}

Result<Agreements> semantic_agreements(std::span<const ExpertResponse> responses, const nlohmann::json& vectors) {
  std::vector<std::size_t> with_text;
  for (std::size_t i = 0; i < responses.size(); ++i) {
    if (has_text(responses[i])) with_text.push_back(i);
  }
  const auto similar = semantic_similarities(vectors, with_text.size());
  if (!similar) return similar;
  Agreements all(responses.size(), std::vector<double>(responses.size(), 0.0));
  for (std::size_t i = 0; i < responses.size(); ++i) {
    for (std::size_t j = 0; j < responses.size(); ++j) all[i][j] = !has_text(responses[i]) && !has_text(responses[j]) ? 1 : 0;
  }
  for (std::size_t i = 0; i < with_text.size(); ++i) {
    for (std::size_t j = 0; j < with_text.size(); ++j) all[with_text[i]][with_text[j]] = (*similar)[i][j];
  }
  return all;
}

}  // namespace conclave::consensus
