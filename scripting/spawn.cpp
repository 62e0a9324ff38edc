#include "scripting/spawn.h"

#include <fcntl.h>
#include <spawn.h>

#include <csignal>

#include "scripting/worker/pointers.h"

namespace conclave::scripting {

Descriptor out_of_the_way(Descriptor file) { return Descriptor(::fcntl(file.get(), F_DUPFD_CLOEXEC, 10)); }

Result<pid_t> spawn(std::vector<std::string> arguments, std::vector<std::string> variables, std::span<const int> files) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (std::size_t number = 0; number < files.size(); ++number) {
    posix_spawn_file_actions_adddup2(&actions, files[number], static_cast<int>(number));
  }
  posix_spawn_file_actions_addclosefrom_np(&actions, static_cast<int>(files.size()));
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  pid_t process = -1;
  const int error = ::posix_spawn(&process, arguments[0].c_str(), &actions, &attributes, pointers(arguments).data(),
                                  pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return fail_io("cannot start", arguments[0], error);
  return process;
}

}  // namespace conclave::scripting
