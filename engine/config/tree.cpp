#include "engine/config/tree.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <sstream>

#include "engine/base/text.h"

// yaml-cpp's own Node forgets places, drops the second of two equal keys and expands aliases by reference, so the tree is
// built here from its events. An alias is a copy, paid for from TreeLimits before it is made; so is the copy kept for an anchor,
// because anchors nest. The scanner of yaml-cpp is linear and does not recurse; its parser recurses at most 500 levels deep
// (DepthGuard), and this handler stops it earlier.

namespace conclave::config {
namespace {

// Thrown through yaml-cpp, which has no other way to stop; caught in read_yaml.
struct Refused {
  Error error;
};

struct Cost {
  std::size_t nodes = 0;
  std::size_t bytes = 0;   // of scalars
  std::size_t height = 0;  // nested collections
};

constexpr std::string_view core_tag = "tag:yaml.org,2002:";

Merging merging_of(std::string_view tag) {
  if (tag == "!reset") return Merging::reset;
  return tag == "!override" ? Merging::replace : Merging::usual;
}

// A plain scalar, and one tagged with a type of the core schema, is what it looks like; everything else is text.
bool is_text(const std::string& tag) {
  if (tag == "?" || merging_of(tag) != Merging::usual) return false;
  if (!tag.starts_with(core_tag)) return true;
  constexpr std::array<std::string_view, 4> typed = {"null", "bool", "int", "float"};
  return std::ranges::find(typed, std::string_view(tag).substr(core_tag.size())) == typed.end();
}

constexpr std::string_view misplaced = "this does not belong to anything above it; check the indentation";

std::string more_than(std::size_t count, std::string_view what) {
  return "more than " + std::to_string(count) + " " + std::string(what);
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, const std::string& file, const TreeLimits& limits)
      : text_(text), file_(file), limits_(limits) {
    empty_.location = {file, 1, 1};  // of a file without any document
  }

  std::vector<Node> take() {
    if (roots_.empty()) roots_.push_back(std::move(empty_));
    return std::move(roots_);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    const auto pos = static_cast<std::size_t>(std::max(mark.pos, 0));
    document_ = place(mark);
    // yaml-cpp leaves a token that fits nowhere in its queue and would report empty documents in front of it for ever.
    if (documents_ > 0 && pos <= document_pos_) refuse(ErrorKind::parse, std::string(misplaced), document_);
    document_pos_ = pos;
  }
  void OnDocumentEnd() override { anchors_.clear(); }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.location = place_of_null(mark);
    scalar(std::move(node), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    Node node;
    node.kind = NodeKind::scalar;
    node.scalar = value;
    node.quoted = is_text(tag);
    node.merging = merging_of(tag);
    node.location = place(mark);
    scalar(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(ErrorKind::parse, "an alias inside the very value that it names", place(mark));
    const Anchored& anchored = found->second;
    if (open_.size() + anchored.cost.height > limits_.max_depth) too_deep(place(mark));
    pay(anchored.cost, place(mark));
    if (!open_.empty()) open_.back().height = std::max(open_.back().height, anchored.cost.height);
    Node copy = anchored.node;
    copy.location = place(mark);
    add(std::move(copy));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(NodeKind::list, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    start(NodeKind::map, mark, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapEnd() override {
    if (open_.back().merge) merge(open_.back());
    end();
  }

  [[noreturn]] static void refuse(ErrorKind kind, std::string message, const Location& at) {
    throw Refused{Error{kind, std::move(message), at.text(), 0, 0}};
  }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    Cost before;                      // what the document had cost when this collection began
    std::size_t height = 0;           // of the highest child
    std::optional<Node> key;          // waits for its value
    std::map<std::string, int> keys;  // with their lines
    bool merge = false;
  };
  struct Anchored {
    Node node;
    Cost cost;
  };

  [[nodiscard]] Location place(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }

  // yaml-cpp places a value that is not there at the token that follows, often a line too late.
  [[nodiscard]] Location place_of_null(const YAML::Mark& mark) const {
    if (open_.empty()) return place(mark);
    if (open_.back().key) return open_.back().key->location;
    const auto pos = std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), text_.size());
    const std::size_t dash = text_.substr(0, pos).find_last_not_of(" \t\r\n");
    if (dash == std::string_view::npos || text_[dash] != '-') return place(mark);
    const std::size_t newline = text_.substr(0, dash).find_last_of('\n');
    const auto lines =
        std::count(text_.begin() + static_cast<std::ptrdiff_t>(dash), text_.begin() + static_cast<std::ptrdiff_t>(pos), '\n');
    if (lines == 0) return place(mark);
    const std::size_t column = newline == std::string_view::npos ? dash : dash - newline - 1;
    return {file_, mark.line + 1 - static_cast<int>(lines), static_cast<int>(column) + 1};
  }

  void pay(const Cost& cost, const Location& at) {
    if (cost.nodes > limits_.max_nodes - spent_.nodes)
      refuse(ErrorKind::limit, more_than(limits_.max_nodes, "values, counting each use of an anchor"), at);
    if (cost.bytes > limits_.max_bytes - spent_.bytes)
      refuse(ErrorKind::limit, more_than(limits_.max_bytes, "bytes of text, counting each use of an anchor"), at);
    spent_.nodes += cost.nodes;
    spent_.bytes += cost.bytes;
  }

  [[noreturn]] void too_deep(const Location& at) const {
    refuse(ErrorKind::limit, "nested more than " + std::to_string(limits_.max_depth) + " levels deep", at);
  }

  void add_document(Node node) {
    if (++documents_ == 1 && node.kind == NodeKind::null) {
      empty_ = std::move(node);
    } else if (node.kind != NodeKind::null) {
      const bool separated = text_.substr(std::min(document_pos_, text_.size())).starts_with("---");
      if (documents_ > 1 && !separated) refuse(ErrorKind::parse, std::string(misplaced), document_);
      if (documents_ > limits_.max_documents)
        refuse(ErrorKind::parse,
               limits_.max_documents == 1 ? "a second document begins here; a file may hold only one"
                                          : more_than(limits_.max_documents, "documents"),
               document_);
      roots_.push_back(std::move(node));
    }
  }

  void scalar(Node node, YAML::anchor_t anchor) {
    const Cost cost{1, node.scalar.size(), 0};
    pay(cost, node.location);
    if (anchor != 0) keep(anchor, node, cost);
    add(std::move(node));
  }

  void start(NodeKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (open_.size() >= limits_.max_depth) too_deep(place(mark));
    Open open;
    open.before = spent_;
    open.anchor = anchor;
    open.node.kind = kind;
    open.node.merging = merging_of(tag);
    open.node.location = place(mark);
    pay({1, 0, 0}, open.node.location);
    open_.push_back(std::move(open));
  }

  void end() {
    Open done = std::move(open_.back());
    open_.pop_back();
    const std::size_t height = done.height + 1;
    if (!open_.empty()) open_.back().height = std::max(open_.back().height, height);
    if (done.anchor != 0)
      keep(done.anchor, done.node, {spent_.nodes - done.before.nodes, spent_.bytes - done.before.bytes, height});
    add(std::move(done.node));
  }

  void keep(YAML::anchor_t anchor, const Node& node, const Cost& cost) {
    pay(cost, node.location);
    anchors_.insert_or_assign(anchor, Anchored{node, cost});
  }

  void add(Node node) {
    if (open_.empty()) return add_document(std::move(node));
    Open& parent = open_.back();
    if (parent.node.kind == NodeKind::list) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      begin_entry(parent, std::move(node));
    } else {
      parent.node.entries.emplace_back(std::move(*parent.key), std::move(node));
      parent.key.reset();
    }
  }

