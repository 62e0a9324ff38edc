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
#include <unordered_set>
#include <utility>

#include "engine/logs/line_sample.h"
#include "engine/logs/shape.h"

namespace conclave::logs {
namespace {

// How many different words at one place make it a parameter. The longer the context that they share, the fewer are enough.
constexpr unsigned threshold_of_names = 3;
constexpr unsigned threshold_of_values = 3;
constexpr unsigned threshold_in_long_context = 4;    // four and more other words
constexpr unsigned threshold_in_short_context = 6;   // two or three
constexpr unsigned threshold_in_scant_context = 10;  // less
constexpr int least_context = 2;                     // other words that make a parameter elsewhere one here too
constexpr std::uint64_t lines_of_closed_set = 16;    // lines per word that ask for one word more; four times as many for another
constexpr int max_rounds = 8;

using Token = std::uint32_t;  // number of a distinct token; 0 is the parameter

constexpr bool is_sign(char c) {
  constexpr std::string_view signs = "=:,;()[]{}<>|\"'";
  return signs.find(c) != std::string_view::npos;
}

// Nouns behind which a name stands: "for user root".
bool names_what_follows(std::string_view word) {
  constexpr std::array<std::string_view, 14> nouns = {"user",  "host",    "file",    "device",  "interface", "node",     "name",
                                                      "group", "account", "service", "process", "module",    "database", "class"};
  return std::find(nouns.begin(), nouns.end(), word) != nouns.end();
}

// What stands at one place of shapes that are the same everywhere else.
struct Place {
  unsigned words = 0;       // different ones
  std::uint64_t lines = 0;  // of all of them
  bool parameter = false;   // is one of them
};

struct Shape {
  std::vector<Token> tokens;
  std::vector<bool> spaced;  // a blank stands before the token
};

class Grouping {
 public:
  Grouping(const std::vector<std::string>& texts, const std::vector<std::uint64_t>& lines) : lines_(lines) {
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
    for (const ShapeToken& token : split_shape(text)) {
      const auto [found, added] = numbers_.emplace(token.text, static_cast<Token>(words_.size()));
      if (added) words_.push_back(token.text);
      shape.tokens.push_back(found->second);
      shape.spaced.push_back(token.spaced);
    }
    return shape;
  }

  [[nodiscard]] std::uint64_t place_hash(const Shape& shape, std::size_t place, Token token) const {
    return mix_bits((static_cast<std::uint64_t>(token) << 32U) ^ (place << 1U) ^ (shape.spaced[place] ? 1U : 0U));
  }

  [[nodiscard]] bool may_vary(Token token) const {
    if (token == 0 || words_[token].empty()) return false;
    return !is_sign(words_[token][0]) && words_[token] != "..";
  }

  [[nodiscard]] bool is_variable(const Shape& shape, std::size_t place, const Place& seen) const {
    const std::string_view before = place > 0 ? words_[shape.tokens[place - 1]] : std::string_view();
    const auto is_word = [&](Token token) { return may_vary(token); };
    const auto context = std::count_if(shape.tokens.begin(), shape.tokens.end(), is_word) - 1;
    const bool value = before == "=";
    const bool name = names_what_follows(before) && context >= least_context;
    if (seen.parameter && place > 0 && (value || name || context >= least_context)) return true;
    if (name) return seen.words >= threshold_of_names;
    unsigned least = value          ? threshold_of_values
                     : context >= 4 ? threshold_in_long_context
                     : context >= 2 ? threshold_in_short_context
                                    : threshold_in_scant_context;
    if (place == 0) least += context >= 4 ? least / 2 : least;
    for (std::uint64_t each = seen.lines / seen.words; each >= lines_of_closed_set; each /= 4) ++least;
    return seen.words >= least;
  }

  // Hashes of the shape as a whole; of the shape without one place by subtraction.
  [[nodiscard]] std::uint64_t whole_hash(const Shape& shape) const {
    std::uint64_t hash = mix_bits(shape.tokens.size());
    for (std::size_t i = 0; i < shape.tokens.size(); ++i) hash += place_hash(shape, i, shape.tokens[i]);
    return hash;
  }

