// The smallest program with a host, started by process_test.cpp.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <future>
#include <string>

#include "scripting/script_host.h"

// A test gives it to readline as what to call between the prompt and waiting for input: Ctrl-C in that very moment, three times.
extern "C" int interrupt_before_input() {
  static int left = 3;
  if (left-- > 0) (void)::raise(SIGINT);
  return 0;
}

int main(int argc, char** argv) {
  using namespace conclave::scripting;
  const std::string what = argc > 1 ? argv[1] : "";
  HostPaths paths = HostPaths::of_this_program();
  if (what == "start-without-package") paths.python_package = "/nowhere";
  const auto sink = [](Stream stream, std::string_view text, std::string_view) {
    while (!text.empty()) {
      const ssize_t count = ::write(stream == Stream::out ? 1 : 2, text.data(), text.size());
      if (count <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  };
  auto host = ScriptHost::start(paths, sink);
  if (host && what == "start-twice") {
    auto second = ScriptHost::start(paths, sink);
    if (!second) std::fprintf(stderr, "%s\n", second.error().text().c_str());
    (*host)->exit(second ? 0 : 1);
  }
  if (!host) {
    std::fprintf(stderr, "%s\n", host.error().text().c_str());
    return 1;
  }
  if (what == "console") (*host)->exit((*host)->run_terminal_console({}));
  if (what == "run") (*host)->exit((*host)->run_script(argv[2], {argv + 3, argv + argc}, std::nullopt));
  std::promise<void> done;
  (*host)->execute(argv[3], [&done](ConsoleReply) { done.set_value(); });
  if (what == "execute") done.get_future().wait();
  if (what == "execute-and-leave") ::usleep(300'000);
  (*host)->exit(std::stoi(argv[2]));
}
