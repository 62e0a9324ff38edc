#include "engine/config/unit.h"

#include <algorithm>
#include <unordered_map>

namespace conclave::config {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// One value, its continuation lines joined by blanks, and where in the text each of its bytes came from, by line.
struct Value {
  std::string text;
  struct Piece {
    std::size_t begin;  // in `text`
    int line;
    int column;
  };
  std::vector<Piece> pieces;

  [[nodiscard]] Location place(std::size_t at, const std::string& file) const {
    const auto after = std::ranges::upper_bound(pieces, at, {}, &Piece::begin);
    const Piece& piece = *std::prev(after);
    return {file, piece.line, piece.column + static_cast<int>(at - piece.begin)};
  }
};

Node scalar_at(std::string text, Location at) {
  Node node;
  node.kind = NodeKind::scalar;
  node.quoted = true;
  node.scalar = std::move(text);
  node.location = std::move(at);
  return node;
}

class UnitReader {
 public:
  UnitReader(std::string_view text, const std::string& file, const TreeLimits& limits)
      : text_(text), file_(file), limits_(limits) {
    root_.kind = NodeKind::map;
    root_.location = {file, 1, 1};
  }

  Result<Node> run() {
    while (next_line()) {
      const std::string_view line = trimmed();
      if (line.empty() || line.front() == '#' || line.front() == ';') continue;
      const auto good = line.front() == '[' ? begin_section(line) : assignment();
      if (!good) return tl::unexpected(good.error());
      if (nodes_ > limits_.max_nodes)
        return fail(ErrorKind::limit, "more than " + std::to_string(limits_.max_nodes) + " values", here(0).text());
    }
    return std::move(root_);
  }

 private:
  using Keys = std::unordered_map<std::string, std::size_t>;

  bool next_line() {
    if (at_ >= text_.size()) return false;
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    line_ = text_.substr(at_, end - at_);
    at_ = end + 1;
    ++number_;
    return true;
  }

  // Of the line, without blanks around.
  [[nodiscard]] std::string_view trimmed() const {
    const auto begin = std::ranges::find_if_not(line_, is_blank);
    auto end = line_.end();
    while (end != begin && is_blank(*std::prev(end))) --end;
    return {begin, end};
  }

  [[nodiscard]] Location here(std::size_t column) const { return {file_, number_, static_cast<int>(column) + 1}; }

  Result<void> begin_section(std::string_view head) {
    const auto column = static_cast<std::size_t>(head.data() - line_.data());
    if (!head.ends_with(']') || head.size() < 3)
      return fail(ErrorKind::parse, "a section must be written [Name]", here(column).text());
    const std::string name(head.substr(1, head.size() - 2));
    const auto [found, fresh] = sections_.try_emplace(name, root_.entries.size());
    section_ = found->second;
    if (!fresh) return {};  // it goes on
    Node map;
    map.kind = NodeKind::map;
    map.location = here(column);
    root_.entries.emplace_back(scalar_at(name, here(column)), std::move(map));
    keys_.emplace_back();
    ++nodes_;
    return {};
  }

  Result<void> assignment() {
    const std::size_t equals = line_.find('=');
    const std::string_view key_text = trimmed().substr(0, std::min(equals, line_.size()));
    const auto column = static_cast<std::size_t>(key_text.data() - line_.data());
    if (root_.entries.empty()) return fail(ErrorKind::parse, "a line before the first [Section]", here(column).text());
    if (equals == std::string_view::npos || equals <= column)
      return fail(ErrorKind::parse, "this line is neither Key=value nor a comment", here(column).text());
    std::string_view key = line_.substr(column, equals - column);
    while (!key.empty() && is_blank(key.back())) key.remove_suffix(1);
    const Location key_place = here(column);
    const Value value = read_value(equals + 1);
    put(scalar_at(std::string(key), key_place), value);
    return {};
  }

