// The user's own patterns, counted line by line as Python's re on bytes would count them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"

namespace conclave::logs {

// Immutable; any thread.
class UserPatterns {
 public:
  // `rules` are (name, regular expression); a name must be new and not that of a seed pattern. What does not compile is an error
  // that says where.
  [[nodiscard]] static Result<std::shared_ptr<const UserPatterns>> compile(
      const std::vector<std::pair<std::string, std::string>>& rules);
  ~UserPatterns();

  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] const std::string& name(std::size_t pattern) const;

  enum class Answer : std::uint8_t { no, yes, given_up };
  // What matching needs beside the patterns. One thread at a time.
  class Matcher {
   public:
    explicit Matcher(std::shared_ptr<const UserPatterns> patterns);
    Matcher(const Matcher&) = delete;
    Matcher& operator=(const Matcher&) = delete;
    ~Matcher();
    // Sets one answer per pattern for the line.
    void match(std::string_view line, std::vector<Answer>& answers);

   private:
    struct State;
    std::shared_ptr<const UserPatterns> patterns_;
    std::unique_ptr<State> state_;
  };

 private:
  struct Rule;
  UserPatterns();
  std::vector<Rule> rules_;
};

}  // namespace conclave::logs
