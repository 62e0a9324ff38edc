// Whether a field of a line is what is looked for. Internal to the room.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/logs/expression.h"
#include "engine/logs/fields.h"
#include "engine/logs/line_regex.h"

namespace conclave::logs {

// A FieldFilter made ready. Immutable; any thread.
class FieldTest {
 public:
  [[nodiscard]] static Result<FieldTest> compile(const FieldFilter& filter);

  // What it has seen of one line.
  struct Seen {
    bool named = false;  // a field of that name
    bool hit = false;    // no other field changes the answer
    bool too_hard = false;
  };
  // Give it each field of the line, until `hit` or `too_hard`.
  void look(const Field& field, TimeUs reference, std::string& buffer, LineRegex::Workspace& workspace, const Job& job,
            Seen& seen) const;
  [[nodiscard]] bool holds(const Seen& seen) const;
  [[nodiscard]] const FieldFilter& filter() const { return filter_; }

 private:
  [[nodiscard]] bool same(const Field& field, std::string_view text, TimeUs reference) const;
  [[nodiscard]] bool in_order(const Field& field, std::string_view text, TimeUs reference) const;

  FieldFilter filter_;
  std::optional<FieldNumber> number_;
  std::optional<TimeUs> time_;
  std::optional<LineRegex> regex_;
};

// Texts that tell which lines may have such a field without reading them: a line that holds all of `all`, or one of `any`.
// Without `all` each line may.
struct FieldHints {
  std::vector<std::string> all;
  std::vector<std::string> any;
};
[[nodiscard]] FieldHints hints_of(const FieldFilter& filter);

}  // namespace conclave::logs
