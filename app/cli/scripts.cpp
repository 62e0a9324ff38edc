#include "app/cli/scripts.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "app/cli/program.h"

namespace conclave::cli {

Result<std::unique_ptr<scripting::ScriptHost>> start_scripts(scripting::OutputSink sink) {
  return scripting::ScriptHost::start(scripting::HostPaths::of_this_program(), std::move(sink));
}

void leave(scripting::ScriptHost& host, int code) {
  host.exit(code);
  std::_Exit(code);  // not reached, which the compiler cannot know of a virtual function
}

scripting::OutputSink pass_through() {
  return [](scripting::Stream stream, std::string_view text, std::string_view /*origin*/) {
    const int descriptor = stream == scripting::Stream::out ? STDOUT_FILENO : STDERR_FILENO;
    while (!text.empty()) {
      const ssize_t written = ::write(descriptor, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return;  // the reader went away; the script finds out no differently than from Python
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  };
}

scripting::OutputSink remarks_of_experts(Program& program) {
  return [&program](scripting::Stream /*stream*/, std::string_view text, std::string_view origin) {
    if (program.settings.verbosity == 0) return;
    while (text.ends_with('\n')) text.remove_suffix(1);
    if (!text.empty()) program.screen.say("[" + std::string(origin) + "] " + std::string(text));
  };
}

}  // namespace conclave::cli
