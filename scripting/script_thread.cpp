#include "scripting/script_thread.h"

#include <pthread.h>
#include <pybind11/stl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <future>
#include <thread>
#include <utility>

#include "scripting/interpreter.h"
#include "scripting/python_expert.h"
#include "scripting/stack_dump.h"
#include "scripting/stack_text.h"

namespace conclave::scripting {
namespace {

namespace py = pybind11;

using Clock = std::chrono::steady_clock;

}  // namespace

Result<std::shared_ptr<ScriptThread>> ScriptThread::start(const std::filesystem::path& package_folder, OutputSink sink) {
  const int wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake < 0) return fail_io("cannot start Python: eventfd", {}, errno);
  const std::shared_ptr<ScriptThread> thread(new ScriptThread(wake, std::move(sink)));
  std::promise<Result<void>> ready;
  auto started = ready.get_future();
  std::thread([thread, package_folder, &ready] {
    pthread_setname_np(pthread_self(), "conclave-python");
    auto result = thread->set_up(package_folder);
    const bool good = result.has_value();
    ready.set_value(std::move(result));
    if (good) thread->main();
    // A Python that half started cannot be ended: its thread stays, without the GIL.
    if (Py_IsInitialized() != 0 && PyGILState_Check() != 0) PyEval_SaveThread();
    for (;;) ::pause();
  }).detach();
  if (auto result = started.get(); !result) return tl::unexpected(std::move(result.error()));
  return thread;
}

Result<void> ScriptThread::set_up(const std::filesystem::path& package_folder) {
  if (auto result = start_interpreter(package_folder); !result) return result;
  thread_ = pthread_self();
  watch_ = std::make_unique<Watch>(pthread_self(), [this](Ticket ticket) {
    (void)post(
        "", [ticket](ScriptThread& self) { self.python().attr("cancel")(ticket); }, true);
  });
  try {
    const py::dict native;
    native["run_next"] = py::cpp_function([this] { return run_next(); });
    native["write"] =
        py::cpp_function([this](int stream, const py::bytes& text, const std::string& origin) { write(stream, text, origin); });
    native["stop_due"] = py::cpp_function([this](Ticket ticket) { return watch_->stop_due(ticket); });
    native["take_interrupt"] = py::cpp_function([this](Ticket ticket) { return watch_->take_interrupt(ticket); });
    native["note_line"] = py::cpp_function([this](Ticket ticket, int line) { watch_->note_line(ticket, line); });
    native["parked"] = py::cpp_function([this](Ticket ticket) { watch_->parked(ticket); });
    native["console_ended"] = py::cpp_function(
        [this](Ticket ticket, const std::string& state, int exit_code) { console_ended(ticket, state, exit_code); });
    native["console_begins"] = py::cpp_function([this](Ticket ticket) { console_begins(ticket); });
    native["ask_line"] = py::cpp_function([this](bool secret) { return input_.ask(secret ? Asks::secret : Asks::line); },
                                          py::call_guard<py::gil_scoped_release>());
    native["take_line"] = py::cpp_function([this]() -> py::object {
      const auto line = input_.take();
      if (!line) return py::none();
      return py::reinterpret_steal<py::object>(
          PyUnicode_DecodeUTF8(line->data(), static_cast<Py_ssize_t>(line->size()), "replace"));
    });
    native["forget_line"] = py::cpp_function([this] { input_.forget(); }, py::call_guard<py::gil_scoped_release>());
    native["request"] =
        py::cpp_function([this](const std::string& what, const std::string& argument) { return request(what, argument); },
                         py::call_guard<py::gil_scoped_release>());
    native["expert_ended"] =
        py::cpp_function([this](Ticket ticket, const py::object& response, bool cancelled, const std::string& type,
                                const std::string& message, const std::string& traceback) {
          const auto status = cancelled ? consensus::Status::cancelled : consensus::Status::failed;
          expert_ended(*watch_, ticket, response, status, {type, message, traceback});
        });
    const py::object names = py::module_::import("types").attr("SimpleNamespace")(**native);
    python_ = py::module_::import("conclave._host").attr("Host")(names, wake_, input_.descriptor()).release().ptr();
    install_stack_dump();
  } catch (const py::error_already_set& error) {
    // Python takes SIGINT over as soon as a module asks for it, which is before there is anything that could be stopped.
    if (error.matches(PyExc_KeyboardInterrupt)) return fail(ErrorKind::cancelled, "stopped while Python started");
    return fail(ErrorKind::script, std::string("cannot start Python: ") + error.what(), package_folder.string());
  }
  return {};
}

