// What a worker prints, on its way to the user: whole lines, valid UTF-8, never more than the plugin may say.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "scripting/worker/descriptor.h"

namespace conclave::scripting {

// How much a plugin may still print, over all its streams.
struct OutputBudget {
  double left;  // bytes
  bool said = false;
};

// Owner: a Worker, on its pool's thread. `show` gets whole lines, or long pieces of one.
class OutputPipe {
 public:
  OutputPipe(OutputBudget& budget, std::function<void(std::string_view)> show) : budget_(budget), show_(std::move(show)) {}

  // Makes the pipe; its writing end is for the worker. Without one after an error, with errno.
  [[nodiscard]] Descriptor open();
  [[nodiscard]] int file() const { return file_.get(); }
  // Takes what there is, at most 1 MiB, so that others get a turn. What is over the budget is read and forgotten: a full pipe
  // would stop the worker.
  void read();
  // Shows what was begun, with a line end, and closes.
  void close();
  void add(std::string_view text);  // as if it had been printed

 private:
  void show_lines(bool all);
  OutputBudget& budget_;
  std::function<void(std::string_view)> show_;
  Descriptor file_;
  std::string begun_;
};

}  // namespace conclave::scripting
