#include "scripting/interpreter.h"

#include <pybind11/pybind11.h>

#include <atomic>
#include <csignal>
#include <string>

#include <unistd.h>

namespace conclave::scripting {
namespace {

namespace py = pybind11;

// Another Python's prefix would be taken from PATH; naming the executable makes prefix, site-packages and sys.executable (which
// multiprocessing and debuggers start) those of the Python this program was built with.
constexpr const char* python_executable = CONCLAVE_PYTHON;

tl::unexpected<Error> refused(const std::string& why) { return fail(ErrorKind::unsupported, "cannot start Python: " + why); }

Result<void> initialise() {
  PyPreConfig before;
  PyPreConfig_InitIsolatedConfig(&before);
  before.utf8_mode = 1;  // file names and output do not depend on the locale
  if (const PyStatus status = Py_PreInitialize(&before); PyStatus_Exception(status) != 0) return refused(status.err_msg);
  PyConfig config;
  PyConfig_InitIsolatedConfig(&config);
  config.install_signal_handlers = 0;
  config.parse_argv = 0;
  PyStatus status = PyConfig_SetBytesString(&config, &config.executable, python_executable);
  if (PyStatus_Exception(status) == 0) status = PyConfig_SetBytesString(&config, &config.program_name, python_executable);
  if (PyStatus_Exception(status) == 0) status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status) != 0) return refused(status.err_msg != nullptr ? status.err_msg : "it ended at once");
  return {};
}

}  // namespace

Result<void> start_interpreter(const std::filesystem::path& package_folder) {
  static std::atomic<bool> started{false};
  if (started.exchange(true)) return refused("it was already started in this process");
  if (::access(python_executable, X_OK) != 0) return fail_io("cannot start Python: cannot run", python_executable, errno);
  std::signal(SIGPIPE, SIG_IGN);  // a script that writes to a closed pipe gets BrokenPipeError instead of ending the program
  if (auto result = initialise(); !result) return result;
  try {
    const py::module_ sys = py::module_::import("sys");
    const auto prefix = py::cast<std::string>(sys.attr("prefix"));
    if (prefix != CONCLAVE_PYTHON_PREFIX) return refused("its prefix is " + prefix + " instead of " CONCLAVE_PYTHON_PREFIX);
    if (py::cast<long>(sys.attr("hexversion")) >> 16 != PY_VERSION_HEX >> 16) {
      return refused(std::string("it is version ") + Py_GetVersion() + ", not " PY_VERSION);
    }
    sys.attr("path").attr("insert")(0, package_folder.string());
  } catch (const py::error_already_set& error) {
    return refused(error.what());
  }
  return {};
}

}  // namespace conclave::scripting
