// An entry of the systemd journal as a line. Internal to the room.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/time.h"

namespace conclave::logs {

// One entry at a time, so that its memory is used again. Fields are "NAME=value" as sd-journal gives them.
class JournalLine {
 public:
  void start(TimeUs time);
  void add(std::string_view field);
  // Appends it as journal.h shows, with its line end.
  void finish(std::string& out);

 private:
  void put(std::string_view name, std::string_view value);

  TimeUs time_ = 0;
  std::string level_, host_, unit_, about_, identifier_, pid_, message_;
  std::vector<std::pair<std::string, std::string>> others_;
  std::string* out_ = nullptr;
};

}  // namespace conclave::logs
