// The thread that owns Python, and the queue through which work reaches it. Only scripting includes this.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/base/error.h"
#include "scripting/line_input.h"
#include "scripting/script_host.h"
#include "scripting/watch.h"

namespace conclave::scripting {

// Owner: every ScriptHost, PythonExpert and hook that uses it, and the thread itself: it lives as long as the process. Members:
// any thread unless said otherwise; none takes the GIL. No mutex of this class is held while waiting for the GIL or calling out.
class ScriptThread {
 public:
  // Runs on the script thread with the GIL; may hold C++ values only, since it may be destroyed on another thread.
  using Work = std::function<void(ScriptThread&)>;

  [[nodiscard]] static Result<std::shared_ptr<ScriptThread>> start(const std::filesystem::path& package_folder, OutputSink sink);
  ScriptThread(const ScriptThread&) = delete;
  ScriptThread& operator=(const ScriptThread&) = delete;

  // False after close(): the work will never run. `what` is what busy_with() says of it.
  [[nodiscard]] bool post(std::string what, Work work, bool first = false);
  void close();
  void post_last(Work work);  // the one exception to close()
  // Whether nothing runs, waits for time, or is queued; waits for that at most until `until`.
  [[nodiscard]] bool wait_idle(std::chrono::steady_clock::time_point until);
  [[nodiscard]] std::string busy_with() const;
  [[nodiscard]] Watch& watch() { return *watch_; }
  void attach(Frontend frontend);
  [[nodiscard]] LineInput& input() { return input_; }
  [[nodiscard]] std::vector<RunningScript> running() const;
  // Of a script that running() names; for one that does not run any more an error of kind not_found. Waits at most a second.
  [[nodiscard]] Result<std::string> stack(Ticket ticket);

  // Console commands. `done` is called on the script thread, without the GIL.
  void execute(std::string source, const std::function<void(ConsoleReply)>& done);
  // KeyboardInterrupt in the console command that runs now, if any.
  bool interrupt_console();
  // A console in the terminal or a script: runs `work` as a console command, calls `ended` with its result.
  void run_in_terminal(std::string what, std::function<int(ScriptThread&, Ticket)> work, const std::function<void(int)>& ended);

  // Script thread only: the Host object of conclave/_host.py.
  [[nodiscard]] pybind11::handle python() const { return python_; }

 private:
  struct Item {
    std::string what;
    Work work;
  };
  ScriptThread(int wake, OutputSink sink) : wake_(wake), sink_(std::move(sink)) {}
  Result<void> set_up(const std::filesystem::path& package_folder);
  [[noreturn]] void main();
  bool run_next();
  void run_one(Item item);
  void write(int stream, const pybind11::bytes& text, const std::string& origin);
  void console_ended(Ticket ticket, const std::string& state, int exit_code);
  void console_begins(Ticket ticket);

  [[nodiscard]] bool request(const std::string& what, const std::string& argument);
  [[nodiscard]] std::string stack_of_task(Ticket ticket);

  const int wake_;  // eventfd, never closed
  pthread_t thread_{};
  LineInput input_;
  const OutputSink sink_;
  std::unique_ptr<Watch> watch_;
  PyObject* python_ = nullptr;  // owned, touched on the script thread only; never destroyed
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> queue_;
  bool closed_ = false;
  std::string running_;
  std::chrono::steady_clock::time_point running_since_;
  std::map<Ticket, std::function<void(ConsoleReply)>> commands_;
  std::function<void(std::string_view, nlohmann::json)> requests_;
  std::atomic<Ticket> console_{0};  // the command that runs or awaits now
  std::atomic<std::chrono::steady_clock::duration> console_began_{};
};

}  // namespace conclave::scripting
