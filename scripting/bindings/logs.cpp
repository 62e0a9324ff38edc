// conclave.logs: reading, searching and summing up log files. Results leave as plain tuples and dicts; conclave/logs.py gives
// them names.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "engine/base/ids.h"
#include "engine/logs/compare.h"
#include "engine/logs/line_index.h"
#include "engine/logs/source.h"
#include "engine/logs/summary.h"
#include "engine/logs/templates.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/blocking.h"
#include "scripting/bindings/buffers.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/fast.h"
#include "scripting/bindings/log_source.h"
#include "scripting/bindings/operation.h"

namespace conclave::scripting {
namespace {

using logs::LogBytes;

Result<LogTextPtr> load(std::shared_ptr<const LogBytes> bytes, Job& job) {
  auto index = logs::LineIndex::build(bytes->view(), job);
  if (!index) return tl::unexpected(index.error());
  return std::make_shared<LogText>(LogText{std::move(bytes), std::move(*index)});
}

// What a pickle brought of a log.
class KeptBytes : public LogBytes {
 public:
  KeptBytes(std::string text, std::string name, std::uint64_t file_bytes, logs::Encoding encoding, const std::string& problem)
      : text_(std::move(text)) {
    view_ = text_;
    name_ = std::move(name);
    file_bytes_ = file_bytes;
    encoding_ = encoding;
    if (!problem.empty()) damage_ = Error{ErrorKind::io, problem, {}, 0, 0};
  }

 private:
  const std::string text_;
};

// Memory that a script owns (mmap, memoryview, bytearray, bytes), pinned and not copied. Made with the GIL; let go by any thread.
class PinnedBytes : public LogBytes {
 public:
  explicit PinnedBytes(py::handle owner) {
    if (PyObject_GetBuffer(owner.ptr(), &buffer_, PyBUF_SIMPLE) != 0) throw py::error_already_set();
    view_ = {static_cast<const char*>(buffer_.buf), static_cast<std::size_t>(buffer_.len)};
    name_ = "<text>";
    file_bytes_ = view_.size();
    encoding_ = logs::encoding_of(view_);
  }
  PinnedBytes(const PinnedBytes&) = delete;
  PinnedBytes& operator=(const PinnedBytes&) = delete;
  ~PinnedBytes() override {
    const py::gil_scoped_acquire hold;
    PyBuffer_Release(&buffer_);
  }

 private:
  Py_buffer buffer_{};
};

// A str, whose own UTF-8 it is: of ASCII the letters themselves, else what Python makes once and keeps with it. As PinnedBytes.
class PinnedText : public LogBytes {
 public:
  explicit PinnedText(py::handle text) : owner_(text.ptr()) {
    Py_ssize_t size = 0;
    const char* letters = PyUnicode_AsUTF8AndSize(owner_, &size);
    if (letters == nullptr) {  // a surrogate by itself
      PyErr_Clear();
      replaced_ = to_utf8(text, "text");
      view_ = replaced_;
    } else {
      view_ = {letters, static_cast<std::size_t>(size)};
    }
    Py_INCREF(owner_);
    name_ = "<text>";
    file_bytes_ = view_.size();
  }
  PinnedText(const PinnedText&) = delete;
  PinnedText& operator=(const PinnedText&) = delete;
  ~PinnedText() override {
    const py::gil_scoped_acquire hold;
    Py_DECREF(owner_);
  }

