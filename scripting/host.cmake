# The host: the interpreter on its thread, and what runs there.
target_sources(conclave_scripting PRIVATE
  script_host.cpp
  script_thread.cpp
  interpreter.cpp
  watch.cpp
  line_input.cpp
  stack_dump.cpp
  stack_text.cpp
  python_expert.cpp
  failures.cpp
  hooks.cpp
  probes.cpp
  plugin_call.cpp
  new_plugin.cpp
  plugin_tests.cpp
  circle.cpp)
cmake_path(GET Python3_EXECUTABLE PARENT_PATH CONCLAVE_PYTHON_BIN)
cmake_path(GET CONCLAVE_PYTHON_BIN PARENT_PATH CONCLAVE_PYTHON_PREFIX)
target_compile_definitions(conclave_scripting PRIVATE
  CONCLAVE_PYTHON="${Python3_EXECUTABLE}" CONCLAVE_PYTHON_PREFIX="${CONCLAVE_PYTHON_PREFIX}"
  $<$<CONFIG:Debug>:PYBIND11_ASSERT_GIL_HELD_INCREF_DECREF>)
