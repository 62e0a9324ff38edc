#include "app/cli/scripts.h"

#include <unistd.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>

#include "app/cli/program.h"

namespace conclave::cli {

Result<std::unique_ptr<scripting::ScriptHost>> start_scripts(scripting::OutputSink sink) {
  return scripting::ScriptHost::start(scripting::HostPaths::of_this_program(), std::move(sink));
}

void leave(scripting::ScriptHost& host, int code) {
  host.exit(code);
  std::_Exit(code);  // not reached, which the compiler cannot know of a virtual function
}

scripting::OutputSink pass_through(Program& program) {
  return [&program, mutex = std::make_shared<std::mutex>()](scripting::Stream stream, std::string_view text,
                                                            std::string_view /*origin*/) {
    const std::lock_guard lock(*mutex);  // threads of a script print, too
    if (stream == scripting::Stream::out) return program.out.write(text);
    (void)write_all(STDERR_FILENO, text);
  };
}

scripting::OutputSink remarks_of_experts(Program& program) {
  // print("a", "b") writes four pieces; a line is said when it is whole. The host ends a plugin's last line.
  struct Lines {
    std::mutex mutex;
    std::map<std::string, std::string, std::less<>> begun;  // by origin
  };
  return [&program, lines = std::make_shared<Lines>()](scripting::Stream /*stream*/, std::string_view text,
                                                       std::string_view origin) {
    if (program.settings.verbosity == 0) return;
    const std::lock_guard lock(lines->mutex);
    std::string& begun = lines->begun[std::string(origin)];
    begun += text;
    const std::size_t end = begun.rfind('\n');
    if (end == std::string::npos) return;
    std::string_view whole(begun.data(), end);
    while (whole.ends_with('\n')) whole.remove_suffix(1);
    if (!whole.empty()) program.screen.say("[" + std::string(origin) + "] " + std::string(whole));
    begun.erase(0, end + 1);
  };
}

}  // namespace conclave::cli