 private:
  PyObject* owner_;
  std::string replaced_;
};

bool same_text(const LogTextPtr& a, const LogTextPtr& b) {
  if (a == b) return true;
  if (a->bytes->name() != b->bytes->name() || a->bytes->view().size() != b->bytes->view().size()) return false;
  const py::gil_scoped_release release;
  return a->bytes->view() == b->bytes->view();
}

py::tuple log_state(const LogText& self) {
  const auto problem = self.bytes->problem();
  return py::make_tuple(py::bytes(self.bytes->name()), py::bytes(self.bytes->view().data(), self.bytes->view().size()),
                        self.bytes->file_bytes(), static_cast<int>(self.bytes->encoding()),
                        problem ? py::object(to_str(problem->text())) : py::none());
}

logs::Encoding encoding_from(int number) {
  if (number < 0 || number > static_cast<int>(logs::Encoding::utf16be)) throw py::value_error("no encoding of a log");
  return static_cast<logs::Encoding>(number);
}

LogTextPtr log_from_state(const py::tuple& state) {
  auto bytes = std::make_shared<KeptBytes>(std::string(py::cast<py::bytes>(state[1])), std::string(py::cast<py::bytes>(state[0])),
                                           py::cast<std::uint64_t>(state[2]), encoding_from(py::cast<int>(state[3])),
                                           state[4].is_none() ? std::string() : to_utf8(state[4], "problem"));
  Job job("read log");
  return value_or_raise(blocking(job, [&] { return load(std::move(bytes), job); }));
}

// Text, a file, or a log that is already open.
class LogSource {
 public:
  explicit LogSource(py::handle value) {
    if (py::isinstance<LogText>(value)) {
      open_ = py::cast<LogTextPtr>(value);
    } else if (PyUnicode_Check(value.ptr())) {
      memory_ = std::make_shared<PinnedText>(value);
    } else if (PyObject_CheckBuffer(value.ptr()) != 0) {
      memory_ = std::make_shared<PinnedBytes>(value);
    } else if (py::hasattr(value, "__fspath__")) {
      path_ = to_path(value, "path");
    } else {
      throw py::type_error(std::string("a log is text (str, bytes or another buffer), an os.PathLike or a LogText, not ") +
                           Py_TYPE(value.ptr())->tp_name);
    }
  }
  Result<LogTextPtr> open(Job& job) {
    if (open_) return open_;
    auto bytes = open_bytes(job);
    if (!bytes) return tl::unexpected(bytes.error());
    return load(std::move(*bytes), job);
  }
  // Without an index of lines.
  Result<std::shared_ptr<const LogBytes>> open_bytes(Job& job) {
    if (open_) return open_->bytes;
    if (memory_) return memory_;
    return LogBytes::open(path_, job);
  }

 private:
  LogTextPtr open_;
  std::shared_ptr<const LogBytes> memory_;
  std::filesystem::path path_;
};

// What was found, and the log it was found in.
template <class Found>
struct InLog {
  LogTextPtr log;
  Found found;
};

// `work(log, job)` on the log of `source`.
template <class Work, class Convert>
OperationPtr on_log(py::handle source, JobPtr job, Work work, Convert convert) {
  using Found = typename std::invoke_result_t<Work, const LogBytes&, Job&>::value_type;
  return make_operation(
      job,
      [source = LogSource(source), job, work = std::move(work)]() mutable -> Result<std::shared_ptr<InLog<Found>>> {
        auto log = source.open(*job);
        if (!log) return tl::unexpected(log.error());
        auto found = work(*(*log)->bytes, *job);
        if (!found) return tl::unexpected(found.error());
        return std::make_shared<InLog<Found>>(InLog<Found>{std::move(*log), std::move(*found)});
      },
      [convert](Result<std::shared_ptr<InLog<Found>>>&& result) -> py::object {
        return convert(std::move(*value_or_raise(std::move(result))));
      });
}

OperationPtr prepare_open_log(py::handle path, JobPtr job) {
  const JobPtr own = job_or_new(std::move(job), "open log");
  return make_operation(
      own,
      [file = to_path(path, "path"), own]() -> Result<LogTextPtr> {
        auto bytes = LogBytes::open(file, *own);
        if (!bytes) return tl::unexpected(bytes.error());
        return load(std::move(*bytes), *own);
      },
      [](Result<LogTextPtr>&& log) -> py::object { return py::cast(value_or_raise(std::move(log))); });
}

LogTextPtr log_text(py::handle text, py::handle name) {
  std::shared_ptr<const LogBytes> bytes;
  if (PyUnicode_Check(text.ptr())) {
    bytes = LogBytes::from_text(to_utf8(text, "text"), to_utf8(name, "name"));
  } else {
    const PinnedBytes pinned(text);
    bytes = LogBytes::from_text(std::string(pinned.view()), to_utf8(name, "name"));
  }
  Job job("index text");
  return value_or_raise(blocking(job, [&] { return load(bytes, job); }));
}

// The two that loops over lines call, by hand: pybind11's dispatch costs more than what they do. `self` is a LogText, which the
// method descriptors see to.
const LogText& log_of(PyObject* self) {
  auto* const instance = reinterpret_cast<py::detail::instance*>(self);
  return *static_cast<const LogText*>(instance->get_value_and_holder().value_ptr());
}

std::uint64_t to_position(PyObject* value) {
  const auto index = py::reinterpret_steal<py::object>(PyLong_CheckExact(value) ? Py_NewRef(value) : PyNumber_Index(value));
  if (!index) throw py::error_already_set();
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  if (overflow > 0) return std::numeric_limits<std::uint64_t>::max();
  if (overflow < 0 || number < 0) throw py::index_error("positions in a log are not negative");
  return static_cast<std::uint64_t>(number);
}

PyObject* line(PyObject* self, PyObject* const* given, Py_ssize_t count, PyObject* keywords) {
  return guarded([&] {
    static const auto names = interned({"number"});
    const std::uint64_t number = to_position(sorted("line", names, given, count, keywords)[0]);
    const LogText& log = log_of(self);
    if (number < 1 || number > log.index.line_count()) {
      throw py::index_error("line " + std::to_string(number) + " of " + std::to_string(log.index.line_count()));
    }
    return text_of(*log.bytes, log.index.line(log.bytes->view(), number)).release().ptr();
  });
}

PyObject* line_at(PyObject* self, PyObject* const* given, Py_ssize_t count, PyObject* keywords) {
  return guarded([&] {
    static const auto names = interned({"offset"});
    const std::uint64_t offset = to_position(sorted("line_at", names, given, count, keywords)[0]);
    const LogText& log = log_of(self);
    return PyLong_FromUnsignedLongLong(log.index.line_at(log.bytes->view(), offset));
  });
}

void add_quick_methods(const py::object& type) {
  static PyMethodDef methods[] = {
      fast_method("line", &line, "line($self, number)\n--\n\nText of a line (1-based) without its end."),
      fast_method("line_at", &line_at, "line_at($self, offset)\n--\n\nNumber of the line that holds the byte at `offset`."),
  };
  for (PyMethodDef& each : methods) {
    const auto descriptor =
        py::reinterpret_steal<py::object>(PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type.ptr()), &each));
    if (!descriptor) throw py::error_already_set();
    type.attr(each.ml_name) = descriptor;
  }
}

