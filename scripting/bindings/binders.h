// One binder per engine room; module.cpp calls them in the order that lets each mention the types of those before.
#pragma once

#include <pybind11/pybind11.h>

namespace conclave::scripting {

void bind_errors(pybind11::module_& module);
void bind_job(pybind11::module_& module);
void bind_operations(pybind11::module_& module);
void bind_deadline(pybind11::module_& module);
void bind_buffers(pybind11::module_& module);
void bind_evidence(pybind11::module_& module);
void bind_response(pybind11::module_& module);
void bind_expert_response(pybind11::module_& module);
void bind_config(pybind11::module_& module);
void bind_logs(pybind11::module_& module);
void bind_log_follow(pybind11::module_& module);
void bind_scan(pybind11::module_& module);
void bind_consensus(pybind11::module_& module);
void bind_aggregation(pybind11::module_& module);
void bind_hot(pybind11::module_& module);
void bind_vectors(pybind11::module_& module);
void bind_security(pybind11::module_& module);
void bind_store(pybind11::module_& module);
void bind_plugins(pybind11::module_& module);
void bind_worker(pybind11::module_& module);
void bind_probes(pybind11::module_& module);
void bind_case(pybind11::module_& module);
void bind_report(pybind11::module_& module);
void bind_hooks(pybind11::module_& module);
void bind_failures(pybind11::module_& module);

}  // namespace conclave::scripting
