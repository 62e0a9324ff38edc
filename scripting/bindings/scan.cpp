// conclave.scan: is a service there? Targets and results cross as tuples; conclave/scan.py gives them names.
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/case/policy.h"
#include "engine/scan/differences.h"
#include "engine/scan/probe/facts.h"
#include "engine/scan/probe/prober.h"
#include "engine/scan/probe/protocols.h"
#include "engine/scan/targets.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/blocking.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/operation.h"
#include "scripting/bindings/scan_cast.h"

namespace conclave::scripting {
namespace {

using scan::ScanResult;
using scan::Target;

py::object state_or_none(const std::optional<scan::State>& state) {
  return state ? py::object(to_str(scan::state_name(*state))) : py::none();
}

py::tuple to_python(const Target& target) {
  return py::make_tuple(to_str(target.name), to_str(target.host), target.port, state_or_none(target.expect));
}

py::list to_python(const std::vector<Target>& targets) {
  py::list list;
  for (const Target& target : targets) list.append(to_python(target));
  return list;
}

py::object latency_or_none(const std::optional<double>& latency_ms) {
  return latency_ms ? py::object(py::float_(*latency_ms)) : py::none();
}

py::tuple to_python(const ScanResult& result) {
  py::tuple addresses(result.addresses.size());
  for (std::size_t i = 0; i < result.addresses.size(); ++i) {
    const scan::AddressResult& each = result.addresses[i];
    addresses[i] = py::make_tuple(to_str(each.address), to_str(scan::state_name(each.state)), latency_or_none(each.latency_ms),
                                  to_str(each.detail));
  }
  return py::make_tuple(to_python(result.target), to_str(scan::state_name(result.state)), latency_or_none(result.latency_ms),
                        to_str(result.address), to_str(result.detail),
                        result.time == 0 ? py::none() : time_to_python(result.time), addresses,
                        result.facts ? json_to_python(scan::to_json(result.facts->service)) : py::none(),
                        result.facts && result.facts->tls ? json_to_python(scan::to_json(*result.facts->tls)) : py::none(),
                        result.facts && result.facts->http ? json_to_python(scan::to_json(*result.facts->http)) : py::none());
}

py::list to_python(const std::vector<ScanResult>& results) {
  py::list list;
  for (const ScanResult& result : results) list.append(to_python(result));
  return list;
}

Target to_target(py::handle value) {
  const auto tuple = py::cast<py::tuple>(value);
  if (tuple.size() != 4) throw py::value_error("a target is (name, host, port, expect)");
  Target target;
  target.name = to_utf8(tuple[0], "name");
  target.host = to_utf8(tuple[1], "host");
  const auto port = py::cast<long long>(tuple[2]);
  if (port < 1 || port > 65535) throw py::value_error("port must be from 1 to 65535, not " + std::to_string(port));
  target.port = static_cast<std::uint16_t>(port);
  if (!tuple[3].is_none()) {
    const std::string name = to_utf8(tuple[3], "expect");
    target.expect = scan::state_from_name(name);
    if (!target.expect) throw py::value_error("unknown state '" + name + "'");
  }
  return target;
}

ScanResult to_state(py::handle value) {
  const auto tuple = py::cast<py::tuple>(value);
  if (tuple.size() != 3) throw py::value_error("what differences are looked for in is (target, state, detail)");
  ScanResult result;
  result.target = to_target(tuple[0]);
  const auto state = scan::state_from_name(to_utf8(tuple[1], "state"));
  if (!state) throw py::value_error("unknown state '" + to_utf8(tuple[1], "state") + "'");
  result.state = *state;
  result.detail = to_utf8(tuple[2], "detail");
  return result;
}

py::list differences(const py::iterable& before, const py::iterable& after) {
  std::vector<ScanResult> earlier;
  std::vector<ScanResult> later;
  for (const py::handle each : before) earlier.push_back(to_state(each));
  for (const py::handle each : after) later.push_back(to_state(each));
  py::list list;
  for (const scan::Difference& each : scan::differences(earlier, later))
    list.append(
        py::make_tuple(to_python(each.target), state_or_none(each.before), state_or_none(each.after), to_str(each.detail)));
  return list;
}

// Results as they are decided, carried from the scanning thread to whoever holds the GIL.
class Mailbox {
 public:
  void post(const ScanResult& result) {
    const std::lock_guard lock(mutex_);
    results_.push_back(result);
  }
  py::list take() {
    std::vector<ScanResult> results;
    {
      const std::lock_guard lock(mutex_);
      results.swap(results_);
    }
    return to_python(results);
  }