  static void begin_entry(Open& map, Node key) {
    if (key.kind == NodeKind::null)
      refuse(ErrorKind::parse, "a key is missing; to use the word null as a key, quote it", key.location);
    if (key.kind != NodeKind::scalar)
      refuse(ErrorKind::parse, "a key must be a single word or text, not a list or map", key.location);
    const auto [found, fresh] = map.keys.try_emplace(key.scalar, key.location.line);
    if (!fresh)
      refuse(ErrorKind::parse, "key '" + key.scalar + "' appears twice; the first is in line " + std::to_string(found->second),
             key.location);
    if (key.scalar == "<<" && !key.quoted) map.merge = true;
    map.key = std::move(key);
  }

  // https://yaml.org/type/merge.html: the map's own keys win, then the earlier of the merged maps.
  static void merge(Open& map) {
    std::vector<std::pair<Node, Node>> merged;
    merged.reserve(map.node.entries.size());
    const auto take = [&](Node& source) {
      if (source.kind != NodeKind::map) refuse(ErrorKind::parse, "'<<' merges maps, and this is none", source.location);
      for (auto& entry : source.entries)
        if (map.keys.try_emplace(entry.first.scalar, entry.first.location.line).second) merged.push_back(std::move(entry));
    };
    for (auto& entry : map.node.entries) {
      if (entry.first.scalar != "<<" || entry.first.quoted) {
        merged.push_back(std::move(entry));
      } else if (entry.second.kind == NodeKind::list) {
        for (Node& source : entry.second.items) take(source);
      } else {
        take(entry.second);
      }
    }
    map.node.entries = std::move(merged);
  }