// (line, text) of the first `limit` lines that hold `wanted`.
py::list search(const LogText& self, py::handle wanted, std::size_t limit, JobPtr job) {
  const std::string needle =
      PyBytes_Check(wanted.ptr()) ? std::string(py::reinterpret_borrow<py::bytes>(wanted)) : to_utf8(wanted, "wanted");
  if (needle.empty()) throw py::value_error("what to search for must not be empty");
  const JobPtr own = job_or_new(std::move(job), "search");
  const std::string_view view = self.bytes->view();
  constexpr std::size_t piece = 8U << 20U;  // between two looks at the job
  const auto lines = blocking(*own, [&] {
    std::vector<std::uint64_t> found;
    std::size_t at = 0;
    while (at < view.size() && found.size() < limit && !own->stopped()) {
      const std::size_t end = std::min(view.size(), at + piece + needle.size() - 1);
      const std::size_t hit = view.substr(at, end - at).find(needle);
      if (hit == std::string_view::npos) {
        at = std::min(view.size(), at + piece);
        continue;
      }
      const std::uint64_t number = self.index.line_at(view, at + hit);
      found.push_back(number);
      at = number < self.index.line_count() ? self.index.offset_of(view, number + 1) : view.size();
    }
    return found;
  });
  if (own->stopped()) raise(fail_cancelled().value());
  py::list list;
  for (const std::uint64_t number : lines)
    list.append(py::make_tuple(number, text_of(*self.bytes, self.index.line(view, number))));
  return list;
}

TimeUs reference_of(py::handle reference) { return reference.is_none() ? 0 : to_time(reference, "reference"); }

py::dict levels_to_python(const logs::LevelCounts& levels) {
  py::dict dict;
  for (std::size_t i = 0; i < levels.size(); ++i) dict[to_str(logs::level_name(static_cast<logs::Level>(i)))] = levels[i];
  return dict;
}

py::object stamp(TimeUs time) { return time == 0 ? py::none() : time_to_python(time); }

// A summary, and the texts of its samples by line number.
struct Summarized {
  logs::LogSummary summary;
  std::map<std::uint64_t, std::string> texts;
};
using SummarizedPtr = std::shared_ptr<Summarized>;

template <class Use>
void for_samples(const logs::LogSummary& summary, const Use& use) {
  for (const logs::Sample& sample : summary.samples) use(sample);
  for (const auto& samples : summary.level_samples) {
    for (const logs::Sample& sample : samples) use(sample);
  }
}

Result<SummarizedPtr> summarize_source(LogSource& source, logs::SummaryOptions options, Job& job) {
  const auto bytes = source.open_bytes(job);
  if (!bytes) return tl::unexpected(bytes.error());
  const std::string_view view = (*bytes)->view();
  if (options.reference == 0) options.reference = (*bytes)->modified();
  auto summary = logs::summarize(view, options, job);
  if (!summary) return tl::unexpected(summary.error());
  auto found = std::make_shared<Summarized>();
  found->summary = std::move(*summary);
  bool any = false;
  for_samples(found->summary, [&](const logs::Sample&) { any = true; });
  if (any) {
    const auto index = logs::LineIndex::build(view, job);
    if (!index) return tl::unexpected(index.error());
    for_samples(found->summary, [&](const logs::Sample& sample) {
      found->texts.try_emplace(sample.line, (*bytes)->text(index->line(view, sample.line)));
    });
  }
  return found;
}

