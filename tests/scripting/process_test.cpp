// What only a whole process shows: leaving it, and owning its terminal. Each test starts test_scripted_process, a program that is
// nothing but a host, as `conclave console` and `conclave run` are.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

struct Ended {
  int code = -1;  // exit code, or minus the signal
  std::string output;
};

class Process {
 public:
  // On pipes, or on a terminal of its own.
  Process(std::vector<std::string> arguments, bool terminal, std::vector<std::string> environment = {}) {
    arguments.insert(arguments.begin(), (fs::read_symlink("/proc/self/exe").parent_path() / "test_scripted_process").string());
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int in[2] = {-1, -1};
    int out[2] = {-1, -1};
    if (!terminal) {
      EXPECT_EQ(::pipe2(in, O_CLOEXEC) | ::pipe2(out, O_CLOEXEC), 0);
    }
    pid_ = terminal ? ::forkpty(&in_, nullptr, nullptr, nullptr) : ::fork();
    if (pid_ == 0) {
      for (auto& variable : environment) ::putenv(variable.data());  // NOLINT(concurrency-mt-unsafe): in the child
      if (!terminal) {
        ::dup2(in[0], 0);
        ::dup2(out[1], 1);
        ::dup2(out[1], 2);
      }
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    if (terminal) {
      out_ = in_;
    } else {
      ::close(in[0]);
      ::close(out[1]);
      in_ = in[1];
      out_ = out[0];
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    if (in_ >= 0) ::close(in_);
    if (out_ != in_) ::close(out_);
  }

  void send(std::string_view text) const { ASSERT_EQ(::write(in_, text.data(), text.size()), static_cast<ssize_t>(text.size())); }
  void close_input() {
    ::close(in_);
    in_ = -1;
  }
  void signal(int number) const { ::kill(pid_, number); }
  // Reads until the text has appeared since the last call. False if nothing new comes for as long as `patience`.
  bool sees(const std::string& text, std::chrono::seconds patience) {
    while (output_.find(text, seen_) == std::string::npos) {
      if (!read_some(patience)) return false;
    }
    seen_ = output_.find(text, seen_) + text.size();
    return true;
  }
  void wait_for(const std::string& text) { ASSERT_TRUE(sees(text, 60s)) << "never saw " << text << " in:\n" << output_; }
  Ended end() {
    while (read_some()) continue;
    int status = 0;
    for (int i = 0; i < 6000 && ::waitpid(pid_, &status, WNOHANG) == 0; ++i) std::this_thread::sleep_for(10ms);
    if (!WIFEXITED(status) && !WIFSIGNALED(status)) return {-1000, output_};
    pid_ = -1;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), output_};
  }

 private:
  bool read_some(std::chrono::seconds patience = 60s) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(out_, &set);
    timeval left{patience.count(), 0};
    if (::select(out_ + 1, &set, nullptr, nullptr, &left) <= 0) return false;
    char buffer[4096];
    const ssize_t count = ::read(out_, buffer, sizeof buffer);
    if (count <= 0) return false;
    output_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  std::string output_;
  std::size_t seen_ = 0;
};

class ProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "conclave_process_XXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(folder); }
  [[nodiscard]] std::string script(std::string_view text) const {
    std::ofstream(folder / "script.py") << text;
    return (folder / "script.py").string();
  }
  static Ended run(const std::vector<std::string>& arguments, std::string_view input = "",
                   const std::vector<std::string>& environment = {}) {
    Process process(arguments, false, environment);
    process.send(input);
    process.close_input();
    return process.end();
  }
  fs::path folder;
};

TEST_F(ProcessTest, ExitRunsAtexitFlushesAndGivesTheCode) {
  const auto ended = run({"execute", "7",
                          "import atexit, sys\natexit.register(lambda: print('at exit', flush=False))\n"
                          "file = open('" +
                              (folder / "out.txt").string() + "', 'w')\natexit.register(file.close)\nfile.write('kept')"});
  EXPECT_EQ(ended.code, 7);
  EXPECT_THAT(ended.output, HasSubstr("at exit"));
  std::ifstream file(folder / "out.txt");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "kept");
}

TEST_F(ProcessTest, ExitLeavesThoughAScriptIgnoresEverything) {
  const auto started = std::chrono::steady_clock::now();
  const auto ended =
      run({"execute-and-leave", "5",
           "import time\nwhile True:\n    try:\n        time.sleep(60)\n    except BaseException:\n        pass\n"});
  EXPECT_EQ(ended.code, 5);
  EXPECT_LT(std::chrono::steady_clock::now() - started, 10s);
}

TEST_F(ProcessTest, ExitLeavesThoughADaemonThreadAndAnAtexitFunctionHang) {
  const auto ended = run({"execute", "4",
                          "import atexit, threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
                          "atexit.register(time.sleep, 60)"});
  EXPECT_EQ(ended.code, 4);
}

