// A folder of its own for a test, and experts that need no Python.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "engine/base/ids.h"
#include "engine/case/consult.h"

namespace conclave {

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("conclave_test_" + random_id())) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

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
