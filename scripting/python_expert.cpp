#include "scripting/python_expert.h"

#include <pybind11/stl.h>

#include <utility>

#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/response_cast.h"
#include "scripting/circle.h"

namespace conclave::scripting {
namespace {

namespace py = pybind11;
using consensus::ExpertResponse;
using consensus::Status;

// The runner (conclave/_runner.py) gives a stopped expert a second to end by itself and then interrupts it; the watch must not
// come before.
constexpr std::chrono::milliseconds grace_of_runner{1500};

std::string error_type(Status status) {
  switch (status) {
    case Status::timed_out:
      return "TimeoutError";
    case Status::cancelled:
      return "Cancelled";
    default:
      return "CircleError";
  }
}

// What the runner calls for a secret that the expert may have; it checks the name first.
py::cpp_function finder(std::shared_ptr<const security::KeyRing> keys) {
  return py::cpp_function([keys = std::move(keys)](py::handle name) -> py::object {
    const std::string wanted = to_utf8(name, "name");
    Result<std::optional<std::string>> found;
    {
      const py::gil_scoped_release release;
      found = security::find_secret(wanted, *keys);
    }
    const auto value = value_or_raise(std::move(found));
    return value ? py::object(to_str(*value)) : py::none();
  });
}

// Keeps what the runner said, unless it took the watch's stop for the user's.
ExpertResponse as_watched(ExpertResponse response, bool timed_out, double time_s) {
  if (timed_out && response.status == Status::cancelled) {
    response.status = Status::timed_out;
    if (!response.error) response.error.emplace();
    response.error->type = error_type(Status::timed_out);
    response.error->message = "no answer within its time of " + std::to_string(time_s) + " s";
  }
  return response;
}

}  // namespace

py::dict runner_info(const PluginInfo& plugin, const nlohmann::json& settings, double weight,
                     const std::vector<std::string>& allowed_endpoints) {
  py::dict info;
  info["name"] = plugin.name;
  info["version"] = plugin.version;
  info["kind"] = plugin.kind;
  info["scope"] = plugin.scope;
  info["module"] = plugin.module;
  info["function"] = plugin.function;
  info["path"] = plugin.path.string();
  info["sha256"] = plugin.sha256;
  info["timeout_s"] = plugin.time_s;
  info["output_kb"] = plugin.output_kb;
  info["weight"] = weight;
  info["network"] = plugin.network;
  info["raw_evidence"] = plugin.raw_evidence;
  info["secrets"] = secrets_of(plugin, settings);
  info["requirements"] = plugin.requirements;
  info["settings"] = py::module_::import("json").attr("loads")(settings.dump());
  py::list endpoints;
  for (const std::string& endpoint : allowed_endpoints) {  // as typed: bytes that are no UTF-8 must not fail the expert
    endpoints.append(py::bytes(endpoint).attr("decode")("utf-8", "replace"));
  }
  info["allowed_endpoints"] = endpoints;
  return info;
}

PythonExpert::PythonExpert(std::shared_ptr<ScriptThread> thread, PluginInfo plugin, nlohmann::json settings, double weight,
                           std::vector<std::string> allowed_endpoints, std::shared_ptr<const security::KeyRing> keys)
    : thread_(std::move(thread)),
      plugin_(std::move(plugin)),
      settings_(std::move(settings)),
      allowed_endpoints_(std::move(allowed_endpoints)),
      keys_(std::move(keys)) {
  info_ = {plugin_.name, plugin_.scope, plugin_.version, plugin_.sha256, weight, plugin_.time_s};
}

void PythonExpert::start(EvidencePtr evidence, JobPtr job, std::function<void(ExpertResponse)> done) {
  Watched watched;
  watched.who = "expert " + info_.name;
  watched.time_s = info_.timeout_s;
  watched.grace = grace_of_runner;
  watched.job = job;
  watched.answer = [done, info = info_](ExpertResponse response) {
    if (response.expert_name.empty())
      response = without_answer(info, response.status, response.error.value_or(consensus::ResponseError{}));
    done(std::move(response));
  };
  watched.give_up = [done, info = info_](Status status, std::string message) {
    done(without_answer(info, status, {error_type(status), std::move(message), {}}));
  };
  const std::string who = watched.who;
  const Ticket ticket = thread_->watch().add(std::move(watched));
  const auto work = [ticket, plugin = plugin_, settings = settings_, weight = info_.weight, endpoints = allowed_endpoints_,
                     keys = keys_, evidence = std::move(evidence), job](ScriptThread& thread) {
    {
      const py::gil_scoped_release release;
      if (!thread.watch().begin(ticket)) return;
    }
    try {
      py::module_::import("conclave._core");  // registers the types
      py::dict info = runner_info(plugin, settings, weight, endpoints);
      info["find_secret"] = finder(keys);
      thread.python().attr("expert")(ticket, info, py::cast(std::const_pointer_cast<Evidence>(evidence)), py::cast(job));
    } catch (py::error_already_set& error) {
      expert_ended(thread.watch(), ticket, py::none(), Status::failed, {"CircleError", error.what(), {}});
    } catch (const std::exception& error) {
      expert_ended(thread.watch(), ticket, py::none(), Status::failed, {"CircleError", error.what(), {}});
    }
  };
  if (!thread_->post(who, work)) {
    if (auto ended = thread_->watch().end(ticket)) ended->watched.give_up(Status::failed, "the program is ending");
  }
}

void expert_ended(Watch& watch, Ticket ticket, const py::object& response, Status status, consensus::ResponseError error) {
  auto ended = watch.end(ticket);
  if (!ended) return;  // given up long ago
  ExpertResponse answer;
  if (!response.is_none()) {
    try {
      answer = py::cast<ExpertResponse>(response);
    } catch (const py::cast_error&) {
      status = Status::failed;
      error = {"TypeError", "the runner returned no response but " + py::cast<std::string>(py::str(py::type::of(response))), {}};
    }
  }
  if (answer.expert_name.empty()) {
    answer.status = status;
    answer.error = std::move(error);
  }
  const py::gil_scoped_release release;
  ended->watched.answer(as_watched(std::move(answer), ended->timed_out, ended->watched.time_s));
  ended.reset();  // may hold the last reference to things that take long to destroy
}

}  // namespace conclave::scripting
