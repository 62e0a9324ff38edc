// conclave._core: the engine, importable into any Python 3.11 and loaded by the program itself.
#include "scripting/bindings/binders.h"

PYBIND11_MODULE(_core, module) {
  namespace scripting = conclave::scripting;
  module.doc() = "The Conclave engine. Use the package `conclave`; this module holds what it is made of.";
  module.attr("__version__") = CONCLAVE_VERSION;
  scripting::bind_errors(module);
  scripting::bind_job(module);
  scripting::bind_deadline(module);
  scripting::bind_evidence(module);
  scripting::bind_response(module);
}
