// The shape of a message: what is left without the words that are evidently parameters. Internal to the room.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/logs/parameters.h"

namespace conclave::logs {

struct ShapeParameter {
  std::size_t begin = 0;  // offsets in the message
  std::size_t end = 0;
  ParameterKind kind = ParameterKind::mixed;
};

inline constexpr std::string_view parameter = "<*>";
inline constexpr std::size_t max_shape_input = 2048;  // bytes of a message that are looked at

// Makes shapes, one at a time; what it gives is valid until the next. One thread.
class ShapeMaker {
 public:
  // `message` with white space made single and every word that is evidently a parameter made <*>.
  [[nodiscard]] std::string_view make(std::string_view message);
  [[nodiscard]] const std::vector<ShapeParameter>& parameters() const { return parameters_; }  // of the last shape, one per <*>

 private:
  void take_sign(char sign);
  void take_word();
  bool take_composite(std::size_t end);
  bool take_quoted(char quote);
  void put(std::size_t begin, std::size_t end);
  void put_literal(std::string_view literal);
  void put_parameter(std::size_t begin, std::size_t end, ParameterKind kind);
  bool joins_last(std::size_t begin, std::size_t end, ParameterKind kind);
  void flush();
  [[nodiscard]] bool may_be_value() const;
  [[nodiscard]] bool follows_time() const;
  [[nodiscard]] bool date_follows(std::size_t at) const;
  [[nodiscard]] char at(std::size_t place) const { return place < text_.size() ? text_[place] : '\0'; }

  std::string_view text_;
  std::size_t at_ = 0;
  bool json_ = false;          // keys are quoted too
  bool space_ = false;         // a blank is due before what comes next
  std::size_t run_begin_ = 0;  // bytes of text_ that go out as they are
  std::size_t run_end_ = 0;
  std::size_t row_ = 0;  // parameters in a row with only blanks between them
  std::size_t size_ = 0;
  std::vector<ShapeParameter> parameters_;
  std::array<char, max_shape_input * 4 + 16> out_;
};

struct ShapeToken {
  std::string_view text;  // a word, a sign or <*>
  bool spaced = false;    // a blank stands before it
};
// The words, signs and parameters of a shape; views into it.
[[nodiscard]] std::vector<ShapeToken> split_shape(std::string_view shape);

// The same into `out`, for tests.
void make_shape(std::string_view message, std::string& out);

}  // namespace conclave::logs
