// Both ends of a worker: the confinement that conclave/_worker.py puts on, and for a plain Python the runner that starts workers.
#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "engine/case/consult.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/evidence_cast.h"
#include "scripting/bindings/operation.h"
#include "scripting/bindings/plugin_cast.h"
#include "scripting/bindings/pool.h"
#include "scripting/bindings/response_cast.h"
#include "scripting/worker/confine.h"
#include "scripting/worker/isolated_expert.h"
#include "scripting/worker/isolated_hook.h"

namespace conclave::scripting {
namespace {

// Guarded by the GIL. Never destroyed: its thread runs until the process ends. A forked child makes one of its own.
WorkerPool* the_pool = nullptr;

}  // namespace

// What workers run in, and what environments are made with.
WorkerPython this_python() {
  const py::object file = py::module_::import("conclave").attr("__file__");
  const std::filesystem::path package = to_path(file, "conclave.__file__").parent_path();
  return {to_path(py::module_::import("sys").attr("executable"), "sys.executable"), package.parent_path()};
}

WorkerPool& worker_pool() {
  if (the_pool == nullptr) the_pool = new WorkerPool(this_python());
  return *the_pool;
}

namespace {

std::vector<std::filesystem::path> to_paths(const py::iterable& paths, const char* what) {
  std::vector<std::filesystem::path> list;
  for (const py::handle path : paths) list.push_back(to_path(path, what));
  return list;
}

// (not enforced, listener or -1)
py::tuple confine_this(const py::iterable& read, const py::iterable& write, bool subprocess, bool network, double memory_mb) {
  const Confinement limits{to_paths(read, "read"), to_paths(write, "write"), subprocess, network,
                           static_cast<std::uint64_t>(memory_mb * 1024 * 1024)};
  Confined confined = value_or_raise(confine(limits));
  py::list gaps;
  for (const std::string& gap : confined.not_enforced) gaps.append(to_str(gap));
  const int listener = confined.listener ? ::fcntl(confined.listener.get(), F_DUPFD_CLOEXEC, 0) : -1;
  return py::make_tuple(gaps, listener);
}

void die_with_parent(int signal, int parent) {
  if (::prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) != 0) raise(fail_io("cannot follow the parent", {}, errno).value());
  if (::getppid() != parent) ::_exit(1);  // it died before
}

// What a worker says and its answer, on their way from the pool's thread to Python. Shared by both: whoever comes last destroys
// it.
struct Mailbox {
  struct Item {
    int kind;  // 1 and 2: printed; 0: logged
    int level;
    std::string text;
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Item> items;
  std::optional<consensus::ExpertResponse> response;
  nlohmann::json returned;  // of a hook
  Descriptor ready{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

  void add(Item item) {
    const std::lock_guard lock(mutex);
    items.push_back(std::move(item));
    tell();
  }
  void keep(nlohmann::json value) {
    const std::lock_guard lock(mutex);
    returned = std::move(value);
  }
  void answer(consensus::ExpertResponse answer) {
    const std::lock_guard lock(mutex);
    response = std::move(answer);
    tell();
  }

 private:
  void tell() {
    changed.notify_all();
    const std::uint64_t one = 1;
    (void)!::write(ready.get(), &one, sizeof one);
  }
};

class IsolatedRun {
 public:
  IsolatedRun(std::shared_ptr<Mailbox> mail, bool gives_facts) : mail_(std::move(mail)), gives_facts_(gives_facts) {}

  [[nodiscard]] int fileno() const { return mail_->ready.get(); }

  // Whether there is a response, after waiting for news at most `seconds`. What was printed and logged is handed on meanwhile.
  bool wait(double seconds, const py::function& output, const py::function& log) {
    std::deque<Mailbox::Item> items;
    bool done = false;
    {
      const py::gil_scoped_release release;
      std::unique_lock lock(mail_->mutex);
      mail_->changed.wait_for(lock, std::chrono::duration<double>(seconds),
                              [&] { return !mail_->items.empty() || mail_->response.has_value(); });
      items.swap(mail_->items);
      done = mail_->response.has_value();
      std::uint64_t count = 0;
      (void)!::read(mail_->ready.get(), &count, sizeof count);
    }
    for (const auto& item : items) {
      if (item.kind == 0)
        log(item.level, to_str(item.text));
      else
        output(item.kind, to_str(item.text));
    }
    return done;
  }

