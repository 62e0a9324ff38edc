// conclave._core: the engine, importable into any Python 3.11 and loaded by the program itself.
#include "scripting/bindings/binders.h"

PYBIND11_MODULE(_core, module) {
  namespace scripting = conclave::scripting;
  module.doc() = "The Conclave engine. Use the package `conclave`; this module holds what it is made of.";
  module.attr("__version__") = CONCLAVE_VERSION;
  scripting::bind_errors(module);
  scripting::bind_job(module);
  scripting::bind_operations(module);
  scripting::bind_deadline(module);
  scripting::bind_buffers(module);
  scripting::bind_evidence(module);
  scripting::bind_response(module);
  scripting::bind_config(module);
  scripting::bind_logs(module);
  scripting::bind_log_follow(module);
  scripting::bind_scan(module);
  scripting::bind_consensus(module);
  scripting::bind_aggregation(module);
  scripting::bind_hot(module);
  scripting::bind_vectors(module);
  scripting::bind_security(module);
  scripting::bind_store(module);
  scripting::bind_plugins(module);
  scripting::bind_case(module);
  scripting::bind_report(module);
  scripting::bind_worker(module);
  scripting::bind_hooks(module);
  scripting::bind_probes(module);
  scripting::bind_failures(module);
}
