// Probe plugins as consult() asks them: start() returns at once, whatever the runner.
#include <utility>

#include "scripting/hooks.h"
#include "scripting/plugin_call.h"
#include "scripting/python_expert.h"
#include "scripting/worker/isolated_hook.h"

namespace conclave::scripting {
namespace {

namespace py = pybind11;
using Done = std::function<void(Result<nlohmann::json>)>;

constexpr double grace_in_process_s = 2;  // then its thread is left behind

// Its code is loaded on the script thread, where the watch interrupts what takes too long.
Result<void> load(const HookRunners& runners, const PluginInfo& plugin, Job& job) {
  auto loaded = wait_in_process<bool>(runners.thread, plugin, job, [plugin](ScriptThread& self, Ticket ticket) {
    self.python().attr("load_probe")(ticket, runner_info(plugin, nlohmann::json::object(), 1.0));
    return true;
  });
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  return {};
}

// Called with the GIL, on a thread of Python: JSON, or why there is none.
py::cpp_function answer_to(Done done) {
  return py::cpp_function([done = std::move(done)](const std::string& returned, const std::string& failure) {
    const py::gil_scoped_release release;
    if (!failure.empty()) return done(fail(ErrorKind::script, failure));
    done(nlohmann::json::parse(returned, nullptr, false));
  });
}

void start_in_process(const HookRunners& runners, const PluginInfo& plugin, Descriptor socket, const nlohmann::json& service,
                      double seconds, const JobPtr& job, const Done& done) {
  const auto held = std::make_shared<Descriptor>(std::move(socket));
  const auto work = [plugin, held, text = service.dump(), seconds, job, done](ScriptThread& self) {
    if (job->stopped()) return;  // nobody waits any more
    try {
      py::module_::import("conclave._core");  // registers the types
      self.python().attr("start_probe")(runner_info(plugin, nlohmann::json::object(), 1.0), held->get(), text, seconds,
                                        py::cast(job), answer_to(done));
      held->release();
    } catch (const std::exception& error) {  // error_already_set is one, too
      const std::string why = error.what();
      const py::gil_scoped_release release;
      done(fail(ErrorKind::script, why));
    }
  };
  if (!runners.thread->post("probe " + plugin.name, work)) done(fail(ErrorKind::circle, "the program is ending"));
}

}  // namespace

Probe make_probe(const HookRunners& runners, const PluginInfo& plugin) {
  if (runs_isolated(plugin)) {
    return worker_probe(runners.workers, runners.environments, plugin,
                        [output = runners.output, who = "probe " + plugin.name](int descriptor, std::string_view text) {
                          output(who, descriptor, text);
                        });
  }
  Probe probe;
  probe.plugin = {plugin.name, plugin.version, plugin.sha256};
  probe.time_s = plugin.time_s;
  probe.grace_s = grace_in_process_s;
  probe.prepare = [runners, plugin](Job& job) { return load(runners, plugin, job); };
  probe.start = [runners, plugin](int socket, nlohmann::json service, double seconds, const JobPtr& job, const Done& done) {
    start_in_process(runners, plugin, Descriptor(socket), service, seconds, job, done);
  };
  return probe;
}

}  // namespace conclave::scripting
