// The history of reports and scans.
#include "engine/store/store.h"

#include <memory>
#include <string>

#include "engine/case/judging.h"
#include "engine/case/past.h"
#include "engine/case/scan_history.h"
#include "engine/case/service_past.h"
#include "engine/consensus/reliability/track_record.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/evidence_cast.h"
#include "scripting/bindings/operation.h"
#include "scripting/bindings/scan_cast.h"

namespace conclave::scripting {
namespace {

using store::Store;

// SQLite may wait for another process: never with the GIL held.
template <class Work>
auto without_gil(Work work) {
  const py::gil_scoped_release release;
  return work();
}

std::unique_ptr<Store> open(py::handle path) {
  const std::filesystem::path file = path.is_none() ? store::default_store_path() : to_path(path, "path");
  return value_or_raise(without_gil([&] { return Store::open(file); }));
}

void add(Store& self, const Report& report, const Case& subject) {
  value_or_raise(without_gil([&] { return keep_report(self, subject, report); }));
}

py::list list(const Store& self, std::size_t limit) {
  const auto rows = value_or_raise(without_gil([&] { return self.list_reports(limit); }));
  py::list answers;
  for (const auto& row : rows) {
    answers.append(py::make_tuple(to_str(row.id), to_str(row.case_name), to_str(row.case_key), time_to_python(row.started),
                                  row.verdict.empty() ? py::object(py::none()) : py::object(to_str(row.verdict)), row.passed,
                                  row.confidence ? py::object(py::float_(*row.confidence)) : py::none()));
  }
  return answers;
}

py::object last(const Store& self, const Case& subject) {
  const auto json = value_or_raise(without_gil([&] { return last_report_json(self, subject); }));
  return json ? py::object(to_str(*json)) : py::none();
}

// As in the program; that it cannot be written stops nothing.
void audited(const AuditLine& line) { (void)write_audit({&line, 1}, default_audit_path()); }

py::object say(Store& self, py::handle id, py::handle answer, py::handle scope, py::handle note) {
  const std::string report = to_utf8(id, "id");
  const Judgement judgement{to_utf8(answer, "answer"), scope.is_none() ? std::string() : to_utf8(scope, "scope"),
                            to_utf8(note, "note")};
  return json_to_python(to_json(value_or_raise(without_gil([&] {
    auto row = judge(self, report, judgement);
    if (row) audited(audit_of_judgement(*row, false));
    return row;
  }))));
}

py::object unsay(Store& self, py::handle id, py::handle scope) {
  const std::string report = to_utf8(id, "id");
  const std::string where = scope.is_none() ? std::string() : to_utf8(scope, "scope");
  return json_to_python(to_json(value_or_raise(without_gil([&] {
    auto row = take_back(self, report, where);
    if (row) audited(audit_of_judgement(*row, true));
    return row;
  }))));
}

py::object judgements(const Store& self) {
  auto list = nlohmann::json::array();
  for (const auto& row : value_or_raise(without_gil([&] { return self.judgements(); }))) list.push_back(to_json(row));
  return json_to_python(list);
}

py::object records(const Store& self) {
  const auto lessons = value_or_raise(without_gil([&] { return lessons_of(self); }));
  auto list = nlohmann::json::array();
  for (const auto& record : consensus::track_records(lessons)) list.push_back(consensus::to_json(record));
  return json_to_python(list);
}

py::object learned(const Store& self, py::handle verdicts, bool ordered) {
  consensus::Question question;
  if (!verdicts.is_none()) question.verdicts = to_texts(verdicts, "verdicts");
  question.ordered = ordered;
  return json_to_python(consensus::to_json(value_or_raise(without_gil([&] { return learned_from(self, question); }))));
}

std::vector<scan::Target> to_targets(const py::iterable& rows) {
  std::vector<scan::Target> targets;
  for (const py::handle row : rows) targets.push_back(target_from_python(row));
  return targets;
}

scan::ScanResult to_result(py::handle row) {
  const auto tuple = py::cast<py::tuple>(row);
  if (tuple.size() != 5) throw py::value_error("what is kept of a scan is (target, state, latency_ms, detail, time)");
  scan::ScanResult result;
  result.target = target_from_python(tuple[0]);
  const std::string name = to_utf8(tuple[1], "state");
  const auto state = scan::state_from_name(name);
  if (!state) throw py::value_error("unknown state '" + name + "'");
  result.state = *state;
  if (!tuple[2].is_none()) result.latency_ms = to_number(tuple[2], "latency_ms");
  result.detail = to_utf8(tuple[3], "detail");
  if (!tuple[4].is_none()) result.time = to_time(tuple[4], "time");
  return result;
}

py::object add_scan(Store& self, const py::iterable& rows, py::handle occasion, double seconds) {
  std::vector<scan::ScanResult> results;
  for (const py::handle row : rows) results.push_back(to_result(row));
  const std::string why = to_utf8(occasion, "occasion");
  const auto id = value_or_raise(without_gil([&] { return keep_scan(self, why, results, seconds); }));
  return id ? py::object(py::int_(*id)) : py::none();
}

py::list list_scans(const Store& self, std::size_t limit) {
  py::list answers;
  for (const auto& row : value_or_raise(without_gil([&] { return self.list_scans(limit); })))
    answers.append(py::make_tuple(row.id, time_to_python(row.started), row.seconds, to_str(row.occasion), to_str(row.targets),
                                  row.count, row.open));
  return answers;
}

py::list scan_rows(const Store& self, std::int64_t id) {
  return results_to_python(value_or_raise(without_gil([&] { return results_of_scan(self, id); })));
}

py::object last_scan(const Store& self, const py::iterable& rows) {
  const auto targets = to_targets(rows);
  const auto id = value_or_raise(without_gil([&] { return find_scan(self, "last", targets); }));
  return id ? py::object(py::int_(*id)) : py::none();
}

py::list service_histories(const Store& self, const py::iterable& rows) {
  auto histories = nlohmann::json::array();
  const auto targets = to_targets(rows);
  for (const scan::Target& target : targets) {
    const auto seen = value_or_raise(without_gil([&] { return observations_of(self, target); }));
    const auto history = scan::history_of(seen);
    histories.push_back(history ? scan::to_json(*history) : nlohmann::json(nullptr));
  }
  return json_to_python(histories);
}

// For those who must not wait: each opens the user's own history for itself.
OperationPtr prepare_last_report(const Case& subject) {
  return make_operation(
      std::make_shared<Job>("read history"),
      [subject]() -> Result<std::optional<std::string>> {
        const auto history = Store::open(store::default_store_path());
        if (!history) return tl::unexpected(history.error());
        return last_report_json(**history, subject);
      },
      [](Result<std::optional<std::string>>&& result) {
        const auto json = value_or_raise(std::move(result));
        return json ? py::object(to_str(*json)) : py::none();
      });
}

OperationPtr prepare_remember_services(const Case& subject, py::handle evidence, bool use_history) {
  return make_operation(
      std::make_shared<Job>("read history"),
      [subject, given = evidence_from_python(evidence), use_history]() -> Result<RememberedServices> {
        if (!use_history || subject.services.empty()) return with_past_of_services(subject, given, {});
        const auto history = Store::open(store::default_store_path());
        if (!history) return tl::unexpected(history.error());
        const auto past = past_of_services(**history, subject);
        if (!past) return tl::unexpected(past.error());
        return with_past_of_services(subject, given, *past);
      },
      [](Result<RememberedServices>&& result) {
        const auto remembered = value_or_raise(std::move(result));
        return py::make_tuple(to_python(remembered.evidence), to_tuple(remembered.problems));
      });
}

OperationPtr prepare_learned(const Case& subject) {
  return make_operation(
      std::make_shared<Job>("learn from history"),
      [subject]() -> Result<consensus::Learned> {
        const auto history = Store::open(store::default_store_path());
        if (!history) return tl::unexpected(history.error());
        return learned_from(**history, subject.question);
      },
      [](Result<consensus::Learned>&& result) {
        const auto taught = value_or_raise(std::move(result));
        return taught.nothing() ? py::object(py::none()) : json_to_python(consensus::to_json(taught));
      });
}

OperationPtr prepare_keep_report(const Report& report, const Case& subject) {
  return make_operation(
      std::make_shared<Job>("keep report"),
      [report, subject]() -> Result<void> {
        auto history = Store::open(store::default_store_path());
        if (!history) return tl::unexpected(history.error());
        return keep_report(**history, subject, report);
      },
      [](Result<void>&& result) -> py::object {
        value_or_raise(std::move(result));
        return py::none();
      });
}

}  // namespace

void bind_store(py::module_& module) {
  py::class_<Store>(module, "Store", "The history of reports and scans, in SQLite. Several processes may share one file.")
      .def(py::init(&open), py::arg("path") = py::none(), "path: None for the user's own history.")
      .def("__repr__", [](const Store&) { return "<Store>"; })
      .def("add_report", &add, py::arg("report"), py::arg("case"),
           "Under the absolute path of the case file, or the name of a case without one.")
      .def("list_reports", &list, py::arg("limit") = 100,
           "(id, case_name, case_key, started, verdict, passed, confidence), newest first.")
      .def(
          "report_json",
          [](const Store& self, py::handle id) {
            const std::string wanted = to_utf8(id, "id");
            return to_str(value_or_raise(without_gil([&] { return self.report_json(wanted); })));
          },
          py::arg("id"), "By id, a unique prefix of at least 4 characters, or 'last'; KeyError otherwise.")
      .def("last_report_json", &last, py::arg("case"), "The newest report on the case, or None.")
      .def("add_scan_rows", &add_scan, py::arg("rows"), py::arg("occasion"), py::arg("seconds"),
           "rows: (target, state, latency_ms, detail, time). Its number, or None for a scan that was stopped.")
      .def("list_scan_rows", &list_scans, py::arg("limit"),
           "(id, started, seconds, occasion, targets, count, open), newest first; of targets the first 200 characters.")
      .def("scan_rows", &scan_rows, py::arg("id"), "As the rows of scan(); KeyError for no such scan.")
      .def("last_scan_of", &last_scan, py::arg("targets"), "The number of the newest scan of these targets, or None.")
      .def("service_histories", &service_histories, py::arg("targets"), "A mapping for each target, or None.")
      .def("judge", &say, py::arg("id"), py::arg("answer"), py::arg("scope") = py::none(), py::arg("note") = "",
           "Says of a report (id, a unique prefix of at least 4 characters, or 'last') whether its verdict was right, or with "
           "scope that "
           "of one of its scopes, in the place of what was said before. answer: 'right', 'wrong' or the label that was true. "
           "KeyError for no such report, ValueError for a label or scope that it does not have. The judgement, as in "
           "judgements().")
      .def("take_back", &unsay, py::arg("id"), py::arg("scope") = py::none(),
           "Takes a judgement back and returns it; KeyError if there is none.")
      .def("judgements", &judgements,
           "A mapping for each: report_id, scope (None: of the report's verdict), answer, note, judged (ISO 8601), counts.")
      .def(
          "track_records", &records,
          "A mapping for each expert and list of verdicts, and for each of its scopes if there are several: expert, scope (None: "
          "all), verdicts, ordered, judged, right, wrong, mean and interval (95 %) of the probability that it is right "
          "(beta-Bernoulli from a uniform prior), and in judged reports answered, abstained, failed, claims, verified_claims.")
      .def("learned", &learned, py::arg("verdicts") = py::none(), py::arg("ordered") = true,
           "What judgements taught of questions with these verdicts (None: the default ones): version, judged (answers with a "
           "known truth), weights by expert (empty below 30 of them; who is not named weighs 1), calibration (none below 20 "
           "judged verdicts, Platt scaling, from 1,000 isotonic). Judged of others, nothing is learned.")
      .def(
          "forget",
          [](Store& self) {
            return value_or_raise(without_gil([&] {
              auto count = self.forget_judgements();
              if (count) audited(audit_of_reset(*count));
              return count;
            }));
          },
          "What is learned begins anew: no judgement made so far counts any longer, though all are kept. How many did.");
  def_operation(module, "remember_services", &prepare_remember_services, py::arg("case"), py::arg("evidence"),
                py::arg("history") = true,
                "(new evidence, problems): what the scans in the user's own history and the one of the evidence say together of "
                "the case's services, and of the bounds for their latencies. history: False knows no earlier scan.");
  def_operation(module, "last_report", &prepare_last_report, py::arg("case"),
                "The newest report on the case in the user's own history, as JSON text, or None.");
  def_operation(module, "learned", &prepare_learned, py::arg("case"),
                "What judgements in the user's own history taught of questions like that of the case, or None.");
  def_operation(module, "keep_report", &prepare_keep_report, py::arg("report"), py::arg("case"), "In the user's own history.");
  module.def("default_store_path", [] { return path_to_python(store::default_store_path()); });
}

}  // namespace conclave::scripting
