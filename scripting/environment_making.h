// The child process that fills an environment: conclave/_environment.py, which runs pip.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"

namespace conclave::scripting {

struct EnvironmentOrder {
  std::string who;  // the plugin, for progress
  std::filesystem::path python;
  std::filesystem::path package_folder;  // holds conclave/_environment.py and conclave/constraints.txt
  std::filesystem::path folder;          // where to make it, with requirements.txt or requirements.lock in it
  std::filesystem::path final_folder;    // what it will be called
  std::filesystem::path log;             // is made anew
};

struct MadeEnvironment {
  std::vector<std::string> packages;  // "numpy 1.26.4"
  std::vector<std::string> folders;   // of their metadata, relative
};

// Waits for it; a stopped job ends it and everything it started. The child gets none of the program's variables but those that
// say how to reach package indexes. It ends when the calling thread or the program does. Kind circle with a reason for the user.
[[nodiscard]] Result<MadeEnvironment> fill_environment(const EnvironmentOrder& order, Job& job);

}  // namespace conclave::scripting
