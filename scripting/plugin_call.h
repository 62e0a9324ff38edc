// One call of a plugin's function between the steps of the program, wherever the plugin may run. Internal to this room.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "scripting/hooks.h"
#include "scripting/script_thread.h"
#include "scripting/worker/isolated_hook.h"

namespace conclave::scripting {

// JSON in, JSON out, as `_CALLS` in conclave/_hooks.py makes it: the function `name` of a hook, or of a plugin of kind `name`.
// Waits as make_hooks() says. Whoever runs in a worker gets no more than isolated_json_hook() hands it.
[[nodiscard]] Result<HookAnswer> call_plugin(const HookRunners& runners, const PluginInfo& plugin, const char* name,
                                             const nlohmann::json& argument, Job& job);

// Makes its environment, if it needs one, and runs it in a worker.
[[nodiscard]] Result<HookAnswer> ask_worker(const HookRunners& runners, IsolatedTask task, Job& job);

// Runs `call` on the script thread, watched and with the GIL, and waits for it. Its result, or why there is none.
template <class T>
[[nodiscard]] Result<T> wait_in_process(const std::shared_ptr<ScriptThread>& thread, const PluginInfo& plugin, Job& parent,
                                        std::function<T(ScriptThread&, Ticket)> call) {
  auto answer = std::make_shared<std::promise<Result<T>>>();
  auto waiting = answer->get_future();
  const auto job = std::make_shared<Job>(plugin.kind + " " + plugin.name, parent);
  Watched watched;
  watched.who = plugin.kind + " " + plugin.name;
  watched.time_s = plugin.time_s;
  watched.job = job;
  watched.give_up = [answer](consensus::Status, std::string why) { answer->set_value(fail(ErrorKind::circle, std::move(why))); };
  const std::string who = watched.who;
  const Ticket ticket = thread->watch().add(std::move(watched));
  const bool posted = thread->post(who, [ticket, answer, call = std::move(call)](ScriptThread& self) {
    {
      const pybind11::gil_scoped_release release;
      if (!self.watch().begin(ticket)) return;
    }
    Result<T> result = fail(ErrorKind::script, "");
    try {
      result = call(self, ticket);
    } catch (const std::exception& error) {  // error_already_set is one, too
      result = fail(ErrorKind::script, error.what());
    }
    if (const auto ended = self.watch().end(ticket)) {
      if (!result && ended->timed_out) result = fail(ErrorKind::script, "no answer within its time");
      answer->set_value(std::move(result));
    }
  });
  if (!posted) {
    (void)thread->watch().end(ticket);
    return fail(ErrorKind::circle, "the program is ending");
  }
  // The watch ends what runs; a thread that is busy with something else for that long counts as no answer, too.
  const auto limit = std::chrono::duration<double>(2 * plugin.time_s + 5);
  if (waiting.wait_for(limit) == std::future_status::timeout) {
    if (!thread->watch().end(ticket)) return waiting.get();
    return fail(ErrorKind::circle, "the script thread is busy with " + thread->busy_with());
  }
  return waiting.get();
}

}  // namespace conclave::scripting