py::list samples_to_python(const Summarized& found, const std::vector<logs::Sample>& samples) {
  py::list rows;
  for (const auto& sample : samples) {
    const auto text = found.texts.find(sample.line);
    rows.append(py::make_tuple(sample.line, stamp(sample.time), to_str(logs::level_name(sample.level)),
                               to_str(text == found.texts.end() ? std::string() : text->second)));
  }
  return rows;
}

py::dict summary_to_python(const SummarizedPtr& found) {
  const logs::LogSummary& summary = found->summary;
  py::dict dict;
  dict["lines"] = summary.lines;
  dict["bytes"] = summary.bytes;
  dict["error_lines"] = summary.error_lines;
  dict["warning_lines"] = summary.warning_lines;
  dict["timestamp_lines"] = summary.timestamp_lines;
  py::dict patterns;
  for (const auto& pattern : summary.patterns) patterns[to_str(pattern.name)] = pattern.lines;
  dict["patterns"] = patterns;
  dict["levels"] = levels_to_python(summary.levels);
  dict["first_time"] = time_to_python(summary.first_time);
  dict["last_time"] = time_to_python(summary.last_time);
  dict["stamp_format"] = to_str(summary.stamp_format);
  dict["bucket_seconds"] = static_cast<double>(summary.bucket_us) / us_per_second;
  dict["out_of_order"] = summary.out_of_order;
  py::list buckets;
  for (const auto& bucket : summary.buckets) {
    buckets.append(py::make_tuple(time_to_python(bucket.start), bucket.lines, bucket.error_lines, bucket.warning_lines,
                                  bucket.first_error_line));
  }
  dict["buckets"] = buckets;
  py::list gaps;
  for (const auto& gap : summary.gaps) {
    gaps.append(py::make_tuple(time_to_python(gap.from), time_to_python(gap.to),
                               static_cast<double>(gap.to - gap.from) / us_per_second, gap.line_before, gap.line_after));
  }
  dict["gaps"] = gaps;
  dict["samples"] = samples_to_python(*found, summary.samples);
  py::dict level_samples;
  for (std::size_t i = 0; i < logs::level_count; ++i) {
    level_samples[to_str(logs::level_name(static_cast<logs::Level>(i)))] = samples_to_python(*found, summary.level_samples[i]);
  }
  dict["level_samples"] = level_samples;
  py::list hourly;
  for (const auto& [start, lines] : summary.hourly()) hourly.append(py::make_tuple(time_to_python(start), lines));
  dict["hourly"] = hourly;
  dict["state"] = found;
  return dict;
}

SummarizedPtr merge_summaries(const Summarized& first, const Summarized& next, bool same_log) {
  auto merged = std::make_shared<Summarized>();
  {
    const py::gil_scoped_release release;
    auto summary = same_log ? first.summary.merged_with(next.summary) : first.summary.joined_with(next.summary);
    if (summary) {
      merged->summary = std::move(*summary);
      merged->texts = first.texts;
      const std::uint64_t lines = first.summary.lines_read();
      for (const auto& [line, text] : next.texts) merged->texts.try_emplace(line + lines, text);
      std::map<std::uint64_t, std::string> kept;
      for_samples(merged->summary, [&](const logs::Sample& sample) {
        if (const auto text = merged->texts.find(sample.line); text != merged->texts.end()) kept.insert(*text);
      });
      merged->texts = std::move(kept);
      return merged;
    }
  }
  throw py::value_error("only summaries made with the same options can be merged");
}

py::list histogram(const Summarized& found, double width_seconds) {
  const auto width = static_cast<TimeUs>(std::llround(std::clamp(width_seconds, -1e9, 1e9) * us_per_second));
  const auto buckets = found.summary.rebucketed(width);
  if (!buckets) throw py::value_error(buckets.error().message);
  py::list rows;
  for (const auto& bucket : *buckets) {
    rows.append(py::make_tuple(time_to_python(bucket.start), bucket.lines, levels_to_python(bucket.levels)));
  }
  return rows;
}

py::tuple state_of_summary(const Summarized& found) {
  py::dict texts;
  for (const auto& [line, text] : found.texts) texts[py::int_(line)] = py::bytes(text);
  return py::make_tuple(py::bytes(found.summary.to_bytes()), texts);
}

