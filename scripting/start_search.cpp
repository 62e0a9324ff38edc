#include "scripting/start_search.h"

#include <algorithm>
#include <iterator>

// Halving, as in Zeller's delta debugging ("Yesterday, my program worked. Today, it does not. Why?", 1999), with one plugin to be
// found at a time. The suspects are known to hold a culprit, because a start failed that ran them together with nothing but
// plugins that are cleared: ones with which a start went well. The next start runs half of the suspects and what is cleared, and
// nothing else, so that a second culprit elsewhere cannot mislead it. If it fails, that half are the suspects; if not, the half
// is cleared and the others are. Of n suspects one remains after log2 n starts. If two of them do harm only together, the one of
// them that was not cleared is found, without which the other is harmless.

namespace conclave::scripting {
namespace {

using nlohmann::json;

StartPlugins common(const StartPlugins& a, const StartPlugins& b) {
  StartPlugins both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(both, both.end()));
  return both;
}

StartPlugins without(const StartPlugins& a, const StartPlugins& b) {
  StartPlugins rest;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(rest, rest.end()));
  return rest;
}

}  // namespace

StartPlan StartSearch::next(const StartPlugins& candidates) {
  if (!std::includes(candidates.begin(), candidates.end(), suspects_.begin(), suspects_.end())) *this = {};
  StartPlan plan;
  plan.culprit = found();
  if (suspects_.empty()) {
    plan.on = candidates;
    if (plan.culprit) plan.on.erase(*plan.culprit);
    return plan;
  }
  plan.suspects = suspects_.size();
  plan.on = common(cleared_, candidates);
  plan.on.insert(suspects_.begin(), std::next(suspects_.begin(), static_cast<std::ptrdiff_t>(suspects_.size() / 2)));
  plan.off = without(candidates, plan.on);
  return plan;
}

std::optional<StartPlugin> StartSearch::found() {
  if (suspects_.size() != 1) return std::nullopt;
  const StartPlugin culprit = *suspects_.begin();
  *this = {};
  return culprit;
}

void StartSearch::failed(const StartPlugins& ran) {
  if (ran.empty()) return;
  StartPlugins hit = common(suspects_, ran);
  if (hit.empty()) {  // a first failure, or one that refutes what was concluded
    hit = ran;
    cleared_.clear();
  }
  suspects_ = std::move(hit);
}

void StartSearch::succeeded(const StartPlugins& ran) {
  if (suspects_.empty()) return;
  suspects_ = without(suspects_, ran);
  cleared_.insert(ran.begin(), ran.end());
  if (suspects_.empty()) cleared_.clear();  // it was something else
}

json to_json(const StartPlugins& plugins) {
  json list = json::array();
  for (const StartPlugin& plugin : plugins) list.push_back({plugin.name, plugin.sha256});
  return list;
}

Result<StartPlugins> start_plugins_from_json(const json& list) {
  const auto is_plugin = [](const json& item) {
    return item.is_array() && item.size() == 2 && item[0].is_string() && item[1].is_string();
  };
  if (!list.is_array() || !std::all_of(list.begin(), list.end(), is_plugin)) {
    return fail(ErrorKind::serialization, "expected plugins as [name, sha256]");
  }
  StartPlugins plugins;
  for (const json& item : list) plugins.insert({item[0].get<std::string>(), item[1].get<std::string>()});
  return plugins;
}

json StartSearch::to_json() const {
  return {{"suspects", scripting::to_json(suspects_)}, {"cleared", scripting::to_json(cleared_)}};
}

Result<StartSearch> StartSearch::from_json(const json& said) {
  if (!said.is_object()) return fail(ErrorKind::serialization, "expected a search for a plugin");
  auto suspects = start_plugins_from_json(said.value("suspects", json()));
  if (!suspects) return tl::unexpected(std::move(suspects.error()));
  auto cleared = start_plugins_from_json(said.value("cleared", json()));
  if (!cleared) return tl::unexpected(std::move(cleared.error()));
  StartSearch search;
  search.suspects_ = std::move(*suspects);
  search.cleared_ = std::move(*cleared);
  return search;
}

}  // namespace conclave::scripting
