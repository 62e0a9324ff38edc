// Finds the plugin that keeps the window from starting, by halving. Pure: knows no file, process or clock.
#pragma once

#include <compare>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "engine/base/error.h"

namespace conclave::scripting {

// With other content it is another plugin: perhaps somebody mended it.
struct StartPlugin {
  std::string name;
  std::string sha256;
  auto operator<=>(const StartPlugin&) const = default;  // NOLINT(modernize-use-nullptr): a false alarm of clang-tidy 14
};
using StartPlugins = std::set<StartPlugin>;

// What one start may run.
struct StartPlan {
  StartPlugins on;
  StartPlugins off;                    // suspended while the search goes on
  std::optional<StartPlugin> culprit;  // found: in neither of the two; the search is over
  std::size_t suspects = 0;            // 0: nothing is searched
};

class StartSearch {
 public:
  // The plan for a start now that `candidates` are installed and enabled. A search is given up when one of its suspects is not
  // among them any more: whoever removed, disabled or changed it may have mended what was wrong.
  [[nodiscard]] StartPlan next(const StartPlugins& candidates);
  // How a start ended that ran `ran`. Starts may overlap, and their ends may come in any order and late.
  void failed(const StartPlugins& ran);
  void succeeded(const StartPlugins& ran);

  // The only suspect that is left; the search is over then.
  [[nodiscard]] std::optional<StartPlugin> found();

  [[nodiscard]] bool is_searching() const { return !suspects_.empty(); }
  [[nodiscard]] nlohmann::json to_json() const;
  [[nodiscard]] static Result<StartSearch> from_json(const nlohmann::json& json);  // kind serialization
  bool operator==(const StartSearch&) const = default;

 private:
  StartPlugins suspects_;
  StartPlugins cleared_;
};

[[nodiscard]] nlohmann::json to_json(const StartPlugins& plugins);
[[nodiscard]] Result<StartPlugins> start_plugins_from_json(const nlohmann::json& json);

}  // namespace conclave::scripting
