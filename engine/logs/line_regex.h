// A regular expression that is searched for in one line at a time. Internal to the room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/job.h"

namespace conclave::logs {

// PCRE2 over bytes: "." is a byte, any_case and classes know ASCII only, as Python's re on bytes. Immutable; any thread, each
// with a Workspace of its own.
class LineRegex {
 public:
  // ErrorKind::parse, without a place.
  [[nodiscard]] static Result<LineRegex> compile(std::string_view pattern, bool any_case);

  class Workspace {
   public:
    Workspace();
    Workspace(const Workspace&) = delete;
    Workspace& operator=(const Workspace&) = delete;
    ~Workspace();

   private:
    friend class LineRegex;
    struct Parts;
    std::unique_ptr<Parts> parts_;
  };

  enum class Answer : std::uint8_t { no, yes, too_hard, stopped };
  // Whether it matches in `line`, a line without its end. Looks at the job while it works on a hard one; too_hard if it took more
  // steps than a pattern that is meant to be searched for.
  [[nodiscard]] Answer matches(std::string_view line, Workspace& workspace, const Job& job) const;

  // [begin, end) of the first match from `from` on that is not empty; nothing also where it is hard.
  [[nodiscard]] std::optional<std::pair<std::size_t, std::size_t>> find(std::string_view line, std::size_t from,
                                                                        Workspace& workspace) const;

 private:
  struct Codes;
  int quickly(std::string_view line, std::size_t from, std::uint32_t options, Workspace& workspace) const;
  int patiently(std::string_view line, Workspace& workspace, const Job& job) const;
  std::shared_ptr<const Codes> codes_;
};

}  // namespace conclave::logs
