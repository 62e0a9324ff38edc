// A call into the engine in three steps, so that the same call can wait for its result, be awaited, or run in a task executor:
// arguments are converted with the GIL when the operation is made, `work` runs on any thread without it, and `result` turns what
// it found into Python with the GIL held again.
#pragma once

#include <pybind11/pybind11.h>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/job.h"

namespace conclave::scripting {

namespace py = pybind11;

// Owner: Python, or the Completions it was started in; destroyed with the GIL, since `work` may pin buffers. Runs once.
struct Operation {
  JobPtr job;                          // stops it
  std::function<Result<void>()> work;  // what it throws is thrown again by take_result(); an error is only for statistics
  std::function<py::object()> result;  // once, after `work` has returned; throws what belongs to a failure
  // Results on the way, for operations that have them: a list of those since the last look. `announce` is set before the work
  // starts and called by it, on its thread, when there are some.
  std::function<py::object()> news;
  std::shared_ptr<std::function<void()>> announce;

  bool started = false;
  bool ran = false;
  double seconds = 0.0;        // that `work` took
  std::exception_ptr failure;  // what `work` threw

  Result<void> run() noexcept;
  [[nodiscard]] py::object take_result();
};
using OperationPtr = std::shared_ptr<Operation>;

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<Result<T>> = true;

// `convert` takes what `work` returned.
template <class Work, class Convert>
[[nodiscard]] OperationPtr make_operation(JobPtr job, Work work, Convert convert) {
  using Found = std::invoke_result_t<Work>;
  auto found = std::make_shared<std::optional<Found>>();
  auto operation = std::make_shared<Operation>();
  operation->job = std::move(job);
  operation->work = [found, work = std::move(work)]() mutable -> Result<void> {
    found->emplace(work());
    if constexpr (is_result<Found>) {
      if (!**found) return tl::unexpected((*found)->error());
    }
    return {};
  };
  operation->result = [found, convert = std::move(convert)]() -> py::object { return convert(std::move(**found)); };
  return operation;
}

// Runs it now: the calling thread waits without the GIL and answers signals (see blocking.h). `on_news` is called on this thread.
[[nodiscard]] py::object run_now(Operation& operation, const std::function<void(const py::object&)>& on_news = {});

// Where conclave._core keeps what makes operations, by name: prepare(...) -> Operation.
[[nodiscard]] py::dict operations_of(const py::module_& module);

// Defines both: module.NAME(...), which runs it now, and the operation of that name, with the same parameters.
template <class... Args, class... Extra>
void def_operation(py::module_& module, const char* name, OperationPtr (*prepare)(Args...), const Extra&... extra) {
  module.def(
      name, [prepare](Args... args) { return run_now(*prepare(std::forward<Args>(args)...)); }, extra...);
  operations_of(module)[name] = py::cpp_function(prepare, py::name(name), extra...);
}

}  // namespace conclave::scripting
