// Workers: the zygotes they are forked from, the thread that looks after them, and who waits for a place.
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "scripting/worker/worker.h"

namespace conclave::scripting {

// Owner: the script host in the program, the module conclave._core in a plain Python. Members: any thread. A zygote and the
// thread start with the first task that needs them and stay. After a fork() only the process that made the pool may use it.
class WorkerPool {
 public:
  explicit WorkerPool(WorkerPython python);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();  // kills what runs; those answer `cancelled`

  // Returns at once. At most as many workers as processors (2 to 8) run at a time, and besides them `most_probes`, which mostly
  // wait for a network; the others wait, and their time with them.
  void run(IsolatedTask task);

  // These wait for the pool's thread, which may be starting a zygote; `stack` also for the worker, at most a second.
  [[nodiscard]] std::vector<RunningScript> running();
  bool stop(std::uint64_t id, StopHow how);  // false: it has ended
  // As faulthandler writes it. Kind not_found: it has ended.
  [[nodiscard]] Result<std::string> stack(std::uint64_t id);
  // Starts the zygote, which takes a quarter of a second, before it is needed.
  void warm_up();

 private:
  // Runs `call` on the pool's thread and waits for it; false if there is none, or the pool closes.
  bool on_thread(std::function<void()> call);
  [[nodiscard]] Worker* find(std::uint64_t id) const;
  void start_thread();  // with the mutex held
  void wake() const;
  void loop();
  bool take_new();
  void start_waiting();
  void wait_and_serve();
  [[nodiscard]] Result<Zygote*> zygote(bool bare);
  void hear_zygote(bool bare);
  void lose_zygote(bool bare, const std::string& why);
  void forget_gone();

  const WorkerPython python_;
  const std::size_t most_;
  Descriptor wake_;
  std::mutex mutex_;
  std::deque<IsolatedTask> added_;
  std::vector<std::function<void()>> calls_;
  bool closing_ = false;
  bool warm_ = false;
  std::thread thread_;
  // Of the thread.
  std::array<std::optional<Zygote>, 2> zygotes_;  // with the packages of Python, and bare
  std::deque<std::unique_ptr<Worker>> waiting_;
  std::vector<std::unique_ptr<Worker>> running_;
  std::uint64_t last_id_ = 0;
};

}  // namespace conclave::scripting