void ScriptThread::main() {
  for (;;) {
    try {
      python().attr("main")();
    } catch (const py::error_already_set& error) {
      // Only a bug, or an interrupt that hit the loop itself; the loop is entered again.
      std::fprintf(stderr, "conclave: the script thread's loop ended: %s\n", error.what());
    }
  }
}

bool ScriptThread::post(std::string what, Work work, bool first) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    Item item{std::move(what), std::move(work)};
    if (first) {
      queue_.push_front(std::move(item));
    } else {
      queue_.push_back(std::move(item));
    }
  }
  const std::uint64_t one = 1;
  return ::write(wake_, &one, sizeof one) == sizeof one || errno == EAGAIN;  // EAGAIN: already as awake as can be
}

void ScriptThread::close() {
  std::deque<Item> dropped;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  dropped.swap(queue_);
}

void ScriptThread::post_last(Work work) {
  {
    const std::lock_guard lock(mutex_);
    closed_ = false;
  }
  (void)post("exit", std::move(work));
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

bool ScriptThread::wait_idle(Clock::time_point until) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, until, [this] { return running_.empty() && queue_.empty(); });
}

std::string ScriptThread::busy_with() const {
  const std::lock_guard lock(mutex_);
  if (running_.empty()) return {};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - running_since_).count();
  return running_ + ", " + std::to_string(seconds) + " s";
}

bool ScriptThread::run_next() {
  watch_->turn();
  Item item;
  {
    const std::lock_guard lock(mutex_);
    if (queue_.empty()) return false;
    item = std::move(queue_.front());
    queue_.pop_front();
    running_ = item.what;
    running_since_ = Clock::now();
  }
  run_one(std::move(item));
  watch_->turn();
  {
    const std::lock_guard lock(mutex_);
    running_.clear();
  }
  changed_.notify_all();
  return true;
}

void ScriptThread::run_one(Item item) {
  try {
    item.work(*this);
  } catch (py::error_already_set& error) {
    // Work reports its own failures; this is a bug in it, or an interrupt that came a moment too late.
    const std::string text = error.what();
    const py::gil_scoped_release release;
    sink_(Stream::err, item.what + ": " + text + "\n", "conclave");
  } catch (const std::exception& error) {
    const py::gil_scoped_release release;
    sink_(Stream::err, item.what + ": " + error.what() + "\n", "conclave");
  }
  const py::gil_scoped_release release;
  item.work = nullptr;
}

void ScriptThread::write(int stream, const py::bytes& text, const std::string& origin) {
  const auto view = static_cast<std::string_view>(text);
  const py::gil_scoped_release release;
  sink_(stream == 2 ? Stream::err : Stream::out, view, origin);
}

void ScriptThread::execute(std::string source, const std::function<void(ConsoleReply)>& done) {
  const Ticket ticket = watch_->new_ticket();
  {
    const std::lock_guard lock(mutex_);
    commands_[ticket] = done;
  }
  const bool posted = post("console", [ticket, source = std::move(source)](ScriptThread& self) {
    try {
      self.python().attr("execute")(ticket, py::reinterpret_steal<py::object>(PyUnicode_DecodeUTF8(
                                                source.data(), static_cast<Py_ssize_t>(source.size()), "replace")));
    } catch (const py::error_already_set&) {
      self.console_ended(ticket, "interrupted", 0);
    }
  });
  if (!posted) {
    const std::lock_guard lock(mutex_);
    commands_.erase(ticket);
  }
  if (!posted) done({ConsoleReply::State::interrupted, 0});
}

void ScriptThread::console_begins(Ticket ticket) {
  console_began_ = Clock::now().time_since_epoch();
  console_ = ticket;
}

