// Experts that need no Python, and what else tests of a case need.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "engine/case/consult.h"
#include "tests/engine/temporary_folder.h"

namespace conclave {

// Answers at once, on the thread that asks.
class FakeExpert : public Expert {
 public:
  using Judge = std::function<consensus::ExpertResponse(const Evidence&)>;
  FakeExpert(std::string name, std::string scope, Judge judge) : judge_(std::move(judge)) {
    info_.name = std::move(name);
    info_.scope = std::move(scope);
  }
  [[nodiscard]] const ExpertInfo& info() const override { return info_; }
  void start(EvidencePtr evidence, JobPtr, std::function<void(consensus::ExpertResponse)> done) override {
    done(judge_(*evidence));
  }
  ExpertInfo info_;

 private:
  Judge judge_;
};

inline consensus::ExpertResponse answer(std::string verdict, double confidence, std::vector<consensus::Claim> claims = {}) {
  consensus::ExpertResponse response;
  response.scope.clear();
  response.verdict = std::move(verdict);
  response.confidence = confidence;
  response.content = "It is " + *response.verdict + ".";
  response.claims = std::move(claims);
  return response;
}

inline consensus::Claim log_claim(std::string text, std::string source, std::uint64_t line) {
  consensus::Claim claim;
  claim.text = std::move(text);
  claim.evidence.push_back({"log", std::move(source), line, {}, {}, {}});
  return claim;
}

}  // namespace conclave
