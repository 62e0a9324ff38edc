// Which file of a rotated log is older, by what its name says. Internal to the room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::logs {

// What rotation and compression put into a file's name. Of a set (one base) the oldest comes first: dated files by date, and by
// number within a date (log4j, logback, Serilog and glog count up); then numbered ones from the highest on (logrotate,
// newsyslog, spdlog count the living file as 0), ".old" as 0; the living file, which has neither, last.
struct Rotation {
  std::string base;                     // "app.log" of app.log.2.gz, app.log-20260301, app-2026-03-01.log, app.1.log
  std::string date;                     // YYYYMMDDhhmmss, zeros for what the name leaves out; empty without a date
  std::optional<std::uint64_t> number;  // behind the date if there is one

  [[nodiscard]] bool is_older_than(const Rotation& other) const;
};

// Of a name without folders. Seconds since 1970, as Apache's rotatelogs writes them, are a date. A number behind a digit, as in
// "10.0.0.1.log", belongs to the name.
[[nodiscard]] Rotation rotation_of(std::string_view name);

// Indexes of `files`: sets sorted by folder and base, the oldest file of each first.
[[nodiscard]] std::vector<std::size_t> order_by_age(const std::vector<std::filesystem::path>& files);

}  // namespace conclave::logs
