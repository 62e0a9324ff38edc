// All logs are mined as one, so that a template is the same on both sides; then each template's two counts are tested
// (rate_test.h). Two things make logs differ from dice. There may be more traffic on one side, or one message may drown all
// others: so by default the middle of all ratios counts as no change, as with counts of genes (Anders and Huber, Genome Biology
// 2010). And messages come in clusters, so that counts vary more than chance has it: the middle of G over the templates that are
// frequent on both sides, against what it is under chance, tells how much more, and G is divided by it ("genomic control",
// Devlin and Roeder, Biometrics 1999).
#include "engine/logs/compare.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/logs/rate_test.h"
#include "engine/logs/template_times.h"

namespace conclave::logs {
namespace {

constexpr std::uint64_t frequent = 5;        // records on both sides
constexpr std::size_t least_templates = 8;   // for a middle that says something
constexpr double middle_of_chance = 0.4549;  // median of the chi-squared distribution with one degree of freedom

double middle(std::vector<double> values) {
  const auto half = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), half, values.end());
  if (values.size() % 2 == 1) return *half;
  return (*half + *std::max_element(values.begin(), half)) / 2;
}

std::uint64_t after_of(const Template& found) { return found.count - found.count_before; }

std::optional<double> time_scale(const TemplateTimes& times, std::size_t logs_before, std::optional<TimeUs> change) {
  std::optional<std::pair<TimeUs, TimeUs>> before;
  std::optional<std::pair<TimeUs, TimeUs>> after;
  for (std::size_t i = 0; i < times.spans.size(); ++i) {
    if (!times.spans[i]) continue;
    auto& side = i < logs_before ? before : after;
    side = side ? std::pair(std::min(side->first, times.spans[i]->first), std::max(side->second, times.spans[i]->second))
                : *times.spans[i];
  }
  if (change && after) before = std::pair(std::exchange(after->first, *change), *change);
  if (!before || !after || before->second <= before->first || after->second <= after->first) return std::nullopt;
  return static_cast<double>(after->second - after->first) / static_cast<double>(before->second - before->first);
}

double record_scale(const Comparison& all) {
  if (all.records_before == 0 || all.records_after == 0) return 1;
  return static_cast<double>(all.records_after) / static_cast<double>(all.records_before);
}

double typical_scale(const Comparison& all) {
  std::vector<double> ratios;
  for (const Template& found : all.groups.templates) {
    if (found.count_before < frequent || after_of(found) < frequent) continue;
    ratios.push_back(std::log(static_cast<double>(after_of(found)) / static_cast<double>(found.count_before)));
  }
  return ratios.size() < least_templates ? record_scale(all) : std::exp(middle(std::move(ratios)));
}

double dispersion_of(const Comparison& all) {
  std::vector<double> statistics;
  for (const Template& found : all.groups.templates) {
    if (found.count_before < frequent || after_of(found) < frequent) continue;
    statistics.push_back(g_statistic(found.count_before, after_of(found), all.scale));
  }
  return statistics.size() < least_templates ? 1 : std::max(1.0, middle(std::move(statistics)) / middle_of_chance);
}

TemplateChange change_of(const Template& found, std::uint32_t index, const Comparison& all) {
  TemplateChange change;
  change.found = index;
  change.before = found.count_before;
  change.after = after_of(found);
  constexpr double half = 0.5;
  change.ratio = (static_cast<double>(change.after) + half) / (static_cast<double>(change.before) + half) / all.scale;
  change.kind = change.before == 0  ? ChangeKind::appeared
                : change.after == 0 ? ChangeKind::vanished
                : change.ratio > 1  ? ChangeKind::more
                                    : ChangeKind::fewer;
  change.statistic = g_statistic(change.before, change.after, all.scale) / all.dispersion;
  change.p_value = change_p_value(change.before, change.after, all.scale);
  if (all.dispersion > 1) change.p_value = std::max(change.p_value, chi_squared_tail(change.statistic));
  return change;
}

void find_changes(Comparison& all, double significance) {
  std::vector<TemplateChange> changes;
  std::vector<double> p_values;
  for (std::uint32_t i = 0; i < all.groups.templates.size(); ++i) {
    changes.push_back(change_of(all.groups.templates[i], i, all));
    p_values.push_back(changes.back().p_value);
  }
  const std::vector<double> corrected = benjamini_hochberg(p_values);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    changes[i].q_value = corrected[i];
    const bool one_sided = changes[i].before == 0 || changes[i].after == 0;
    if (one_sided || corrected[i] <= significance) all.changes.push_back(changes[i]);
  }
  std::stable_sort(all.changes.begin(), all.changes.end(),
                   [](const auto& a, const auto& b) { return a.statistic > b.statistic; });
}