SummarizedPtr summary_from_state(const py::tuple& state) {
  auto found = std::make_shared<Summarized>();
  found->summary = value_or_raise(logs::LogSummary::from_bytes(std::string(py::cast<py::bytes>(state[0]))));
  for (const auto& [line, text] : py::cast<py::dict>(state[1])) {
    found->texts[py::cast<std::uint64_t>(line)] = std::string(py::cast<py::bytes>(text));
  }
  return found;
}

std::vector<std::pair<std::string, std::string>> to_rules(py::handle patterns) {
  std::vector<std::pair<std::string, std::string>> rules;
  for (const auto& [name, pattern] : py::cast<py::dict>(patterns)) {
    rules.emplace_back(to_utf8(name, "patterns"), PyBytes_Check(pattern.ptr())
                                                      ? std::string(py::reinterpret_borrow<py::bytes>(pattern))
                                                      : to_utf8(pattern, "patterns"));
  }
  return rules;
}

OperationPtr prepare_summary(py::handle source, py::handle reference, py::handle time_range, std::size_t max_gaps,
                             std::size_t max_samples, std::size_t max_level_samples, py::handle patterns, py::handle zone,
                             std::size_t threads, JobPtr job) {
  logs::SummaryOptions options;
  options.reference = reference_of(reference);
  options.time_range = to_time_range(time_range, "time_range");
  options.max_gaps = max_gaps;
  options.max_samples = max_samples;
  options.max_level_samples = max_level_samples;
  options.threads = threads;
  if (!patterns.is_none()) options.patterns = value_or_raise(logs::UserPatterns::compile(to_rules(patterns)));
  if (!zone.is_none()) options.zone = value_or_raise(logs::TimeZone::named(to_utf8(zone, "tz")));
  const JobPtr own = job_or_new(std::move(job), "summarize");
  return make_operation(
      own, [from = LogSource(source), options, own]() mutable { return summarize_source(from, options, *own); },
      [](Result<SummarizedPtr>&& found) -> py::object { return summary_to_python(value_or_raise(std::move(found))); });
}

OperationPtr prepare_pattern_counts(py::handle source, std::size_t threads, JobPtr job) {
  const JobPtr own = job_or_new(std::move(job), "count patterns");
  return make_operation(
      own,
      [from = LogSource(source), threads, own]() mutable -> Result<logs::PatternCounts> {
        const auto bytes = from.open_bytes(*own);
        if (!bytes) return tl::unexpected(bytes.error());
        return logs::count_patterns((*bytes)->view(), threads, *own);
      },
      [](Result<logs::PatternCounts>&& found) -> py::object {
        const logs::PatternCounts counts = value_or_raise(std::move(found));
        return py::make_tuple(counts.lines, counts.error_lines, counts.warning_lines, counts.timestamp_lines);
      });
}

py::object templates_to_python(InLog<logs::TemplateGroups>&& in_log, bool keep_assignments) {
  py::list list;
  for (const logs::Template& group : in_log.found.templates) {
    const std::uint64_t sample = group.samples.empty() ? group.first_line : group.samples.front();
    list.append(py::make_tuple(hex64(group.id), to_str(group.text), group.count, group.count_before, stamp(group.first_time),
                               stamp(group.last_time), group.first_line, group.last_line, to_str(logs::level_name(group.level)),
                               sample, to_str(in_log.log->bytes->name())));
  }
  return py::make_tuple(list, keep_assignments ? view_of(std::move(in_log.found.assignments)) : py::none());
}

// Stamps without a year are of the time when the log was last written, unless the caller knows better.
template <class Options>
Options with_reference(Options options, const LogBytes& log) {
  if (options.reference == 0) options.reference = log.modified();
  return options;
}

OperationPtr prepare_templates(py::handle source, py::handle reference, py::handle change_time, py::handle time_range,
                               bool keep_assignments, std::size_t max_templates, JobPtr job) {
  logs::TemplateOptions options;
  options.reference = reference_of(reference);
  if (!change_time.is_none()) options.change_time = to_time(change_time, "change_time");
  options.time_range = to_time_range(time_range, "time_range");
  options.keep_assignments = keep_assignments;
  options.max_templates = max_templates;
  return on_log(
      source, job_or_new(std::move(job), "mine templates"),
      [options](const LogBytes& log, Job& own) { return logs::mine_templates(log.view(), with_reference(options, log), own); },
      [keep_assignments](InLog<logs::TemplateGroups>&& in_log) {
        return templates_to_python(std::move(in_log), keep_assignments);
      });
}

