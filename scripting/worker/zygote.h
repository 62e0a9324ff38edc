// The process that workers are forked from: a Python that has imported conclave (and NumPy, where there is one) and nothing else,
// so that a worker starts in milliseconds and shares that memory. For workers with an environment there is a bare one, which has
// no packages on its path, since those of the environment must be neither hidden nor loaded before a worker is confined.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "engine/base/error.h"
#include "scripting/worker/descriptor.h"

namespace conclave::scripting {

// What workers run in.
struct WorkerPython {
  std::filesystem::path python;          // the interpreter; of a virtual environment, its bin/python
  std::filesystem::path package_folder;  // holds the package `conclave`
};

// Owner: WorkerPool's thread, on which everything here is called: the zygote ends when the thread that started it does.
class Zygote {
 public:
  enum class Packages { of_python, none };
  [[nodiscard]] static Result<Zygote> start(const WorkerPython& python, Packages packages);
  Zygote(Zygote&& other) noexcept;
  Zygote& operator=(Zygote&& other) = delete;
  Zygote(const Zygote&) = delete;
  Zygote& operator=(const Zygote&) = delete;
  ~Zygote();  // ends it and its workers

  [[nodiscard]] int socket() const { return socket_.get(); }

  // Its end of the channel, standard output, standard error, and the memory that holds its last words.
  using WorkerFiles = std::array<int, 4>;
  [[nodiscard]] Result<void> fork_worker(std::uint64_t id, const WorkerFiles& files);

  struct Event {
    enum class Kind { ready, forked, not_forked, exited } kind;
    std::uint64_t id = 0;
    int status = 0;      // exited: as of waitpid
    Descriptor process;  // forked: a pidfd
    pid_t pid = 0;       // forked
    std::string text;    // not_forked: why
  };
  // The next thing it said; nothing if that is all for now; an error once it is gone, with its own last words.
  [[nodiscard]] Result<std::optional<Event>> next();

 private:
  Zygote() = default;
  [[nodiscard]] std::string last_words() const;
  pid_t pid_ = -1;
  Descriptor socket_;
  Descriptor words_;
};

}  // namespace conclave::scripting