  // To the end of the line, and of those that it is continued in.
  Value read_value(std::size_t from) {
    Value value;
    for (;;) {
      std::size_t begin = from;
      while (begin < line_.size() && is_blank(line_[begin])) ++begin;
      std::size_t end = line_.size();
      while (end > begin && is_blank(line_[end - 1])) --end;
      const bool goes_on = end > begin && line_[end - 1] == '\\';
      if (goes_on) --end;
      value.pieces.push_back({value.text.size(), number_, static_cast<int>(begin) + 1});
      value.text += line_.substr(begin, end - begin);
      if (!goes_on || !next_content()) break;
      while (!value.text.empty() && is_blank(value.text.back())) value.text.pop_back();
      value.text += ' ';
      from = 0;
    }
    while (!value.text.empty() && is_blank(value.text.back())) value.text.pop_back();
    return value;
  }

  // The next line that is no comment: those between lines that are continued are left out.
  bool next_content() {
    while (next_line()) {
      const std::string_view line = trimmed();
      if (line.empty() || (line.front() != '#' && line.front() != ';')) return true;
    }
    return false;
  }

  void put(Node key, const Value& value) {
    Node& section = root_.entries[section_].second;
    const auto [found, fresh] = keys_[section_].try_emplace(key.scalar, section.entries.size());
    if (fresh) {
      Node nothing;
      nothing.location = key.location;
      section.entries.emplace_back(key, std::move(nothing));
    }
    Node& entry = section.entries[found->second].second;
    ++nodes_;
    if (value.text.empty()) {
      entry = Node{};
      entry.location = key.location;
    } else if (key.scalar == "Environment") {
      if (entry.kind == NodeKind::null) {
        entry.kind = NodeKind::list;
        entry.location = value.place(0, file_);
      }
      split(value, entry.items);
    } else {
      Node node = scalar_at(value.text, value.place(0, file_));
      if (entry.kind == NodeKind::null) {
        entry = std::move(node);
      } else if (entry.kind == NodeKind::scalar) {
        Node list;
        list.kind = NodeKind::list;
        list.location = entry.location;
        list.items.push_back(std::move(entry));
        list.items.push_back(std::move(node));
        entry = std::move(list);
      } else {
        entry.items.push_back(std::move(node));
      }
    }
  }

  // Words in quotes or between blanks; a backslash takes the next letter as it is.
  void split(const Value& value, std::vector<Node>& out) {
    const std::string& text = value.text;
    for (std::size_t at = 0; at < text.size() && nodes_ <= limits_.max_nodes;) {
      if (is_blank(text[at])) {
        ++at;
        continue;
      }
      const Location place = value.place(at, file_);
      std::string word;
      char quote = '\0';
      for (; at < text.size() && (quote != '\0' || !is_blank(text[at])); ++at) {
        if (text[at] == '\\' && at + 1 < text.size())
          word += text[++at];
        else if (quote != '\0' ? text[at] == quote : text[at] == '"' || text[at] == '\'')
          quote = quote != '\0' ? '\0' : text[at];
        else
          word += text[at];
      }
      out.push_back(scalar_at(std::move(word), place));
      ++nodes_;
    }
  }

  std::string_view text_;
  const std::string& file_;
  const TreeLimits& limits_;
  Node root_;
  std::unordered_map<std::string, std::size_t> sections_;
  std::vector<Keys> keys_;  // of each section, with their places
  std::size_t section_ = 0;
  std::size_t nodes_ = 0;
  std::size_t at_ = 0;
  std::string_view line_;
  int number_ = 0;
};

}  // namespace

Result<Node> read_unit(std::string_view text, const std::string& file_name, const TreeLimits& limits) {
  if (text.size() > limits.max_bytes)
    return fail(ErrorKind::limit, "larger than " + std::to_string(limits.max_bytes) + " bytes", file_name);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return check_text(text, file_name).and_then([&] { return UnitReader(text, file_name, limits).run(); });
}

}  // namespace conclave::config
