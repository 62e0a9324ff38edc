// Case, excerpts of the evidence, responses, consensus and receipt: everything a reader needs, also when the logs are gone.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/time.h"
#include "engine/case/case.h"
#include "engine/consensus/conclude.h"
#include "engine/consensus/response.h"

namespace conclave {

struct ReceiptInput {
  std::string path;
  std::uint64_t bytes = 0;
  std::string sha256;
};

struct ReceiptPlugin {
  std::string name;
  std::string version;
  std::string sha256;
};

struct ReceiptHook {
  std::string hook;  // on_case_opened, on_config_loaded, on_scan_result, on_evidence, on_response, on_consensus; rule, probe
  std::string plugin;
  std::string change;  // what it changed, or "failed: ..."
  double seconds = 0;
};

// How texts were compared by Similarity::semantic, which cannot be derived again without the plugin.
struct ReceiptEmbedding {
  ReceiptPlugin plugin;
  consensus::Agreements agreements;  // none if it failed
  std::string failure = {};          // why
};

// What went in, so that the same verdict can be derived again.
struct Receipt {
  std::vector<ReceiptInput> inputs;
  std::vector<ReceiptPlugin> plugins;
  std::map<std::string, double> weights;  // as votes were counted
  consensus::Learned learned;             // what earlier judgements contributed to them, and to the confidence
  std::vector<ReceiptHook> hooks;
  std::map<std::string, std::string> versions;
  consensus::Question question;
  double evidence_coverage = 1;
  bool evidence_unreadable = false;
  std::optional<ReceiptEmbedding> embedding = {};
};

inline constexpr std::size_t most_excerpt_bytes = 2000;

struct Excerpt {
  std::string source;
  std::uint64_t line = 0;
  std::string text;  // at most so many bytes, valid UTF-8
};

struct Report {
  std::string id;
  std::string case_name;
  std::string case_file;  // empty if there is none
  std::string question;
  consensus::ConsensusResult consensus;
  std::vector<consensus::ExpertResponse> responses;
  nlohmann::json logs = nlohmann::json::array();      // one object per log: path, lines, bytes, error_lines, ...
  nlohmann::json services = nlohmann::json::array();  // one object per service: name, target, state, expect, ...
  nlohmann::json config = nlohmann::json::array();    // one object per file: file, services, problems
  std::vector<Excerpt> excerpts;
  std::vector<config::Problem> problems;
  Receipt receipt;
  TimeUs started = 0;
  double seconds = 0;

  [[nodiscard]] int exit_code() const;  // 0 passed, 1 another verdict, 3 no consensus
};

[[nodiscard]] nlohmann::json to_json(const Report& report);
[[nodiscard]] Result<Report> report_from_json(const nlohmann::json& json);

// Derives the consensus again from receipt and responses. The report with the new consensus, whose verdict and numbers are bit by
// bit the same unless the report was edited or the engine changed.
[[nodiscard]] Result<Report> replay(const Report& report);

}  // namespace conclave
