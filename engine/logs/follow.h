// Logs as they grow: what `tail -F` shows, across rotation and truncation, and what `journalctl -f` does.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"

namespace conclave::logs {

// What became of a followed file, or more of its text.
struct Followed {
  enum class What : std::uint8_t {
    text,        // whole lines with their ends; of Latin-1 as UTF-8, else as they are
    appeared,    // a file that was not there is read from its start
    vanished,    // the name is gone; what is still written to the old file is read until there is a new one
    replaced,    // rotated: the old file was read to its end, and the new one follows from its start
    truncated,   // it became shorter, or was written anew from its start, and is read from there
    unreadable,  // `text` says why; tried again
    ended,       // standard input has no more
  };
  std::size_t file = 0;  // index of the path, as given
  What what = What::text;
  std::string text = {};
};
[[nodiscard]] std::string_view what_name(Followed::What what);

struct FollowOptions {
  std::uint64_t last_lines = 10;            // of each file, before what comes; lines behind the first if it is not there yet
  std::size_t longest_line = 16UL << 20U;   // bytes: what has no end by then is given in pieces
  int standard_input = -1;                  // what the path "-" stands for, from here to its end; -1: a file of that name
  std::chrono::milliseconds interval{100};  // between looks. Looking needs no notification, which network file systems lack
};

// Not shared between threads. Owns one open file per path, or the reader of a journal with its thread (journal_tail.h).
class Follower {
 public:
  // A path that is not there yet is waited for. What is no regular file, compressed or UTF-16 is an error. "journal:..." as
  // find_files() knows it gives entries as lines of JSON; what happens to the files of the journal is not told.
  [[nodiscard]] static Result<Follower> open(const std::vector<std::filesystem::path>& paths, const FollowOptions& options);
  Follower(Follower&&) noexcept;
  Follower& operator=(Follower&&) noexcept;
  ~Follower();

  // Waits until there is something, at most `patience`, or until the job is stopped. At most about 4 MiB of text of each file.
  // A last line without an end is kept back until it has one, or the file is replaced or truncated.
  [[nodiscard]] std::vector<Followed> take(std::chrono::milliseconds patience, Job& job);
  // Ends following: last lines that have no end.
  [[nodiscard]] std::vector<Followed> rest();
  // Nothing will come any more: there was only standard input.
  [[nodiscard]] bool ended() const;

 private:
  class Source;
  class File;
  class Journal;
  Follower() = default;
  std::vector<std::unique_ptr<Source>> sources_;
  std::chrono::milliseconds interval_{100};
};

}  // namespace conclave::logs
