// Short ways to write a circle down.
#pragma once

#include <string>

#include "engine/consensus/conclude.h"
#include "engine/consensus/response.h"

namespace conclave::consensus {

inline ExpertResponse answer(std::string name, std::optional<std::string> verdict, double confidence = 0.8,
                             std::string scope = "overall", std::string content = {}) {
  ExpertResponse response;
  response.content = content.empty() ? "what " + name + " found" : std::move(content);
  response.expert_name = std::move(name);
  response.scope = std::move(scope);
  response.verdict = std::move(verdict);
  response.confidence = confidence;
  return response;
}

inline ExpertResponse silent(std::string name, Status status, std::string why = {}) {
  ExpertResponse response;
  response.expert_name = std::move(name);
  response.status = status;
  if (status == Status::abstained) {
    response.content = std::move(why);
  } else {
    response.error = ResponseError{"RuntimeError", std::move(why), ""};
  }
  return response;
}

inline ExpertResponse with_claim(ExpertResponse response, std::string text, std::optional<bool> verified,
                                 Stance stance = Stance::supports) {
  Claim claim{std::move(text), stance, 0.5, {}};
  claim.evidence.push_back({"log", "/var/log/app.log", 1, "", verified, ""});
  response.claims.push_back(std::move(claim));
  return response;
}

}  // namespace conclave::consensus