void find_times(Comparison& all, const TemplateTimes& times, double significance, const Job& job) {
  constexpr std::uint64_t least_records = 10;
  constexpr double least_weight = 10;
  all.bucket_us = times.bucket_us;
  if (times.buckets < 2) return;
  const auto at = [&](std::size_t bucket) { return times.start + static_cast<TimeUs>(bucket) * times.bucket_us; };
  for (std::uint32_t i = 0; i < all.groups.templates.size() && !job.stopped(); ++i) {
    if (all.groups.templates[i].count < least_records) continue;
    const std::span counts(times.counts.data() + i * times.buckets, times.buckets);
    std::uint64_t total = 0;
    for (const std::uint32_t count : counts) total += count;
    const double mean = static_cast<double>(total) / static_cast<double>(times.buckets);
    for (const BucketBurst& burst : find_bursts(counts)) {
      if (burst.weight < least_weight) continue;
      std::uint64_t count = 0;
      for (std::size_t bucket = burst.first; bucket < burst.last; ++bucket) count += counts[bucket];
      all.bursts.push_back(
          {i, at(burst.first), at(burst.last), count, mean * static_cast<double>(burst.last - burst.first), burst.weight});
    }
    const BucketSilence silence = find_silence(counts);
    if (silence.p_value * static_cast<double>(all.groups.templates.size()) > significance) continue;
    all.silences.push_back(
        {i, at(silence.first), at(silence.last), mean * static_cast<double>(silence.last - silence.first), silence.p_value});
  }
  std::stable_sort(all.bursts.begin(), all.bursts.end(), [](const auto& a, const auto& b) { return a.weight > b.weight; });
  std::stable_sort(all.silences.begin(), all.silences.end(), [](const auto& a, const auto& b) { return a.p_value < b.p_value; });
}

Result<Comparison> compare_all(std::span<const std::string_view> logs, std::size_t logs_before, std::optional<TimeUs> change,
                               const CompareOptions& options, Job& job) {
  if (!(options.significance > 0 && options.significance < 1)) {
    return fail(ErrorKind::invalid_argument, "the significance has to be between 0 and 1");
  }
  TemplateOptions mining;
  mining.reference = options.reference == 0 ? now_us() : options.reference;
  mining.change_time = change;
  mining.logs_before = logs_before;
  mining.keep_assignments = true;
  mining.content = options.content;
  mining.max_templates = options.max_templates;
  auto groups = mine_templates(logs, mining, job);
  if (!groups) return tl::unexpected(groups.error());
  Comparison all;
  all.groups = std::move(*groups);
  for (std::size_t i = 0; i < logs_before; ++i) {
    all.lines_before += static_cast<std::uint64_t>(std::count(logs[i].begin(), logs[i].end(), '\n'));
    all.lines_before += !logs[i].empty() && logs[i].back() != '\n' ? 1 : 0;
  }
  for (const Template& found : all.groups.templates) {
    all.records_before += found.count_before;
    all.records_after += after_of(found);
  }
  if (change && (all.records_before == 0 || all.records_after == 0)) {
    return fail(ErrorKind::invalid_argument, std::string("no record has a time ") +
                                                 (all.records_before == 0 ? "before " : "at or behind ") + format_time(*change));
  }
  TemplateTimes times;
  times.spans.resize(logs.size());
  if (!options.content) times = template_times(logs, all.groups, mining.reference, job);
  if (job.stopped()) return fail_cancelled();
  all.groups.assignments = {};
  if (options.normalise == Normalise::time) {
    const auto scale = time_scale(times, logs_before, change);
    if (!scale) return fail(ErrorKind::invalid_argument, "rates in time need stamps on both sides of the change");
    all.scale = *scale;
  } else {
    all.scale = options.normalise == Normalise::typical ? typical_scale(all) : record_scale(all);
  }
  all.dispersion = dispersion_of(all);
  find_changes(all, options.significance);
  find_times(all, times, options.significance, job);
  if (job.stopped()) return fail_cancelled();
  return all;
}

}  // namespace

std::string_view change_kind_name(ChangeKind kind) {
  constexpr std::array<std::string_view, 4> names = {"new", "vanished", "more", "fewer"};
  return names[static_cast<std::size_t>(kind)];
}

Result<Comparison> compare(std::span<const std::string_view> before, std::span<const std::string_view> after,
                           const CompareOptions& options, Job& job) {
  std::vector<std::string_view> logs(before.begin(), before.end());
  logs.insert(logs.end(), after.begin(), after.end());
  return compare_all(logs, before.size(), std::nullopt, options, job);
}

Result<Comparison> compare_at(std::span<const std::string_view> logs, TimeUs time, const CompareOptions& options, Job& job) {
  return compare_all(logs, 0, time, options, job);
}

}  // namespace conclave::logs
