// YAML as a tree in which everything knows its place. The only door to yaml-cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"

namespace conclave::config {

struct Location {
  std::string file;                        // as the user named it, or "<text>"
  int line = 0;                            // 1-based; 0 if unknown
  int column = 0;                          // 1-based, in bytes
  [[nodiscard]] std::string text() const;  // file:line:column
  bool operator==(const Location&) const = default;
};

enum class NodeKind { null, scalar, list, map };
// What a tag of Compose says of the value of a file before: !reset removes it, !override stands in its place as it is.
enum class Merging : std::uint8_t { usual, reset, replace };

struct Node {
  NodeKind kind = NodeKind::null;
  std::string scalar;   // as written, unquoted
  bool quoted = false;  // a quoted or tagged !!str scalar is text whatever it looks like
  Merging merging = Merging::usual;
  std::vector<Node> items;                     // list
  std::vector<std::pair<Node, Node>> entries;  // map, in order; keys are scalars; merge keys resolved
  Location location;

  // Written out in node.cpp: a pair of nodes is complete only there, which clang insists on.
  Node();
  ~Node();
  Node(const Node&);
  Node(Node&&) noexcept;
  Node& operator=(const Node&);
  Node& operator=(Node&&) noexcept;

  [[nodiscard]] const Node* find(std::string_view key) const;  // value of a map entry, or null
  // YAML 1.2 core schema: null, bool, int, float, text. What JSON lacks (.nan, .inf) is null.
  [[nodiscard]] nlohmann::json to_json() const;
};

struct TreeLimits {
  std::size_t max_bytes = 64U << 20U;
  std::size_t max_depth = 64;
  std::size_t max_nodes = 2'000'000;  // after expansion of aliases, so that alias bombs are refused in bounded time
  std::size_t max_documents = 1;      // empty ones at the end do not count
};

// What no text may hold: NUL and other control characters, invalid UTF-8, UTF-16. An error of kind parse with its place.
[[nodiscard]] Result<void> check_text(std::string_view text, const std::string& file_name);

// The documents of a text without the empty ones, of which one stays if there is no other. Errors are of kind parse or limit with
// file:line:column. Duplicate keys, bad UTF-8 and NUL are errors.
[[nodiscard]] Result<std::vector<Node>> read_yaml_documents(std::string_view text, const std::string& file_name,
                                                            const TreeLimits& limits = {});
// One document.
[[nodiscard]] Result<Node> read_yaml(std::string_view text, const std::string& file_name, const TreeLimits& limits = {});
[[nodiscard]] Result<Node> read_yaml_file(const std::filesystem::path& path, const TreeLimits& limits = {});

}  // namespace conclave::config
