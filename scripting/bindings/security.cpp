// conclave.security: what is taken out of text before it leaves the machine.
#include "engine/security/redaction.h"

#include <string>

#include "scripting/bindings/binders.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/vault.h"

namespace conclave::scripting {

void bind_security(py::module_& module) {
  bind_vault(module);
  module.def(
      "redact",
      [](py::handle text) {
        const std::string content = to_utf8(text, "text");
        security::Redacted redacted;
        {
          const py::gil_scoped_release release;
          redacted = security::redact(content);
        }
        py::dict counts;
        for (const auto& [rule, count] : redacted.counts) counts[to_str(rule)] = count;
        return py::make_tuple(to_str(redacted.text), counts);
      },
      py::arg("text"), "(redacted text, replacements by rule name)");
  module.def(
      "redaction_rules",
      [] {
        py::list rules;
        for (const auto& rule : security::redaction_rules()) {
          rules.append(py::make_tuple(to_str(rule.name), to_str(rule.pattern), to_str(rule.replacement)));
        }
        return rules;
      },
      "(name, pattern, replacement) of each rule, in the order of application.");
}

}  // namespace conclave::scripting
