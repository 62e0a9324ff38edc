#include "app/cli/log_summary_tables.h"

#include <algorithm>
#include <cmath>

#include "app/cli/terminal.h"

namespace conclave::cli {
namespace {

using logs::Level;

constexpr std::size_t most_rows = 48;

nlohmann::json time_json(const std::optional<TimeUs>& time) {
  return time ? nlohmann::json(format_time(*time)) : nlohmann::json(nullptr);
}

std::string_view shown_name(Level level) { return level == Level::unknown ? "none" : logs::level_name(level); }

std::uint64_t count_of(const logs::LevelCounts& levels, Level level) { return levels[static_cast<std::size_t>(level)]; }

nlohmann::json levels_json(const logs::LevelCounts& levels) {
  nlohmann::json json;
  for (std::size_t i = 0; i < levels.size(); ++i) json[std::string(shown_name(static_cast<Level>(i)))] = levels[i];
  return json;
}

nlohmann::json patterns_json(const logs::LogSummary& summary) {
  nlohmann::json json = {
      {"error", summary.error_lines}, {"warning", summary.warning_lines}, {"timestamp", summary.timestamp_lines}};
  for (const logs::PatternLines& pattern : summary.patterns) json[pattern.name] = pattern.lines;
  return json;
}

nlohmann::json histogram_json(const logs::LogSummary& summary) {
  auto json = nlohmann::json::array();
  for (const logs::Bucket& bucket : summary.buckets) {
    json.push_back({{"start", format_time(bucket.start)},
                    {"lines", bucket.lines},
                    {"errors", count_of(bucket.levels, Level::fatal) + count_of(bucket.levels, Level::error)},
                    {"warnings", count_of(bucket.levels, Level::warning)}});
  }
  return json;
}

nlohmann::json gaps_json(const logs::LogSummary& summary) {
  auto gaps = nlohmann::json::array();
  for (const logs::Gap& gap : summary.gaps) {
    gaps.push_back({{"from", format_time(gap.from)},
                    {"to", format_time(gap.to)},
                    {"seconds", static_cast<double>(gap.to - gap.from) / 1e6},
                    {"line_before", gap.line_before},
                    {"line_after", gap.line_after}});
  }
  return gaps;
}

nlohmann::json samples_json(const logs::LogSummary& summary) {
  nlohmann::json samples;
  for (std::size_t i = 0; i < summary.level_samples.size(); ++i) {
    auto& lines = samples[std::string(shown_name(static_cast<Level>(i)))] = nlohmann::json::array();
    for (const logs::Sample& sample : summary.level_samples[i]) lines.push_back(sample.line);
  }
  return samples;
}

nlohmann::json source_json(const SummarizedLog& log) {
  const logs::LogSummary& summary = log.summary;
  return {{"path", log.path},
          {"format", log.structure == logs::Structure::text ? summary.stamp_format : logs::structure_name(log.structure)},
          {"stamp_format", summary.stamp_format},
          {"encoding", logs::encoding_name(log.encoding)},
          {"file_bytes", log.file_bytes},
          {"bytes", summary.bytes},
          {"lines", summary.lines},
          {"levels", levels_json(summary.levels)},
          {"patterns", patterns_json(summary)},
          {"first_time", time_json(summary.first_time)},
          {"last_time", time_json(summary.last_time)},
          {"out_of_order", summary.out_of_order},
          {"gaps", gaps_json(summary)},
          {"samples", samples_json(summary)}};
}

std::string levels_text(const logs::LevelCounts& levels) {
  std::string text;
  for (std::size_t i = levels.size(); i-- > 0;) {
    if (levels[i] == 0) continue;
    text += (text.empty() ? "" : ", ") + std::string(shown_name(static_cast<Level>(i))) + " " + grouped(levels[i]);
  }
  return text.empty() ? "no lines" : text;
}

std::string patterns_text(const logs::LogSummary& summary) {
  std::string text = "error " + grouped(summary.error_lines) + ", warning " + grouped(summary.warning_lines) + ", timestamp " +
                     grouped(summary.timestamp_lines);
  for (const logs::PatternLines& pattern : summary.patterns) {
    text += ", " + harmless(pattern.name) + " " + grouped(pattern.lines);
    if (pattern.given_up > 0) text += " (" + grouped(pattern.given_up) + " lines were too hard for it)";
  }
  return text;
}

std::string times_text(const logs::LogSummary& summary) {
  if (!summary.first_time || !summary.last_time) return "no time stamps";
  return human_time(*summary.first_time) + " to " + human_time(*summary.last_time) + " (" +
         human_duration(static_cast<double>(*summary.last_time - *summary.first_time) / 1e6) + "), " + summary.stamp_format +
         (summary.out_of_order > 0 ? ", " + grouped(summary.out_of_order) + " out of order" : "");
}

// A bar of eighths of a cell.
std::string bar(double share, int cells) {
  const auto eighths = static_cast<int>(std::lround(share * cells * 8));
  std::string text;
  for (int i = 0; i < eighths / 8; ++i) text += "\u2588";
  constexpr const char* parts[] = {"", "\u258F", "\u258E", "\u258D", "\u258C", "\u258B", "\u258A", "\u2589"};
  return text + parts[eighths % 8];
}

std::string hours_text(const logs::LogSummary& summary, int width) {
  const auto hours = summary.hourly();
  if (hours.empty()) return "";
  std::uint64_t most = 1;
  for (const auto& hour : hours) most = std::max(most, hour.second);
  const bool days = summary.bucket_us > 3600 * us_per_second;
  std::string text = days ? "  lines a day\n" : "  lines an hour\n";
  const std::size_t first = hours.size() > most_rows ? hours.size() - most_rows : 0;
  if (first > 0) text += "    (" + std::to_string(first) + " earlier " + (days ? "days" : "hours") + " not shown)\n";
  const std::size_t digits = grouped(most).size();
  const int cells = std::clamp(width - 28 - static_cast<int>(digits), 10, 60);
  for (std::size_t i = first; i < hours.size(); ++i) {
    const std::string count = grouped(hours[i].second);
    text += "    " + format_time(hours[i].first).substr(0, 16) + "Z  " + std::string(digits - count.size(), ' ') + count + "  " +
            bar(static_cast<double>(hours[i].second) / static_cast<double>(most), cells) + "\n";
  }
  return text;
}

std::string block_text(const std::string& title, std::uint64_t file_bytes, const logs::LogSummary& summary, bool colour,
                       int width) {
  const bool unpacked = summary.bytes != file_bytes;
  return painted(title, Colour::bold, colour) + "\n  lines     " + grouped(summary.lines) + " in " +
         human_bytes(static_cast<double>(summary.bytes)) +
         (unpacked ? " (" + human_bytes(static_cast<double>(file_bytes)) + " packed)" : "") + "\n  time      " +
         times_text(summary) + "\n  levels    " + levels_text(summary.levels) + "\n  matching  " + patterns_text(summary) + "\n" +
         hours_text(summary, width);
}

}  // namespace

nlohmann::json summary_json(const std::vector<SummarizedLog>& logs, const logs::LogSummary& all) {
  auto sources = nlohmann::json::array();
  for (const SummarizedLog& log : logs) sources.push_back(source_json(log));
  return {{"total_lines", all.lines},
          {"bytes", all.bytes},
          {"levels", levels_json(all.levels)},
          {"patterns", patterns_json(all)},
          {"first_time", time_json(all.first_time)},
          {"last_time", time_json(all.last_time)},
          {"histogram", histogram_json(all)},
          {"sources", sources}};
}

std::string summary_text(const std::vector<SummarizedLog>& logs, const logs::LogSummary& all, bool colour, int width) {
  std::string text;
  std::uint64_t file_bytes = 0;
  for (const SummarizedLog& log : logs) {
    text += block_text(harmless(log.path), log.file_bytes, log.summary, colour, width);
    file_bytes += log.file_bytes;
  }
  if (logs.size() > 1) text += block_text(std::to_string(logs.size()) + " logs together", file_bytes, all, colour, width);
  return text;
}

nlohmann::json hourly_json(const logs::LogSummary& summary) {
  auto hours = nlohmann::json::array();
  for (const auto& [start, lines] : summary.hourly()) hours.push_back({{"start", format_time(start)}, {"lines", lines}});
  return hours;
}

std::string hourly_text(const logs::LogSummary& summary) {
  std::string text;
  for (const auto& [start, lines] : summary.hourly()) text += format_time(start) + " " + std::to_string(lines) + "\n";
  return text;
}

}  // namespace conclave::cli