// One column of a table, read by NumPy and pandas without a copy.
template <class T, class Get>
py::object column(const std::vector<logs::Template>& rows, const char* format, const Get& get) {
  auto values = std::make_shared<std::vector<T>>();
  values->reserve(rows.size());
  for (const logs::Template& row : rows) values->push_back(static_cast<T>(get(row)));
  const T* data = values->data();
  return view_of(SharedBuffer{std::move(values), data, rows.size(), sizeof(T), format});
}

py::object level_columns(const std::vector<logs::Template>& rows) {
  auto values = std::make_shared<std::vector<std::uint64_t>>();
  for (const logs::Template& row : rows) values->insert(values->end(), row.levels.begin(), row.levels.end());
  const std::uint64_t* data = values->data();
  return view_of(SharedBuffer{std::move(values), data, rows.size(), sizeof(std::uint64_t), "Q",
                              static_cast<std::ptrdiff_t>(logs::level_count)});
}

py::list parameters_to_python(const logs::Template& row) {
  py::list parameters;
  for (const logs::TemplateParameter& each : row.parameters) {
    py::list top;
    for (const logs::ParameterValue& value : each.top) top.append(py::make_tuple(to_str(value.text), value.count));
    parameters.append(py::make_tuple(to_str(logs::parameter_kind_name(each.kind)), each.distinct, each.exact, top));
  }
  return parameters;
}

py::dict table_to_python(InLog<logs::TemplateGroups>&& in_log) {
  const std::vector<logs::Template>& rows = in_log.found.templates;
  py::list texts;
  py::list typed_texts;
  py::list samples;
  py::list parameters;
  for (const logs::Template& row : rows) {
    texts.append(to_str(row.text));
    typed_texts.append(to_str(row.typed_text));
    py::list lines;
    for (const std::uint64_t line : row.samples) lines.append(line);
    samples.append(lines);
    parameters.append(parameters_to_python(row));
  }
  py::dict table;
  table["id"] = column<std::uint64_t>(rows, "Q", [](const auto& row) { return row.id; });
  table["text"] = texts;
  table["typed_text"] = typed_texts;
  table["count"] = column<std::uint64_t>(rows, "Q", [](const auto& row) { return row.count; });
  table["count_before"] = column<std::uint64_t>(rows, "Q", [](const auto& row) { return row.count_before; });
  table["first_time_us"] = column<std::int64_t>(rows, "q", [](const auto& row) { return row.first_time; });
  table["last_time_us"] = column<std::int64_t>(rows, "q", [](const auto& row) { return row.last_time; });
  table["first_line"] = column<std::uint64_t>(rows, "Q", [](const auto& row) { return row.first_line; });
  table["last_line"] = column<std::uint64_t>(rows, "Q", [](const auto& row) { return row.last_line; });
  table["levels"] = level_columns(rows);
  table["samples"] = samples;
  table["parameters"] = parameters;
  table["assignments"] = view_of(std::move(in_log.found.assignments));
  return table;
}

OperationPtr prepare_template_table(py::handle source, py::handle reference, py::handle change_time, py::handle time_range,
                                    bool content, std::size_t max_templates, JobPtr job) {
  logs::TemplateOptions options;
  options.reference = reference_of(reference);
  if (!change_time.is_none()) options.change_time = to_time(change_time, "change_time");
  options.time_range = to_time_range(time_range, "time_range");
  options.keep_assignments = true;
  options.content = content;
  options.parameters = true;
  options.max_templates = max_templates;
  return on_log(
      source, job_or_new(std::move(job), "mine templates"),
      [options](const LogBytes& log, Job& own) { return logs::mine_templates(log.view(), with_reference(options, log), own); },
      [](InLog<logs::TemplateGroups>&& in_log) -> py::object { return table_to_python(std::move(in_log)); });
}

py::object comparison_to_python(const logs::Comparison& all) {
  const auto named = [&](std::uint32_t found) {
    const logs::Template& row = all.groups.templates[found];
    return py::make_tuple(hex64(row.id), to_str(row.text), to_str(logs::level_name(row.level)));
  };
  py::list changes;
  for (const logs::TemplateChange& each : all.changes) {
    changes.append(named(each.found) + py::make_tuple(to_str(logs::change_kind_name(each.kind)), each.before, each.after,
                                                      each.ratio, each.statistic, each.p_value, each.q_value));
  }
  py::list bursts;
  for (const logs::TemplateBurst& each : all.bursts) {
    bursts.append(named(each.found) +
                  py::make_tuple(time_to_python(each.from), time_to_python(each.to), each.count, each.expected, each.weight));
  }
  py::list silences;
  for (const logs::TemplateSilence& each : all.silences) {
    silences.append(named(each.found) +
                    py::make_tuple(time_to_python(each.from), time_to_python(each.to), each.expected, each.p_value));
  }
  py::dict dict;
  dict["records_before"] = all.records_before;
  dict["records_after"] = all.records_after;
  dict["scale"] = all.scale;
  dict["dispersion"] = all.dispersion;
  dict["bucket_seconds"] = static_cast<double>(all.bucket_us) / us_per_second;
  dict["changes"] = changes;
  dict["bursts"] = bursts;
  dict["silences"] = silences;
  return dict;
}

