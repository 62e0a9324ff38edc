// The tests of a plugin: pytest in a process of its own.
#pragma once

#include <filesystem>

#include "engine/base/error.h"

namespace conclave::scripting {

enum class TestsEnded { passed, failed, interrupted, none };  // none: there are no tests in the folder

// Runs every test in `folder` with this program's Python, the package conclave importable and no display, and shows what pytest
// says on the standard streams. The tests run with all rights of the user. They import the packages of `environment` (a folder of
// environments.h, or empty) before those of the system. Blocks; Ctrl-C at the terminal ends pytest and not the caller. Kind
// unsupported if there is no pytest.
[[nodiscard]] Result<TestsEnded> run_plugin_tests(const std::filesystem::path& python_package,
                                                  const std::filesystem::path& folder, const std::filesystem::path& environment);

}  // namespace conclave::scripting
