// A word without digits may still be a parameter: a user, a file, a state. It shows when many shapes are the same but for the
// word at one place. (Drain and Brain look for the same evidence from the other side, as few children or many below a node of a
// tree: He et al., ICWS 2017; Yu et al., IEEE TSC 2023.) For each shape and place, count the shapes that agree everywhere else;
// where more than a threshold do, the place is a parameter in all of them. Made places make more shapes equal, so this repeats
// until nothing changes. The value of a key (after '=') is suspected earlier than a word of a sentence, and the word that begins
// a message latest.
#include "engine/logs/template_groups.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_map>

#include "engine/logs/message.h"

namespace conclave::logs {
namespace {

// How many different words at one place make it a parameter. The longer the context that they share, the fewer are enough.
constexpr unsigned threshold_of_values = 3;
constexpr unsigned threshold_in_long_context = 4;    // four and more other words
constexpr unsigned threshold_in_short_context = 6;   // two or three
constexpr unsigned threshold_in_scant_context = 10;  // less
constexpr int max_rounds = 8;

using Token = std::uint32_t;  // number of a distinct token; 0 is the parameter

constexpr bool is_sign(char c) {
  constexpr std::string_view signs = "=:,;()[]{}<>|\"'";
  return signs.find(c) != std::string_view::npos;
}

// Signs and nouns behind which a name stands: "user=root", "for user root".
bool names_a_value(std::string_view word) {
  constexpr std::array<std::string_view, 14> nouns = {"=",    "user",  "host",    "file",    "device",  "interface", "node",
                                                      "name", "group", "account", "service", "process", "module",    "database"};
  return std::find(nouns.begin(), nouns.end(), word) != nouns.end();
}

std::uint64_t mix(std::uint64_t value) {  // SplitMix64 (Steele et al., OOPSLA 2014)
  value += 0x9e3779b97f4a7c15ULL;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31U);
}

struct Shape {
  std::vector<Token> tokens;
  std::vector<bool> spaced;  // a blank stands before the token
};

class Grouping {
 public:
  explicit Grouping(const std::vector<std::string>& texts) {
    numbers_.emplace(parameter, 0);
    words_.push_back(parameter);
    shapes_.reserve(texts.size());
    for (const std::string& text : texts) shapes_.push_back(split(text));
  }

  void run(const Job& job) {
    for (int round = 0; round < max_rounds && !job.stopped(); ++round) {
      if (!step(job)) return;
    }
  }

  [[nodiscard]] std::string text(std::size_t index) const {
    const Shape& shape = shapes_[index];
    std::string out;
    for (std::size_t i = 0; i < shape.tokens.size(); ++i) {
      if (shape.spaced[i]) out += ' ';
      out += words_[shape.tokens[i]];
    }
    return out;
  }

 private:
  Shape split(std::string_view text) {
    Shape shape;
    bool space = false;
    for (std::size_t at = 0; at < text.size();) {
      if (text[at] == ' ') {
        space = true;
        ++at;
        continue;
      }
      std::size_t end = at;
      if (text.substr(at, parameter.size()) == parameter) {
        end += parameter.size();
      } else if (is_sign(text[at])) {
        ++end;
      } else {
        while (end < text.size() && text[end] != ' ' && !is_sign(text[end])) ++end;
      }
      const std::string_view word = text.substr(at, end - at);
      const auto [found, added] = numbers_.emplace(word, static_cast<Token>(words_.size()));
      if (added) words_.push_back(word);
      shape.tokens.push_back(found->second);
      shape.spaced.push_back(space);
      space = false;
      at = end;
    }
    return shape;
  }

  [[nodiscard]] std::uint64_t place_hash(const Shape& shape, std::size_t place, Token token) const {
    return mix((static_cast<std::uint64_t>(token) << 32U) ^ (place << 1U) ^ (shape.spaced[place] ? 1U : 0U));
  }

  [[nodiscard]] bool may_vary(Token token) const {
    if (token == 0 || words_[token].empty()) return false;
    return !is_sign(words_[token][0]) && words_[token] != "..";
  }

  [[nodiscard]] unsigned threshold(const Shape& shape, std::size_t place) const {
    if (place > 0 && names_a_value(words_[shape.tokens[place - 1]])) return threshold_of_values;
    const auto is_word = [&](Token token) { return may_vary(token); };
    const auto context = std::count_if(shape.tokens.begin(), shape.tokens.end(), is_word) - 1;
    const unsigned least = context >= 4   ? threshold_in_long_context
                           : context >= 2 ? threshold_in_short_context
                                          : threshold_in_scant_context;
    return place == 0 ? least + least / 2 : least;
  }

  // Hashes of the shape as a whole; of the shape without one place by subtraction.
  [[nodiscard]] std::uint64_t whole_hash(const Shape& shape) const {
    std::uint64_t hash = mix(shape.tokens.size());
    for (std::size_t i = 0; i < shape.tokens.size(); ++i) hash += place_hash(shape, i, shape.tokens[i]);
    return hash;
  }

  bool step(const Job& job) {
    std::unordered_map<std::uint64_t, std::uint32_t> seen;  // shapes that have become equal count once
    std::unordered_map<std::uint64_t, unsigned> neighbours;
    std::vector<std::uint64_t> hashes(shapes_.size());
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
      if (i % 4096 == 0 && job.stopped()) return false;
      const Shape& shape = shapes_[i];
      hashes[i] = whole_hash(shape);
      if (!seen.emplace(hashes[i], static_cast<std::uint32_t>(i)).second) continue;
      for (std::size_t place = 0; place < shape.tokens.size(); ++place) {
        if (may_vary(shape.tokens[place]) || shape.tokens[place] == 0) ++neighbours[without(shape, hashes[i], place)];
      }
    }
    bool changed = false;
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
      if (i % 4096 == 0 && job.stopped()) return false;
      changed = mask_best(shapes_[i], hashes[i], neighbours) || changed;
    }
    return changed;
  }

  [[nodiscard]] std::uint64_t without(const Shape& shape, std::uint64_t whole, std::size_t place) const {
    return mix(whole - place_hash(shape, place, shape.tokens[place]) + (place << 8U));
  }

  // Makes the place with the most neighbours over its threshold a parameter; of equals the leftmost.
  bool mask_best(Shape& shape, std::uint64_t hash, const std::unordered_map<std::uint64_t, unsigned>& neighbours) {
    std::size_t best = shape.tokens.size();
    unsigned most = 0;
    for (std::size_t place = 0; place < shape.tokens.size(); ++place) {
      if (!may_vary(shape.tokens[place])) continue;
      const auto found = neighbours.find(without(shape, hash, place));
      if (found == neighbours.end() || found->second < threshold(shape, place) || found->second <= most) continue;
      most = found->second;
      best = place;
    }
    if (best == shape.tokens.size()) return false;
    shape.tokens[best] = 0;
    return true;
  }

  std::unordered_map<std::string_view, Token> numbers_;
  std::vector<std::string_view> words_;  // views into the caller's texts
  std::vector<Shape> shapes_;
};

}  // namespace

std::vector<std::string> group_shapes(const std::vector<std::string>& shapes, const Job& job) {
  Grouping grouping(shapes);
  grouping.run(job);
  std::vector<std::string> texts;
  texts.reserve(shapes.size());
  for (std::size_t i = 0; i < shapes.size(); ++i) texts.push_back(grouping.text(i));
  return texts;
}

}  // namespace conclave::logs