logs::Normalise to_normalise(py::handle by) {
  const std::string name = to_utf8(by, "by");
  if (name == "typical") return logs::Normalise::typical;
  if (name == "records") return logs::Normalise::records;
  if (name == "time") return logs::Normalise::time;
  throw py::value_error("by is \"typical\", \"records\" or \"time\", not \"" + name + "\"");
}

OperationPtr prepare_comparison(py::handle before, py::handle after, py::handle split, py::handle reference, py::handle by,
                                double significance, bool content, JobPtr job) {
  if (after.is_none() == split.is_none())
    throw py::type_error("compare() takes either a log from after or split=, the time of a change");
  logs::CompareOptions options;
  options.reference = reference_of(reference);
  options.normalise = to_normalise(by);
  options.significance = significance;
  options.content = content;
  const std::optional<TimeUs> time = split.is_none() ? std::nullopt : std::optional(to_time(split, "split"));
  std::optional<LogSource> second;
  if (!after.is_none()) second.emplace(after);
  const JobPtr own = job_or_new(std::move(job), "compare logs");
  return make_operation(
      own,
      [first = LogSource(before), second = std::move(second), time, options, own]() mutable -> Result<logs::Comparison> {
        const auto log = first.open(*own);
        if (!log) return tl::unexpected(log.error());
        const std::string_view bytes = (*log)->bytes->view();
        if (!second) return logs::compare_at({&bytes, 1}, *time, with_reference(options, *(*log)->bytes), *own);
        const auto other = second->open(*own);
        if (!other) return tl::unexpected(other.error());
        const std::string_view others = (*other)->bytes->view();
        const bool later = (*other)->bytes->modified() > (*log)->bytes->modified();
        return logs::compare({&bytes, 1}, {&others, 1}, with_reference(options, later ? *(*other)->bytes : *(*log)->bytes), *own);
      },
      [](Result<logs::Comparison>&& all) -> py::object { return comparison_to_python(value_or_raise(std::move(all))); });
}

py::tuple find_files(py::handle pattern, py::handle base) {
  const std::string text = to_path(pattern, "pattern").string();
  const std::filesystem::path folder = to_path(base, "base");
  Result<logs::FoundFiles> found;
  {
    const py::gil_scoped_release release;
    found = logs::find_files(text, folder);
  }
  const auto files = value_or_raise(std::move(found));
  py::list paths;
  for (const auto& file : files.files) paths.append(path_to_python(file));
  py::list problems;
  for (const Error& problem : files.problems) problems.append(to_str(problem.text()));
  return py::make_tuple(paths, problems);
}

}  // namespace

py::str text_of(const LogBytes& log, std::string_view piece) {
  return log.encoding() == logs::Encoding::latin1 ? to_str(log.text(piece)) : to_str(piece);
}

std::function<Result<LogTextPtr>(Job&)> log_source(py::handle source) {
  return [source = LogSource(source)](Job& job) mutable { return source.open(job); };
}

