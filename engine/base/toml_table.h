// TOML, read so that everything that is wrong with it is told at once, with its place. The only door to toml++.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

#include "engine/base/error.h"

namespace conclave {

// What is wrong with a file, in the order found. TOML inside another text begins at `first_line` and `first_column` of it.
class TomlFindings {
 public:
  explicit TomlFindings(std::string file, int first_line = 1, int first_column = 1)
      : file_(std::move(file)), first_line_(first_line), first_column_(first_column) {}

  void add(const toml::source_region& at, std::string_view message);
  // Kind parse if there was anything: one finding a line, each but the first with file:line:column, which is the error's `where`.
  [[nodiscard]] Result<void> result() const;

 private:
  [[nodiscard]] std::string place(const toml::source_position& at) const;
  std::string file_;
  int first_line_;
  int first_column_;
  std::string where_;
  std::string text_;
  int count_ = 0;
};

// Kind parse, as from TomlFindings{file, first_line, first_column}.
[[nodiscard]] Result<toml::table> parse_toml(std::string_view text, const std::string& file, int first_line = 1,
                                             int first_column = 1);

// Typed reading of one table; a key that is not there changes nothing. finish() reports keys that nobody asked for. `table` and
// `findings` must outlive it. `what` goes before the keys in messages: "limits.".
class TomlTable {
 public:
  TomlTable(const toml::table& table, std::string what, TomlFindings& findings)
      : table_(table), what_(std::move(what)), findings_(findings) {}

  const toml::node* any(std::string_view key);
  template <class T>
  const T* typed(std::string_view key, std::string_view type_name) {
    const toml::node* node = any(key);
    if (node == nullptr) return nullptr;
    const T* value = node->as<T>();
    if (value == nullptr) findings_.add(node->source(), what_ + std::string(key) + " must be " + std::string(type_name));
    return value;
  }
  // These return the node that was read; null if there is none of that type.
  const toml::node* text(std::string_view key, std::string& out);
  const toml::node* boolean(std::string_view key, bool& out);
  const toml::node* number(std::string_view key, double& out, double min, double max);
  const toml::node* texts(std::string_view key, std::vector<std::string>& out);  // appends
  const toml::table* table(std::string_view key) { return typed<toml::table>(key, "a table"); }
  void finish();
  [[nodiscard]] const toml::table& raw() const { return table_; }

 private:
  const toml::table& table_;
  std::string what_;
  TomlFindings& findings_;
  std::vector<std::string_view> known_;
};

}  // namespace conclave
