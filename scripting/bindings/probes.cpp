// Probes asked from a plain Python: used by conclave/_probe.py only. Those of workers go to the pool; others run on threads of
// Python, which conclave/_probe.py starts.
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/case/policy.h"
#include "engine/case/probes.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/evidence_cast.h"
#include "scripting/bindings/operation.h"
#include "scripting/bindings/plugin_cast.h"
#include "scripting/bindings/pool.h"
#include "scripting/worker/isolated_hook.h"

namespace conclave::scripting {
namespace {

using Done = std::function<void(Result<nlohmann::json>)>;

// What workers print meanwhile. Any thread.
class Printed {
 public:
  void add(int descriptor, std::string_view text) {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(descriptor, text);
  }
  [[nodiscard]] py::list to_python() const {
    const std::lock_guard lock(mutex_);
    py::list list;
    for (const auto& [descriptor, text] : lines_) list.append(py::make_tuple(descriptor, to_str(text)));
    return list;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<int, std::string>> lines_;
};
using PrintedPtr = std::shared_ptr<Printed>;

// May be let go of without the GIL.
std::shared_ptr<py::dict> shared(const py::dict& info) {
  return {new py::dict(info), [](const py::dict* dict) {
            const py::gil_scoped_acquire acquire;
            delete dict;
          }};
}

void start_on_thread(const py::dict& info, Descriptor socket, const nlohmann::json& service, double seconds, const JobPtr& job,
                     const Done& done) {
  std::string why;
  {
    const py::gil_scoped_acquire acquire;
    try {
      const auto answer = py::cpp_function([done](const std::string& returned, const std::string& failure) {
        const py::gil_scoped_release release;
        if (!failure.empty()) return done(fail(ErrorKind::script, failure));
        done(nlohmann::json::parse(returned, nullptr, false));
      });
      py::module_::import("conclave._probe").attr("start")(info, socket.get(), service.dump(), seconds, py::cast(job), answer);
      (void)socket.release();
      return;
    } catch (const std::exception& error) {  // error_already_set is one, too
      why = error.what();
    }
  }
  done(fail(ErrorKind::script, std::move(why)));
}

Probe thread_probe(Probe probe, const py::dict& info) {
  if (info.contains("unloadable")) {
    probe.prepare = [why = to_utf8(info["unloadable"], "unloadable")](Job&) -> Result<void> {
      return fail(ErrorKind::script, why);
    };
  }
  probe.start = [held = shared(info)](int socket, const nlohmann::json& service, double seconds, const JobPtr& job,
                                      const Done& done) {
    start_on_thread(*held, Descriptor(socket), service, seconds, job, done);
  };
  return probe;
}

Probe in_worker(const py::dict& info, const PrintedPtr& printed) {
  const auto python = this_python();
  const std::shared_ptr<WorkerPool> pool(std::shared_ptr<void>(), &worker_pool());  // lives as long as the module
  return worker_probe(pool, Environments(python.python, python.package_folder), plugin_from_python(info),
                      [printed](int descriptor, std::string_view text) { printed->add(descriptor, text); });
}

Probes to_probes(const py::iterable& infos, const PrintedPtr& printed) {
  Probes probes;
  for (const py::handle item : infos) {
    const auto info = py::cast<py::dict>(item);
    const auto text = [&](const char* key) { return info.contains(key) ? to_utf8(info[key], key) : std::string(); };
    Probe probe;
    probe.plugin = {text("name"), text("version"), text("sha256")};
    if (info.contains("timeout_s")) probe.time_s = to_number(info["timeout_s"], "timeout_s");
    const bool isolated = info.contains("isolated") && py::cast<bool>(info["isolated"]);
    probe = isolated ? in_worker(info, printed) : thread_probe(std::move(probe), info);
    probes[probe.plugin.name] = std::move(probe);
  }
  return probes;
}

py::list to_receipts(const std::vector<ReceiptHook>& hooks) {
  py::list list;
  for (const ReceiptHook& hook : hooks)
    list.append(py::make_tuple(to_str(hook.hook), to_str(hook.plugin), to_str(hook.change), hook.seconds));
  return list;
}

OperationPtr prepare_probe_services(const Case& subject, py::handle evidence, const py::iterable& infos, JobPtr job) {
  const JobPtr own = job ? std::move(job) : std::make_shared<Job>("probes");
  const auto printed = std::make_shared<Printed>();
  return make_operation(
      own,
      [subject, given = evidence_from_python(evidence), probes = to_probes(infos, printed), own] {
        return probe_services(subject, given, probes, *own);
      },
      [printed](Result<ProbedServices>&& answer) {
        ProbedServices probed = value_or_raise(std::move(answer));
        return py::make_tuple(to_python(probed.evidence), to_tuple(probed.problems), to_receipts(probed.hooks),
                              printed->to_python());
      });
}

scan::ScanResult to_result(py::handle row, const std::string& probe) {
  const auto tuple = py::cast<py::tuple>(row);
  if (tuple.size() != 8) throw py::value_error("a result is (name, host, port, expect, state, latency_ms, address, detail)");
  scan::ScanResult result;
  result.target.name = to_utf8(tuple[0], "name");
  result.target.host = to_utf8(tuple[1], "host");
  result.target.port = py::cast<std::uint16_t>(tuple[2]);
  if (!tuple[3].is_none()) result.target.expect = scan::state_from_name(to_utf8(tuple[3], "expect"));
  result.target.probe = probe;
  result.state = scan::state_from_name(to_utf8(tuple[4], "state")).value_or(scan::State::cancelled);
  if (!tuple[5].is_none()) result.latency_ms = to_number(tuple[5], "latency_ms");
  result.address = to_utf8(tuple[6], "address");
  result.detail = to_utf8(tuple[7], "detail");
  return result;
}

OperationPtr prepare_probe_results(const py::iterable& rows, const py::dict& info, int timeout_ms, JobPtr job) {
  const JobPtr own = job ? std::move(job) : std::make_shared<Job>("probes");
  const auto printed = std::make_shared<Printed>();
  std::vector<scan::ScanResult> results;
  const std::string name = to_utf8(info["name"], "name");
  for (const py::handle row : rows) results.push_back(to_result(row, name));
  py::list infos;
  infos.append(info);
  scan::ScanOptions options;
  options.timeout_ms = timeout_ms;
  return make_operation(
      own,
      [results = std::move(results), probes = to_probes(infos, printed),
       options = value_or_raise(policy_in_force()).within(options), own] { return ask_probes(results, probes, options, *own); },
      [printed](Result<Probed>&& answer) {
        py::list changes;
        for (const nlohmann::json& change : value_or_raise(std::move(answer)).changes) changes.append(json_to_python(change));
        return py::make_tuple(changes, printed->to_python());
      });
}

}  // namespace

void bind_probes(py::module_& module) {
  def_operation(
      module, "probe_services", &prepare_probe_services, py::arg("case"), py::arg("evidence"), py::arg("probes"),
      py::arg("job") = py::none(),
      "(new evidence, problems, receipts, printed): what these probes say of the case's services that are open. CircleError "
      "if the case names another, CancelledError if the job is stopped.");
  def_operation(
      module, "probe_results", &prepare_probe_results, py::arg("results"), py::arg("probe"), py::arg("timeout_ms") = 1000,
      py::arg("job") = py::none(),
      "(changes, printed): for each result of a scan (name, host, port, expect, state, latency_ms, address, detail) None "
      "or what the probe changes of it. CancelledError if the job is stopped.");
}

}  // namespace conclave::scripting
