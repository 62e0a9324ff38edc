// A summary on its way to another process or machine: its part as CBOR (RFC 8949), in short arrays.
#include <nlohmann/json.hpp>

#include "engine/logs/summary_part.h"

namespace conclave::logs {
namespace {

using Json = nlohmann::json;
constexpr int format_version = 2;

Json samples_to_json(const std::vector<Sample>& samples) {
  Json rows = Json::array();
  for (const Sample& sample : samples) rows.push_back({sample.line, sample.time, static_cast<int>(sample.level)});
  return rows;
}

Level level_from(const Json& json) {
  const auto number = json.get<unsigned>();
  if (number >= level_count) throw Json::other_error::create(501, "no such level", nullptr);
  return static_cast<Level>(number);
}

std::vector<Sample> samples_from(const Json& json) {
  std::vector<Sample> samples;
  for (const Json& row : json)
    samples.push_back({row.at(0).get<std::uint64_t>(), row.at(1).get<TimeUs>(), level_from(row.at(2))});
  return samples;
}

Json cell_to_json(const Cell& cell) { return {cell.lines, cell.first_error_line}; }

Cell cell_from(const Json& json) {
  Cell cell;
  json.at(0).get_to(cell.lines);
  cell.first_error_line = json.at(1).get<std::uint64_t>();
  return cell;
}

Json counts_to_json(const LineCounts& counts) {
  Json levels = Json::array();
  for (const auto& samples : counts.level_samples) levels.push_back(samples_to_json(samples));
  return {counts.bytes,         counts.error_lines,      counts.warning_lines,          counts.timestamp_lines,
          counts.pattern_lines, counts.pattern_given_up, cell_to_json(counts.unplaced), samples_to_json(counts.samples),
          std::move(levels)};
}

LineCounts counts_from(const Json& json, std::size_t patterns) {
  LineCounts counts;
  counts.bytes = json.at(0).get<std::uint64_t>();
  counts.error_lines = json.at(1).get<std::uint64_t>();
  counts.warning_lines = json.at(2).get<std::uint64_t>();
  counts.timestamp_lines = json.at(3).get<std::uint64_t>();
  counts.pattern_lines = json.at(4).get<std::vector<std::uint64_t>>();
  counts.pattern_given_up = json.at(5).get<std::vector<std::uint64_t>>();
  if (counts.pattern_lines.size() != patterns || counts.pattern_given_up.size() != patterns) {
    throw Json::other_error::create(501, "counts of patterns are missing", nullptr);
  }
  counts.unplaced = cell_from(json.at(6));
  counts.samples = samples_from(json.at(7));
  for (std::size_t i = 0; i < level_count; ++i) counts.level_samples[i] = samples_from(json.at(8).at(i));
  return counts;
}

}  // namespace

Json SummaryPart::to_json() const {
  Json cells = Json::array();
  for (const auto& [start, cell] : cells_) {
    Json row = cell_to_json(cell);
    row.push_back(start);
    cells.push_back(std::move(row));
  }
  Json gaps = Json::array();
  for (const Gap& gap : gaps_) gaps.push_back({gap.from, gap.to, gap.line_before, gap.line_after});
  return {
      {"version", format_version},
      {"range", limits_.time_range ? Json{limits_.time_range->first, limits_.time_range->second} : Json(nullptr)},
      {"most", {limits_.max_gaps, limits_.max_samples, limits_.max_level_samples}},
      {"names", names_},
      {"lines", lines_},
      {"head", counts_to_json(head_)},
      {"body", counts_to_json(body_)},
      {"stamps",
       {last_stamp_, first_in_range_.time, first_in_range_.line, last_in_range_.time, last_in_range_.line, earliest_, latest_}},
      {"formats", formats_},
      {"width", width_},
      {"cells", std::move(cells)},
      {"gaps", std::move(gaps)},
      {"out_of_order", out_of_order_}};
}

SummaryPart SummaryPart::from_json(const Json& json) {
  if (json.at("version").get<int>() != format_version) {
    throw Json::other_error::create(501, "made by another version", nullptr);
  }
  SummaryPart part;
  if (const Json& range = json.at("range"); !range.is_null()) {
    part.limits_.time_range = {range.at(0).get<TimeUs>(), range.at(1).get<TimeUs>()};
  }
  const Json& most = json.at("most");
  part.limits_.max_gaps = most.at(0).get<std::uint64_t>();
  part.limits_.max_samples = most.at(1).get<std::uint64_t>();
  part.limits_.max_level_samples = most.at(2).get<std::uint64_t>();
  part.names_ = json.at("names").get<std::vector<std::string>>();
  part.lines_ = json.at("lines").get<std::uint64_t>();
  part.head_ = counts_from(json.at("head"), part.names_.size());
  part.body_ = counts_from(json.at("body"), part.names_.size());
  const Json& stamps = json.at("stamps");
  part.last_stamp_ = stamps.at(0).get<TimeUs>();
  part.first_in_range_ = {stamps.at(1).get<TimeUs>(), stamps.at(2).get<std::uint64_t>()};
  part.last_in_range_ = {stamps.at(3).get<TimeUs>(), stamps.at(4).get<std::uint64_t>()};
  part.earliest_ = stamps.at(5).get<TimeUs>();
  part.latest_ = stamps.at(6).get<TimeUs>();
  part.formats_ = json.at("formats").get<std::array<std::uint64_t, stamp_format_count>>();
  part.width_ = json.at("width").get<TimeUs>();
  constexpr TimeUs minute = 60 * us_per_second;
  if (part.width_ != minute && part.width_ != 60 * minute && part.width_ != 24 * 60 * minute) {
    throw Json::other_error::create(501, "no such width of buckets", nullptr);
  }
  for (const Json& row : json.at("cells")) part.cells_[row.at(2).get<TimeUs>()] = cell_from(row);
  for (const Json& row : json.at("gaps")) {
    part.gaps_.push_back(
        {row.at(0).get<TimeUs>(), row.at(1).get<TimeUs>(), row.at(2).get<std::uint64_t>(), row.at(3).get<std::uint64_t>()});
  }
  part.out_of_order_ = json.at("out_of_order").get<std::uint64_t>();
  return part;
}

std::string LogSummary::to_bytes() const {
  std::string packed;
  if (part) Json::to_cbor(part->to_json(), packed);
  return packed;
}

Result<LogSummary> LogSummary::from_bytes(std::string_view packed) {
  try {
    return SummaryPart::from_json(Json::from_cbor(packed)).finish();
  } catch (const Json::exception& error) {
    return fail(ErrorKind::serialization, std::string("these bytes are no summary of a log: ") + error.what());
  }
}

}  // namespace conclave::logs