void bind_logs(py::module_& module) {
  py::class_<LogText, LogTextPtr>(module, "LogText", "The decoded bytes of one log, with an index of its lines. Immutable.")
      .def_property_readonly("name", [](const LogText& self) { return to_str(self.bytes->name()); })
      .def_property_readonly(
          "file_bytes", [](const LogText& self) { return self.bytes->file_bytes(); }, "Before unpacking.")
      .def_property_readonly(
          "encoding", [](const LogText& self) { return to_str(logs::encoding_name(self.bytes->encoding())); },
          "Of the file: \"utf-8\", \"latin-1\" (bytes as they are, str decoded as Windows-1252), \"utf-16le\" or \"utf-16be\".")
      .def_property_readonly("lines", [](const LogText& self) { return self.index.line_count(); })
      .def_property_readonly(
          "problem",
          [](const LogText& self) -> py::object {
            const auto problem = self.bytes->problem();
            return problem ? py::object(to_str(problem->text())) : py::none();
          },
          "Why this holds less than the file should, or None.")
      .def(
          "view",
          [](const LogTextPtr& self) {
            const std::string_view view = self->bytes->view();
            return view_of(SharedBuffer{self, view.data(), view.size(), 1, "B"});
          },
          "The bytes as a read-only memoryview; no copy.")
      .def("search", &search, py::arg("wanted"), py::arg("limit") = 100, py::arg("job") = py::none(),
           "(line, text) of the first `limit` lines that hold the text.")
      .def("__len__", [](const LogText& self) { return self.index.line_count(); })
      .def("__eq__",
           [](const LogTextPtr& self, const py::object& other) -> py::object {
             if (!py::isinstance<LogText>(other)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
             return py::bool_(same_text(self, py::cast<LogTextPtr>(other)));
           })
      .def("__hash__",
           [](const LogText& self) { return py::hash(py::make_tuple(py::bytes(self.bytes->name()), self.bytes->view().size())); })
      .def("__copy__", [](const LogTextPtr& self) { return self; })
      .def(
          "__deepcopy__", [](const LogTextPtr& self, const py::dict&) { return self; }, py::arg("memo"))
      .def("__repr__",
           [](const LogText& self) {
             return py::str("<LogText {!r} {} lines>").format(to_str(self.bytes->name()), self.index.line_count());
           })
      .def(py::pickle(&log_state, &log_from_state));
  module.attr("LogText").attr("__match_args__") = py::make_tuple("name", "lines");
  add_quick_methods(module.attr("LogText"));

  def_operation(module, "open_log", &prepare_open_log, py::arg("path"), py::arg("job") = py::none(),
                "Opens a log, plain or compressed.");
  module.def("log_text", &log_text, py::arg("text"), py::arg("name") = "<text>", "A log from str or bytes.");
  module.def("find_files", &find_files, py::arg("pattern"), py::arg("base") = ".",
             "(paths, problems) of a file, glob, directory or tar archive; rotated sets oldest first. A log in an archive is\n"
             "\"bundle.tar.gz!/var/log/app.log\", which opens as a path does.");
  module.def(
      "log_file", [](py::handle path) { return path_to_python(logs::file_of(to_path(path, "path"))); }, py::arg("path"),
      "The file on disk that holds a log: the archive of one in an archive, else the path itself.");
  def_operation(module, "summarize", &prepare_summary, py::arg("source"), py::arg("reference") = py::none(),
                py::arg("time_range") = py::none(), py::arg("max_gaps") = 64, py::arg("max_samples") = 256,
                py::arg("max_level_samples") = 3, py::arg("patterns") = py::none(), py::arg("tz") = py::none(),
                py::arg("threads") = 0, py::arg("job") = py::none());
  def_operation(module, "count_patterns", &prepare_pattern_counts, py::arg("source"), py::arg("threads") = 0,
                py::arg("job") = py::none());
  py::class_<Summarized, std::shared_ptr<Summarized>>(module, "SummaryState", "What merging summaries of logs needs. Immutable.")
      .def(
          "merged_with",
          [](const Summarized& self, const Summarized& next) { return summary_to_python(merge_summaries(self, next, true)); },
          py::arg("next"))
      .def(
          "joined_with",
          [](const Summarized& self, const Summarized& other) { return summary_to_python(merge_summaries(self, other, false)); },
          py::arg("other"))
      .def("histogram", &histogram, py::arg("seconds"))
      .def("__copy__", [](const std::shared_ptr<Summarized>& self) { return self; })
      .def(
          "__deepcopy__", [](const std::shared_ptr<Summarized>& self, const py::dict&) { return self; }, py::arg("memo"))
      .def(py::pickle(&state_of_summary, &summary_from_state));
  def_operation(module, "mine_templates", &prepare_templates, py::arg("source"), py::arg("reference") = py::none(),
                py::arg("change_time") = py::none(), py::arg("time_range") = py::none(), py::arg("keep_assignments") = false,
                py::arg("max_templates") = 10'000, py::arg("job") = py::none());
  def_operation(module, "template_table", &prepare_template_table, py::arg("source"), py::arg("reference") = py::none(),
                py::arg("change_time") = py::none(), py::arg("time_range") = py::none(), py::arg("content") = false,
                py::arg("max_templates") = 10'000, py::arg("job") = py::none());
  def_operation(module, "compare_logs", &prepare_comparison, py::arg("before"), py::arg("after") = py::none(),
                py::arg("split") = py::none(), py::arg("reference") = py::none(), py::arg("by") = "typical",
                py::arg("significance") = 0.05, py::arg("content") = false, py::arg("job") = py::none());
  bind_log_search(module);
}

}  // namespace conclave::scripting
