// What the readers of all kinds of configuration share: each turns a tree into the model, and says what it could not.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/infrastructure.h"
#include "engine/config/path.h"
#include "engine/config/rules.h"

namespace conclave::config {

// One file while it is read. Not copied; one thread.
struct Reading {
  ConfigFile& file;
  std::filesystem::path folder;                     // whose files may be read, too; empty: of a text, none
  std::vector<ServicePlaces> places;                // one per service of the model
  std::size_t bytes_left = std::size_t{64} << 20U;  // that may yet be copied into the model from elsewhere than its own text
  std::filesystem::path within = {};                // the folder below `folder` where what is read now stands, if it is included

  void problem(Severity severity, const Location& at, std::string rule, std::string message, std::string fix = {});
  void error(const Node& at, std::string rule, std::string message, std::string fix = {});
  void warn(const Node& at, std::string rule, std::string message, std::string fix = {});
  void pass_over(std::string path, const Location& at, std::string why);
  // Whether `bytes` more may be copied. Reports, once, that they may not.
  bool afford(std::size_t bytes, const Location& at);
  void add(Service service, ServicePlaces service_places);
};

// A map whose place in the file is known: what nobody asks for is reported and listed as not understood.
class Section : public MapReader {
 public:
  Section(const Node& node, std::string what, std::string path, Reading& reading, Severity unknown_keys = Severity::warning);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path_of(std::string_view key) const { return path_of_key(path_, key); }
  [[nodiscard]] const std::string& what() const { return what_; }
  const Node* list(std::string_view key);  // null if absent or none, which is reported
  // Known keys that say nothing to the model.
  void passes(std::initializer_list<std::string_view> keys);
  void finish();

 private:
  const Node& node_;
  std::string what_;
  std::string path_;
  Reading& reading_;
};

// NAME=value in a list, or a map. Values that are missing are given to `missing` and not set.
void read_environment(const Node& node, const std::string& what, Reading& reading, std::map<std::string, std::string>& out,
                      const std::function<void(const Node& at, const std::string& name)>& missing = {});

// Every scalar below `node`, null included, with its path. Depth is bounded by TreeLimits::max_depth.
template <class Visit>
void for_each_scalar(const Node& node, const std::string& path, const Visit& visit) {
  switch (node.kind) {
    case NodeKind::null:
    case NodeKind::scalar:
      visit(path, node);
      break;
    case NodeKind::list:
      for (std::size_t i = 0; i < node.items.size(); ++i) for_each_scalar(node.items[i], path_of_item(path, i), visit);
      break;
    case NodeKind::map:
      for (const auto& [key, value] : node.entries) for_each_scalar(value, path_of_key(path, key.scalar), visit);
      break;
  }
}

void read_native(const Node& root, Reading& reading);

}  // namespace conclave::config