void ScriptThread::console_ended(Ticket ticket, const std::string& state, int exit_code) {
  using State = ConsoleReply::State;
  static const std::map<std::string, State> states{{"complete", State::complete},
                                                   {"incomplete", State::incomplete},
                                                   {"failed", State::failed},
                                                   {"interrupted", State::interrupted},
                                                   {"exit_requested", State::exit_requested}};
  Ticket expected = ticket;
  console_.compare_exchange_strong(expected, 0);
  (void)watch_->end(ticket);
  std::function<void(ConsoleReply)> done;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = commands_.find(ticket); found != commands_.end()) {
      done = std::move(found->second);
      commands_.erase(found);
    }
  }
  const auto known = states.find(state);
  const py::gil_scoped_release release;
  if (done) done({known == states.end() ? State::failed : known->second, exit_code});
}

bool ScriptThread::interrupt_console() {
  const Ticket ticket = console_;
  if (ticket == 0) return false;
  watch_->interrupt(ticket);
  (void)post(
      "", [ticket](ScriptThread& self) { self.python().attr("cancel")(ticket); }, true);
  return true;
}

void ScriptThread::attach(Frontend frontend) {
  input_.attach(std::move(frontend.asks_line));
  const std::lock_guard lock(mutex_);
  requests_ = std::move(frontend.requests);
}

bool ScriptThread::request(const std::string& what, const std::string& argument) {
  std::function<void(std::string_view, nlohmann::json)> requests;
  {
    const std::lock_guard lock(mutex_);
    requests = requests_;
  }
  if (!requests) return false;
  requests(what, nlohmann::json::parse(argument, nullptr, false));
  return true;
}

std::vector<RunningScript> ScriptThread::running() const {
  auto list = watch_->running();
  if (const Ticket ticket = console_; ticket != 0) {
    const auto since = Clock::now().time_since_epoch() - console_began_.load();
    const auto state = input_.waits() ? RunningScript::State::awaiting : RunningScript::State::running;
    list.push_back({ticket, "console", false, state, std::chrono::duration<double>(since).count()});
  }
  return list;
}

Result<std::string> ScriptThread::stack(Ticket ticket) {
  for (const RunningScript& script : running()) {
    if (script.id != ticket) continue;
    if (script.state == RunningScript::State::waiting) return "It waits for its turn on the script thread.\n";
    if (std::string text = busy_with().empty() ? stack_of_task(ticket) : ""; !text.empty()) return text;
    auto dump = dump_stack(thread_);
    if (!dump) return dump;
    return readable_stack(*dump);
  }
  return fail(ErrorKind::not_found, "it has ended");
}

// What awaits is not on the thread's stack; while the thread is free it can be asked.
std::string ScriptThread::stack_of_task(Ticket ticket) {
  using Frames = std::vector<std::tuple<std::string, int, std::string>>;
  const auto found = std::make_shared<std::promise<Frames>>();
  auto waiting = found->get_future();
  const bool posted = post(
      "",
      [ticket, found](ScriptThread& self) {
        Frames frames;
        try {
          frames = py::cast<Frames>(self.python().attr("stack_of_task")(ticket));
        } catch (const std::exception&) {
          frames.clear();  // a file name that is not UTF-8
        }
        found->set_value(std::move(frames));
      },
      true);
  if (!posted || waiting.wait_for(std::chrono::milliseconds(500)) != std::future_status::ready) return {};
  std::vector<StackFrame> frames;
  for (const auto& [file, line, function] : waiting.get()) frames.push_back({file, line, function});
  return readable_stack(std::move(frames));
}

void ScriptThread::run_in_terminal(std::string what, std::function<int(ScriptThread&, Ticket)> work,
                                   const std::function<void(int)>& ended) {
  const Ticket ticket = watch_->new_ticket();
  const bool posted = post(std::move(what), [ticket, work = std::move(work), ended](ScriptThread& self) {
    self.console_begins(ticket);
    int code = 1;
    try {
      code = work(self, ticket);
    } catch (py::error_already_set& error) {
      const bool interrupt = error.matches(PyExc_KeyboardInterrupt);
      if (!interrupt) self.sink_(Stream::err, std::string(error.what()) + "\n", "conclave");
      code = interrupt ? 130 : 1;
    }
    self.console_ = 0;
    (void)self.watch_->end(ticket);
    const py::gil_scoped_release release;
    ended(code);
  });
  if (!posted) ended(1);
}

}  // namespace conclave::scripting