TEST_F(ProcessTest, PythonsOwnEnvironmentVariablesAreIgnored) {
  const auto ended = run({"execute", "0", "import sys\nprint(sys.prefix, '/nowhere' in sys.path)"}, "",
                         {"PYTHONHOME=/nowhere", "PYTHONPATH=/nowhere", "PATH=/nowhere"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.output, HasSubstr("/usr False"));
}

TEST_F(ProcessTest, AMissingPackageIsAnErrorAndNotACrash) {
  const auto ended = run({"start-without-package"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.output, HasSubstr("cannot start Python: ModuleNotFoundError"));
}

TEST_F(ProcessTest, ASecondHostIsAnErrorAndNotACrash) {
  const auto ended = run({"start-twice"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.output, HasSubstr("already started"));
}

TEST_F(ProcessTest, ScriptsGetArgumentsInputAndExitCode) {
  const auto ended = run(
      {"run", script("import sys\nprint(sys.argv[1:], sys.stdin.read().upper(), flush=True)\nsys.exit(9)"), "a", "b"}, "typed");
  EXPECT_EQ(ended.code, 9);
  EXPECT_EQ(ended.output, "['a', 'b'] TYPED\n");
}

TEST_F(ProcessTest, AScriptMayStartProcessesOfItsOwn) {
  const auto ended = run({"run", script("import multiprocessing as mp\ndef f(x): return x * x\nif __name__ == '__main__':\n"
                                        "    with mp.get_context('spawn').Pool(1) as pool: print(pool.map(f, [7]))\n")});
  EXPECT_EQ(ended.output, "[49]\n");
  EXPECT_EQ(ended.code, 0);
}

TEST_F(ProcessTest, ScriptsThatFailOrAreMissingSaySo) {
  auto ended = run({"run", script("1/0")});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.output, HasSubstr("ZeroDivisionError"));
  EXPECT_THAT(ended.output, Not(HasSubstr("_terminal.py")));
  ended = run({"run", (folder / "missing.py").string()});
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.output, HasSubstr("No such file"));
}

TEST_F(ProcessTest, ControlCEndsAScriptWith130) {
  Process process({"run", script("import time\nprint('go')\ntime.sleep(60)")}, false);
  process.wait_for("go");
  process.signal(SIGINT);
  const auto ended = process.end();
  EXPECT_EQ(ended.code, 130);
  EXPECT_THAT(ended.output, HasSubstr("KeyboardInterrupt"));
}

TEST_F(ProcessTest, APipedConsoleRunsItsLines) {
  const auto ended = run({"console"}, "print(6*7)\nimport asyncio\nawait asyncio.sleep(0, 'awaited')\nexit(3)\n");
  EXPECT_EQ(ended.output, "42\n'awaited'\n");
  EXPECT_EQ(ended.code, 3);
}

TEST_F(ProcessTest, AConsoleOnATerminalPromptsCompletesInterruptsAndRemembers) {
  const std::string state = "XDG_STATE_HOME=" + folder.string();
  {
    Process process({"console"}, true, {state, "TERM=dumb"});
    process.wait_for(">>> ");
    process.send("long_variable_name = 5\n");
    process.wait_for(">>> ");
    process.send("print('val', long_varia\t)\n");
    process.wait_for("val 5");
    process.wait_for(">>> ");
    process.send("for i in range(2):\n");
    process.wait_for("... ");
    process.send("    print('row', i)\n");
    process.wait_for("... ");
    process.send("\n");
    process.wait_for("row 1");
    process.wait_for(">>> ");
    process.send("half typed \x03");
    process.wait_for("KeyboardInterrupt");
    process.wait_for(">>> ");
    process.send("import time; print('sleeps'); time.sleep(60)\n");
    process.wait_for("sleeps\r\n");
    process.send("\x03");
    process.wait_for("KeyboardInterrupt");
    process.wait_for(">>> ");
    process.send("import asyncio; print('awaits'); await asyncio.sleep(60)\n");
    process.wait_for("awaits\r\n");
    process.send("\x03");
    process.wait_for("KeyboardInterrupt");
    process.wait_for(">>> ");
    process.send("exit(6)\n");
    EXPECT_EQ(process.end().code, 6);
  }
  std::ifstream file(folder / "conclave/console_history");
  EXPECT_THAT(std::string(std::istreambuf_iterator<char>(file), {}), HasSubstr("long_variable_name = 5"));
  EXPECT_EQ(fs::status(folder / "conclave/console_history").permissions() & fs::perms::group_read, fs::perms::none);
  Process again({"console"}, true, {state, "TERM=dumb"});
  again.wait_for(">>> ");
  again.send("\x04");
  EXPECT_EQ(again.end().code, 0);
}

TEST_F(ProcessTest, ControlCBetweenPromptAndLineEditorIsNotLost) {
  Process process({"console"}, true, {"XDG_STATE_HOME=" + folder.string(), "TERM=dumb"});
  process.wait_for(">>> ");
  process.send("import ctypes; hook = ctypes.c_void_p.in_dll(ctypes.CDLL('libreadline.so.8'), 'rl_pre_input_hook')\n");
  process.wait_for(">>> ");
  process.send("hook.value = ctypes.cast(ctypes.CDLL(None).interrupt_before_input, ctypes.c_void_p).value\n");
  for (int i = 0; i < 3; ++i) {
    process.wait_for(">>> ");
    process.wait_for("KeyboardInterrupt");
  }
  process.wait_for(">>> ");
  process.send("exit(4)\n");
  EXPECT_EQ(process.end().code, 4);
}

TEST_F(ProcessTest, AHailOfControlCLeavesTheConsoleUsable) {
  Process process({"console"}, true, {"XDG_STATE_HOME=" + folder.string(), "TERM=dumb"});
  process.wait_for(">>> ");
  for (int i = 0; i < 300; ++i) {
    process.signal(SIGINT);
    std::this_thread::sleep_for(std::chrono::microseconds(i * 7));
  }
  // The last one may still discard the line it meets.
  bool usable = false;
  for (int i = 0; i < 5 && !usable; ++i) {
    process.send("print('us' + 'able')\n");
    usable = process.sees("usable", 5s);
  }
  EXPECT_TRUE(usable);
  process.send("exit(5)\n");
  EXPECT_EQ(process.end().code, 5);
}

}  // namespace