  [[nodiscard]] consensus::ExpertResponse response() const {
    const std::lock_guard lock(mail_->mutex);
    if (!mail_->response) throw py::value_error("it has not answered yet");
    return *mail_->response;
  }

  // {"value": ...}, or None if the plugin has no such hook.
  [[nodiscard]] py::object returned() const {
    const auto answer = value_or_raise([this] {
      const std::lock_guard lock(mail_->mutex);
      return hook_answer(mail_->returned);
    }());
    if (!answer.present) return py::none();
    py::dict result;
    if (gives_facts_) {
      (void)value_or_raise(facts_of(answer.value));
      result["value"] = answer.value.is_null() ? py::object(py::list()) : json_to_python(answer.value);
    } else {
      result["value"] = json_to_python(answer.value);
    }
    return result;
  }

 private:
  std::shared_ptr<Mailbox> mail_;
  bool gives_facts_;
};

// `make` is called without the GIL. Before it, the plugin's environment is made if need be.
template <class Make>
OperationPtr run_isolated(PluginInfo plugin, Make make, JobPtr job, bool gives_facts) {
  if (!job) job = std::make_shared<Job>(plugin.name);
  const WorkerPython python = this_python();
  auto mail = std::make_shared<Mailbox>();
  auto work = [plugin = std::move(plugin), make = std::move(make), job, python, mail,
               workers = &worker_pool()]() mutable -> Result<void> {
    EnvironmentPtr environment;
    if (needs_environment(plugin)) {
      auto prepared = Environments(python.python, python.package_folder).prepare(plugin, *job);
      if (!prepared) return tl::unexpected(std::move(prepared.error()));
      environment = std::move(*prepared);
    }
    Result<IsolatedTask> task = make();
    if (!task) return tl::unexpected(std::move(task.error()));
    task->environment = std::move(environment);
    task->job = job;
    task->output = [mail](int descriptor, std::string_view text) { mail->add({descriptor, 0, std::string(text)}); };
    task->log = [mail](int level, std::string_view text) { mail->add({0, level, std::string(text)}); };
    task->returned = [mail](nlohmann::json value) { mail->keep(std::move(value)); };
    task->done = [mail](consensus::ExpertResponse response) { mail->answer(std::move(response)); };
    workers->run(std::move(*task));
    return {};
  };
  return make_operation(job, std::move(work), [mail, gives_facts](Result<void>&& started) {
    value_or_raise(std::move(started));
    return py::cast(IsolatedRun(mail, gives_facts));
  });
}

OperationPtr prepare_isolated(const py::dict& info, py::handle evidence, JobPtr job) {
  const PluginInfo plugin = plugin_from_python(info);
  const nlohmann::json settings = info.contains("settings") && !info["settings"].is_none()
                                      ? to_json_value(info["settings"], "settings")
                                      : nlohmann::json::object();
  std::vector<std::string> endpoints;
  if (info.contains("allowed_endpoints")) endpoints = to_texts(info["allowed_endpoints"], "allowed_endpoints");
  nlohmann::json secrets = nlohmann::json::object();
  if (info.contains("secret_values")) secrets = to_json_value(info["secret_values"], "secret_values");
  const EvidencePtr given = evidence_from_python(evidence);
  const double weight = info.contains("weight") ? to_number(info["weight"], "weight") : 1.0;
  return run_isolated(
      plugin,
      [plugin, settings, endpoints, given, weight, secrets = std::move(secrets)] {
        auto task = isolated_task(plugin, settings, endpoints, given);
        if (task) {
          task->info["secret_values"] = secrets;
          task->weight = weight;
        }
        return task;
      },
      std::move(job), false);
}

OperationPtr prepare_isolated_hook(const py::dict& info, py::handle hook, py::handle argument, JobPtr job) {
  const PluginInfo plugin = plugin_from_python(info);
  const std::string name = to_utf8(hook, "hook");
  for (const char* known :
       {"on_case_opened", "on_config_loaded", "rule", "embedding", "on_scan_result", "on_response", "on_consensus"}) {
    if (name != known) continue;
    nlohmann::json given = to_json_value(argument, "argument");
    return run_isolated(
        plugin, [plugin, known, given = std::move(given)] { return isolated_json_hook(plugin, known, given); }, std::move(job),
        false);
  }
  if (name != "on_evidence") throw py::value_error("there is no hook '" + name + "'");
  const EvidencePtr evidence = evidence_from_python(argument);
  return run_isolated(
      plugin, [plugin, evidence] { return isolated_evidence_hook(plugin, evidence); }, std::move(job), true);
}

}  // namespace

void bind_worker(py::module_& module) {
  pthread_atfork(nullptr, nullptr, [] { the_pool = nullptr; });

  py::class_<IsolatedRun>(module, "IsolatedRun", "An expert or hook that runs in a worker process.")
      .def("fileno", &IsolatedRun::fileno, "Readable when wait() has something to tell.")
      .def("wait", &IsolatedRun::wait, py::arg("seconds"), py::arg("output"), py::arg("log"),
           "Whether it has answered, after waiting at most `seconds` for news. Calls output(1 or 2, lines it printed) and "
           "log(level, text).")
      .def("response", &IsolatedRun::response, "The answer; ValueError before there is one. Of a hook: its error, if any.")
      .def("returned", &IsolatedRun::returned,
           "Of a hook that did not fail: {'value': what it returned}, or None if the plugin has none of that name. CircleError "
           "for nonsense.");
  def_operation(
      module, "start_isolated", &prepare_isolated, py::arg("info"), py::arg("evidence"), py::arg("job") = py::none(),
      "Runs the expert of a plugin in a worker process. Stopping the job ends it: asked, interrupted, killed. First makes the "
      "virtual environment that its requirements need, if there is none yet: CircleError if that cannot be done, "
      "CancelledError if the job is stopped meanwhile.");
  def_operation(module, "start_isolated_hook", &prepare_isolated_hook, py::arg("info"), py::arg("hook"), py::arg("argument"),
                py::arg("job") = py::none(),
                "Runs a hook, a 'rule' or an 'embedding' in a worker process: 'on_evidence' with evidence, the others with JSON "
                "values. SecurityError for a configuration that a plugin with network access may not see.");
  module.def(
      "warm_up_workers", [] { worker_pool().warm_up(); }, "Starts what workers are forked from before the first is needed.");
  module.def("confine", &confine_this, py::arg("read"), py::arg("write"), py::kw_only(), py::arg("subprocess"),
             py::arg("network"), py::arg("memory_mb"),
             "Confines this process for good, before it runs code that is not trusted: (what this kernel cannot enforce, "
             "descriptor that announces connects, or -1).");
  module.def(
      "add_isolation_problems",
      [](Gathered& gathered) {
        for (auto& problem : isolation_problems()) gathered.problems.push_back(std::move(problem));
      },
      py::arg("gathered"), "Adds what this kernel cannot enforce of workers' limits and permissions to the report's problems.");
  module.def(
      "add_note",
      [](Gathered& gathered, py::handle rule, py::handle message, py::handle fix) {
        gathered.problems.push_back(
            {config::Severity::note, to_utf8(rule, "rule"), to_utf8(message, "message"), to_utf8(fix, "fix"), {}});
      },
      py::arg("gathered"), py::arg("rule"), py::arg("message"), py::arg("fix") = "", "Adds a note to the report's problems.");
  module.def(
      "add_problems",
      [](Gathered& gathered, const py::iterable& problems) {
        for (const py::handle problem : problems) gathered.problems.push_back(py::cast<config::Problem>(problem));
      },
      py::arg("gathered"), py::arg("problems"), "Adds these to the report's problems.");
  module.def("die_with_parent", &die_with_parent, py::arg("signal"), py::arg("parent"),
             "This process gets `signal` when its parent, of process id `parent`, ends.");
}

}  // namespace conclave::scripting