  bool step(const Job& job) {
    std::unordered_map<std::uint64_t, std::uint64_t> lines;  // shapes that have become equal count once
    std::vector<std::uint64_t> hashes(shapes_.size());
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
      hashes[i] = whole_hash(shapes_[i]);
      lines[hashes[i]] += lines_[i];
    }
    bool changed = false;
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
      if (!fold_numbered_name(shapes_[i], lines)) continue;
      changed = true;
      const std::uint64_t before = std::exchange(hashes[i], whole_hash(shapes_[i]));
      lines[hashes[i]] += lines_[i];
      lines[before] -= lines_[i];
    }
    std::unordered_map<std::uint64_t, Place> places;
    std::unordered_set<std::uint64_t> done;
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
      if (i % 4096 == 0 && job.stopped()) return false;
      if (!done.insert(hashes[i]).second) continue;
      const Shape& shape = shapes_[i];
      for (std::size_t place = 0; place < shape.tokens.size(); ++place) {
        if (!may_vary(shape.tokens[place]) && shape.tokens[place] != 0) continue;
        Place& seen = places[without(shape, hashes[i], place)];
        ++seen.words;
        seen.lines += lines[hashes[i]];
        seen.parameter = seen.parameter || shape.tokens[place] == 0;
      }
    }
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
      if (i % 4096 == 0 && job.stopped()) return false;
      changed = mask_best(shapes_[i], hashes[i], places) || changed;
    }
    return changed;
  }

  // "synchronized to LOCAL(<*>), stratum <*>" is "synchronized to <*>, stratum <*>" if there is such a shape.
  bool fold_numbered_name(Shape& shape, const std::unordered_map<std::uint64_t, std::uint64_t>& known) const {
    constexpr std::size_t name_size = 4;
    for (std::size_t i = 1; i + name_size <= shape.tokens.size(); ++i) {
      const auto glued = [&](std::size_t at) { return !shape.spaced[at]; };
      if (!may_vary(shape.tokens[i]) || shape.tokens[i + 2] != 0 || !glued(i + 1) || !glued(i + 2) || !glued(i + 3)) continue;
      if (words_[shape.tokens[i + 1]] != "(" || words_[shape.tokens[i + 3]] != ")") continue;
      Shape folded = shape;
      folded.tokens[i] = 0;
      const auto erase = [&](auto& from) {
        from.erase(from.begin() + static_cast<std::ptrdiff_t>(i) + 1, from.begin() + static_cast<std::ptrdiff_t>(i + name_size));
      };
      erase(folded.tokens);
      erase(folded.spaced);
      const auto words = std::count_if(folded.tokens.begin(), folded.tokens.end(), [&](Token token) { return may_vary(token); });
      if (words < least_context || !known.contains(whole_hash(folded))) continue;
      shape = std::move(folded);
      return true;
    }
    return false;
  }

  [[nodiscard]] std::uint64_t without(const Shape& shape, std::uint64_t whole, std::size_t place) const {
    return mix_bits(whole - place_hash(shape, place, shape.tokens[place]) + (place << 8U));
  }

  // Makes the variable place with the most words a parameter; of equals the leftmost.
  bool mask_best(Shape& shape, std::uint64_t hash, const std::unordered_map<std::uint64_t, Place>& places) {
    std::size_t best = shape.tokens.size();
    unsigned most = 0;
    for (std::size_t place = 0; place < shape.tokens.size(); ++place) {
      if (!may_vary(shape.tokens[place])) continue;
      const auto found = places.find(without(shape, hash, place));
      if (found == places.end() || found->second.words <= most || !is_variable(shape, place, found->second)) continue;
      most = found->second.words;
      best = place;
    }
    if (best == shape.tokens.size()) return false;
    shape.tokens[best] = 0;
    return true;
  }

  std::unordered_map<std::string_view, Token> numbers_;
  std::vector<std::string_view> words_;  // views into the caller's texts
  std::vector<Shape> shapes_;
  const std::vector<std::uint64_t>& lines_;
};

}  // namespace

std::vector<std::string> group_shapes(const std::vector<std::string>& shapes, const std::vector<std::uint64_t>& lines,
                                      const Job& job) {
  Grouping grouping(shapes, lines);
  grouping.run(job);
  std::vector<std::string> texts;
  texts.reserve(shapes.size());
  for (std::size_t i = 0; i < shapes.size(); ++i) texts.push_back(grouping.text(i));
  return texts;
}

}  // namespace conclave::logs
