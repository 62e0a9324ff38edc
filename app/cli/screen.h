// The two output streams. Standard output is what was asked for; standard error is everything said about it.
#pragma once

#include <cerrno>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>

#include <unistd.h>

#include "engine/base/error.h"

namespace conclave::cli {

// Writes all of it, and waits where that takes time; 0 or errno.
[[nodiscard]] int write_all(int descriptor, std::string_view text);

// Writes standard output at once and remembers what went wrong. One thread.
class Output {
 public:
  // From now on nobody else writes there: what scripts, libraries and child processes write to descriptor 1 goes to standard
  // error. For the rest of the process.
  void keep_to_itself();
  [[nodiscard]] int descriptor() const { return descriptor_; }
  // A reader that went away (`| head`) ends the output without a complaint.
  void write(std::string_view text);
  [[nodiscard]] bool closed() const { return error_ != 0; }
  // Nothing, or why not all was written; a reader that went away is not an error.
  [[nodiscard]] Result<void> state() const;

 private:
  int descriptor_ = STDOUT_FILENO;
  int error_ = 0;
};

// A standard descriptor that the caller left closed would be given to the next file opened, for example the history, and then
// written to. Takes the places of closed ones; writing to standard output is then an error. Before anything is opened.
void occupy_standard_descriptors();

// Standard error: messages above, at most one line that is drawn over and over (the progress bar) below. Any thread.
class Screen {
 public:
  void say(std::string_view text);  // one or more lines, made harmless
  void draw(const std::string& line);
  void erase();

 private:
  void put(const std::string& text) const;
  std::mutex mutex_;
  bool drawn_ = false;
};

// All of `text` or nothing: written beside the target and renamed. Devices and pipes are written directly.
[[nodiscard]] Result<void> write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace conclave::cli