 private:
  std::mutex mutex_;
  std::vector<ScanResult> results_;
};

OperationPtr prepare_scan(const py::iterable& targets, int timeout_ms, std::size_t max_in_flight, bool news, JobPtr job,
                          double per_second, std::uint64_t seed, bool suspects, const std::string& probe) {
  std::vector<Target> list;
  for (const py::handle target : targets) list.push_back(to_target(target));
  if (timeout_ms < 1) throw py::value_error("timeout_ms must be above 0");
  if (!probe.empty() && !scan::is_probe_name(probe)) throw py::value_error("unknown probe '" + probe + "'");
  scan::ScanOptions options;
  options.timeout_ms = timeout_ms;
  options.max_in_flight = max_in_flight;
  options.per_second = per_second;
  if (seed != 0) options.seed = seed;
  options.tell_suspects = suspects;
  const JobPtr own = job_or_new(std::move(job), "scan");
  const auto mailbox = std::make_shared<Mailbox>();
  const auto announce = std::make_shared<std::function<void()>>();
  auto post = [mailbox, announce](const ScanResult& result) {
    mailbox->post(result);
    if (*announce) (*announce)();
  };
  auto operation = make_operation(
      own,
      [list = std::move(list), options = value_or_raise(policy_in_force()).within(options), own, probe,
       post = news ? std::function<void(const ScanResult&)>(std::move(post)) : nullptr] {
        auto results = scan::scan(list, options, *own, post);
        scan::probe(results, {probe}, options, *own);
        return results;
      },
      [](const std::vector<ScanResult>& results) { return to_python(results); });
  if (news) {
    operation->announce = announce;
    operation->news = [mailbox] { return mailbox->take(); };
  }
  return operation;
}

py::object run_scan(const py::iterable& targets, int timeout_ms, std::size_t max_in_flight, const py::object& on_result,
                    JobPtr job, double per_second, std::uint64_t seed, bool suspects, const std::string& probe) {
  const bool told = !on_result.is_none();
  const OperationPtr operation =
      prepare_scan(targets, timeout_ms, max_in_flight, told, std::move(job), per_second, seed, suspects, probe);
  return run_now(*operation, [&](const py::object& news) {
    for (const py::handle result : news) on_result(result);
  });
}

}  // namespace

Target target_from_python(py::handle value) { return to_target(value); }

py::list results_to_python(const std::vector<ScanResult>& results) { return to_python(results); }

void bind_scan(py::module_& module) {
  module.def(
      "parse_targets",
      [](py::handle text, py::handle ports) {
        const std::vector<std::string> words = {to_utf8(text, "text")};
        return to_python(value_or_raise(scan::targets_of(words, to_utf8(ports, "ports"))));
      },
      py::arg("text"), py::arg("ports") = "",
      "Targets (name, host, port, expect) of a text such as \"host:22,80,8000-8100\" or \"@FILE\"; ports: of those that name "
      "none.");
  module.def(
      "scan", &run_scan, py::arg("targets"), py::arg("timeout_ms") = 1000, py::arg("max_in_flight") = 0,
      py::arg("on_result") = py::none(), py::arg("job") = py::none(), py::arg("per_second") = 0.0, py::arg("seed") = 0,
      py::arg("suspects") = false, py::arg("probe") = "",
      "One result (target, state, latency_ms, address, detail, time, addresses, service, tls, http) per target; 0 leaves a "
      "bound or the seed open. probe: of probe_names(), or none. A stopped job leaves the rest cancelled.");
  module.def(
      "probe_names",
      [] {
        const auto names = scan::probe_names();
        return texts_to_python({names.begin(), names.end()});
      },
      "Names of the probes of the engine, sorted.");
  operations_of(module)["scan"] =
      py::cpp_function(&prepare_scan, py::arg("targets"), py::arg("timeout_ms") = 1000, py::arg("max_in_flight") = 0,
                       py::arg("news") = false, py::arg("job") = py::none(), py::arg("per_second") = 0.0, py::arg("seed") = 0,
                       py::arg("suspects") = false, py::arg("probe") = "");
  module.def("differences", &differences, py::arg("before"), py::arg("after"),
             "(target, before, after, detail) for each service whose state changed, of rows (target, state, detail).");
  module.def(
      "listening_sockets", [] { return to_python(value_or_raise(scan::listening_sockets())); },
      "Targets for the listening TCP sockets of this machine.");
}

}  // namespace conclave::scripting