  std::string_view text_;
  const std::string& file_;
  const TreeLimits& limits_;
  std::vector<Node> roots_;
  Node empty_;
  std::size_t documents_ = 0;
  Location document_;
  std::size_t document_pos_ = 0;
  Cost spent_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
};

Location place_of(std::string_view text, std::size_t pos, const std::string& file) {
  const std::string_view before = text.substr(0, std::min(pos, text.size()));
  const std::size_t newline = before.find_last_of('\n');
  const std::size_t column = newline == std::string_view::npos ? before.size() : before.size() - newline - 1;
  return {file, static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1, static_cast<int>(column) + 1};
}

// The first byte that YAML does not allow, or npos. 0x04 matters most: yaml-cpp takes it for the end of the file.
std::size_t find_control(std::string_view text) {
  const auto bad = std::ranges::find_if(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x7F || (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r');
  });
  return bad == text.end() ? std::string_view::npos : static_cast<std::size_t>(bad - text.begin());
}

// yaml-cpp names what its grammar missed; a user needs to know what to look at.
std::string in_plain_words(const std::string& message) {
  using namespace YAML;
  static const std::map<std::string_view, std::string_view> words = {
      {ErrorMsg::END_OF_MAP, "this does not continue the map above it; check indentation, quotes and the colon"},
      {ErrorMsg::END_OF_SEQ, "this does not continue the list above it; check the indentation and the dash"},
      {ErrorMsg::END_OF_MAP_FLOW, "the map opened by '{' is not closed here by ',' or '}'"},
      {ErrorMsg::END_OF_SEQ_FLOW, "the list opened by '[' is not closed here by ',' or ']'"},
      {ErrorMsg::MAP_VALUE, "a ':' where no value can begin; quote text that contains ': '"},
      {ErrorMsg::MAP_KEY, "a key where none can be; check the indentation"},
      {ErrorMsg::BLOCK_ENTRY, "a '-' where no list can begin; put the list on a line of its own"},
      {ErrorMsg::TAB_IN_INDENTATION, "a tab in the indentation; YAML indents with spaces"},
      {ErrorMsg::UNKNOWN_TOKEN, "a character that cannot begin a value; quote the text"},
      {ErrorMsg::EOF_IN_SCALAR, "the quoted text is not closed before the end of the file"},
      {ErrorMsg::DOC_IN_SCALAR, "the quoted text is not closed before the end of the document"},
      {ErrorMsg::FLOW_END, "a closing bracket without an opening one"},
  };
  const auto found = words.find(message);
  return found == words.end() ? message : std::string(found->second);
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t") == std::string_view::npos; }

std::string_view last_line(std::string_view text) { return text.substr(text.find_last_of('\n') + 1); }

// yaml-cpp 0.7 takes a quoted text that is still open at the end of the file as closed if a line break or blanks come last, and
// so would read half a file as whole. The mark for the end of a document makes that an error.
std::string with_end_mark(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 5);
  out = text;
  if (!is_blank(last_line(text))) return out;
  if (!last_line(text).empty()) out += '\n';
  return out += "...\n";
}

}  // namespace

std::string Location::text() const {
  if (line <= 0) return file;
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

Result<void> check_text(std::string_view text, const std::string& file_name) {
  const auto parse_error = [&](std::size_t pos, std::string message) {
    return fail(ErrorKind::parse, std::move(message), place_of(text, pos, file_name).text());
  };
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) return parse_error(0, "UTF-16 text; save the file as UTF-8");
  if (const std::size_t pos = find_control(text); pos != std::string_view::npos) {
    if (text[pos] == '\0') return parse_error(pos, "a NUL byte; this is not a text file");
    std::ostringstream code;
    code << "0x" << std::hex << std::uppercase << static_cast<int>(static_cast<unsigned char>(text[pos]));
    return parse_error(pos, "control character " + code.str() + ", which YAML does not allow");
  }
  if (const std::size_t pos = find_invalid_utf8(text); pos != std::string_view::npos) return parse_error(pos, "invalid UTF-8");
  return {};
}

Result<std::vector<Node>> read_yaml_documents(std::string_view text, const std::string& file_name, const TreeLimits& limits) {
  if (text.size() > limits.max_bytes)
    return fail(ErrorKind::limit, "larger than " + std::to_string(limits.max_bytes) + " bytes", file_name);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (auto good = check_text(text, file_name); !good) return tl::unexpected(std::move(good.error()));
  const auto parse_error = [&](const YAML::Exception& error, ErrorKind kind, std::string message) {
    const auto pos = std::min(static_cast<std::size_t>(std::max(error.mark.pos, 0)), text.size());
    const std::string_view line = text.substr(pos - last_line(text.substr(0, pos)).size());
    const std::string_view indentation = line.substr(0, line.find_first_not_of(" \t"));
    if (kind == ErrorKind::parse && error.msg != YAML::ErrorMsg::TAB_IN_INDENTATION &&
        indentation.find('\t') != std::string_view::npos)
      message += "; the line is indented with a tab, and YAML wants spaces";
    return fail(kind, std::move(message), place_of(text, pos, file_name).text());
  };
  TreeBuilder builder(text, file_name, limits);
  try {
    std::istringstream stream{with_end_mark(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (Refused& refused) {
    return tl::unexpected<Error>(std::move(refused.error));
  } catch (const YAML::DeepRecursion& error) {
    return parse_error(error, ErrorKind::limit, "nested too deep");
  } catch (const YAML::Exception& error) {
    return parse_error(error, ErrorKind::parse, in_plain_words(error.msg));
  } catch (const std::exception& error) {
    return fail(ErrorKind::parse, std::string("not readable as YAML: ") + error.what(), file_name);
  }
  return builder.take();
}

Result<Node> read_yaml(std::string_view text, const std::string& file_name, const TreeLimits& limits) {
  TreeLimits one = limits;
  one.max_documents = 1;
  return read_yaml_documents(text, file_name, one).map([](std::vector<Node> roots) { return std::move(roots.front()); });
}

}  // namespace conclave::config
