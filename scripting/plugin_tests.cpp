#include "scripting/plugin_tests.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "scripting/worker/pointers.h"

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;

// Not among pytest's own, which says 2 for Ctrl-C as well as for a test file that cannot be imported.
constexpr int no_pytest = 41;
constexpr int by_user = 42;
constexpr const char* start_code =
    "import site, sys, sysconfig\n"
    "environment = sys.argv.pop(1)\n"
    "if environment:\n"  // its packages after the standard library and before those of the system
    "    before = list(sys.path)\n"
    "    site.addsitedir(sysconfig.get_path('purelib', 'venv', {'base': environment}))\n"
    "    own = [path for path in sys.path if path not in before]\n"
    "    at = next((i for i, path in enumerate(before) if path.endswith(('dist-packages', 'site-packages'))), len(before))\n"
    "    sys.path[:] = before[:at] + own + before[at:]\n"
    "try:\n    import pytest\n"
    "except ImportError:\n    sys.exit(41)\n"
    "class Interrupts:\n    def pytest_keyboard_interrupt(self, excinfo):\n        global ended\n"
    "        if excinfo.type is KeyboardInterrupt:\n            ended = 42\n"
    "ended = None\n"
    "code = pytest.main(sys.argv[1:], plugins=[Interrupts()])\n"
    "sys.exit(ended or code)";

std::vector<std::string> environment(const fs::path& python_package) {
  const char* before = std::getenv("PYTHONPATH");  // NOLINT(concurrency-mt-unsafe): nobody here sets the environment
  std::string path = "PYTHONPATH=";
  path += python_package.string();
  if (before != nullptr) path.append(":").append(before);
  std::vector<std::string> variables{std::move(path), "QT_QPA_PLATFORM=offscreen", "PYTHONDONTWRITEBYTECODE=1"};
#ifdef CONCLAVE_WORKER_PRELOAD
  variables.emplace_back("LD_PRELOAD=" CONCLAVE_WORKER_PRELOAD);
#endif
  const std::size_t own = variables.size();
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const std::string name = text.substr(0, text.find('=') + 1);
    const bool replaced = std::any_of(variables.begin(), variables.begin() + static_cast<std::ptrdiff_t>(own),
                                      [&](const std::string& one) { return one.starts_with(name); });
    if (!replaced) variables.push_back(text);
  }
  return variables;
}

// While it lives, Ctrl-C is for the child only.
class LeavesInterrupts {
 public:
  LeavesInterrupts() {
    struct sigaction ignored {};
    ignored.sa_handler = SIG_IGN;
    sigemptyset(&ignored.sa_mask);
    sigaction(SIGINT, &ignored, &before_);
  }
  LeavesInterrupts(const LeavesInterrupts&) = delete;
  LeavesInterrupts& operator=(const LeavesInterrupts&) = delete;
  ~LeavesInterrupts() { sigaction(SIGINT, &before_, nullptr); }

 private:
  struct sigaction before_ {};
};

// The wait status of the child.
Result<int> run(std::vector<std::string> arguments, std::vector<std::string> variables) {
  const LeavesInterrupts leaving;
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t child = -1;
  const int error =
      ::posix_spawn(&child, arguments[0].c_str(), nullptr, &attributes, pointers(arguments).data(), pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail_io("cannot run", arguments[0], error);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return fail_io("cannot wait for", arguments[0], errno);
  }
  return status;
}

}  // namespace

Result<TestsEnded> run_plugin_tests(const fs::path& python_package, const fs::path& folder, const fs::path& packages) {
  const std::string place = fs::absolute(folder).lexically_normal().string();
  const auto status = run({CONCLAVE_PYTHON, "-P", "-c", start_code, packages.string(), "-q", "-p", "no:cacheprovider",
                           "--rootdir=" + place, "--confcutdir=" + place, place},
                          environment(python_package));
  if (!status) return tl::unexpected(status.error());
  if (WIFSIGNALED(*status)) {
    if (WTERMSIG(*status) == SIGINT) return TestsEnded::interrupted;
    return fail(ErrorKind::script, "pytest was ended by signal " + std::to_string(WTERMSIG(*status)), place);
  }
  switch (WEXITSTATUS(*status)) {
    case 0:
      return TestsEnded::passed;
    case 1:
    case 2:
      return TestsEnded::failed;
    case by_user:
      return TestsEnded::interrupted;
    case 5:
      return TestsEnded::none;
    case no_pytest:
      return fail(ErrorKind::unsupported,
                  "there is no pytest for " CONCLAVE_PYTHON "; install it with: apt install python3-pytest");
    default:
      return fail(ErrorKind::script, "pytest ended with exit code " + std::to_string(WEXITSTATUS(*status)), place);
  }
}

}  // namespace conclave::scripting
