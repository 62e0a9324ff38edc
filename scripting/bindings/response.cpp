// Claim, Citation, ResponseError: what an expert's response is made of. ExpertResponse itself: expert_response.cpp.
#include "engine/consensus/response.h"

#include <functional>
#include <memory>
#include <string>
#include <tuple>

#include "scripting/bindings/binders.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/response_cast.h"

namespace conclave::scripting {
namespace {

using consensus::Citation;
using consensus::Claim;
using consensus::ResponseError;

py::object not_implemented() { return py::reinterpret_borrow<py::object>(Py_NotImplemented); }

template <class T>
py::object equal(const T& self, const py::object& other) {
  if (!py::isinstance<T>(other)) return not_implemented();
  return py::bool_(self == py::cast<const T&>(other));
}

// By kind, place, and then what the engine made of it, so that what compares equal is neither before nor after.
template <class Compare>
py::object ordered(const Citation& self, const py::object& other, Compare compare) {
  if (!py::isinstance<Citation>(other)) return not_implemented();
  const auto key = [](const Citation& citation) {
    return std::tie(citation.kind, citation.source, citation.line, citation.id, citation.verified, citation.excerpt);
  };
  return py::bool_(compare(key(self), key(py::cast<const Citation&>(other))));
}

Citation citation(const char* kind, py::handle source, std::uint64_t line, py::handle id) {
  Citation made;
  made.kind = kind;
  made.source = PyUnicode_Check(source.ptr()) ? to_utf8(source, "source") : to_path(source, "source").string();
  made.line = line;
  made.id = to_utf8(id, "id");
  return made;
}

py::tuple citation_state(const Citation& self) {
  return py::make_tuple(to_str(self.kind), to_str(self.source), self.line, to_str(self.id),
                        self.verified ? py::object(py::bool_(*self.verified)) : py::none(), to_str(self.excerpt));
}

Citation citation_from_state(const py::tuple& state) {
  Citation made = citation(to_utf8(state[0], "kind").c_str(), state[1], py::cast<std::uint64_t>(state[2]), state[3]);
  if (!state[4].is_none()) made.verified = py::cast<bool>(state[4]);
  made.excerpt = to_utf8(state[5], "excerpt");
  return made;
}

void bind_citation(py::module_& module) {
  py::class_<Citation>(module, "Citation",
                       "Where a claim rests: a line of a log, a template, a service or a line of a configuration.")
      .def(py::init([](py::handle kind, py::handle source, std::uint64_t line, py::handle id) {
             return citation(to_utf8(kind, "kind").c_str(), source, line, id);
           }),
           py::arg("kind"), py::arg("source") = "", py::arg("line") = 0, py::arg("id") = "")
      .def_static(
          "log", [](py::handle source, std::uint64_t line) { return citation("log", source, line, py::str("")); },
          py::arg("source"), py::arg("line"), "A line (1-based) of a log, by its path as the evidence names it.")
      .def_static(
          "template", [](py::handle source, py::handle id) { return citation("template", source, 0, id); }, py::arg("source"),
          py::arg("id"), "A template of a log, by its id.")
      .def_static(
          "service", [](py::handle name) { return citation("service", name, 0, py::str("")); }, py::arg("name"))
      .def_static(
          "config", [](py::handle file, std::uint64_t line) { return citation("config", file, line, py::str("")); },
          py::arg("file"), py::arg("line"), "A line (1-based) of a configuration file.")
      .def_property_readonly("kind", [](const Citation& self) { return to_str(self.kind); })
      .def_property_readonly("source", [](const Citation& self) { return to_str(self.source); })
      .def_readonly("line", &Citation::line, "1-based; 0 if cited by id.")
      .def_property_readonly("id", [](const Citation& self) { return to_str(self.id); })
      .def_property_readonly(
          "verified", [](const Citation& self) { return self.verified ? py::object(py::bool_(*self.verified)) : py::none(); },
          "Whether the engine found it; None before it looked.")
      .def_property_readonly(
          "excerpt", [](const Citation& self) { return to_str(self.excerpt); }, "The cited text, set by the engine.")
      .def("__eq__", &equal<Citation>)
      .def("__lt__", [](const Citation& self, const py::object& other) { return ordered(self, other, std::less<>()); })
      .def("__le__", [](const Citation& self, const py::object& other) { return ordered(self, other, std::less_equal<>()); })
      .def("__gt__", [](const Citation& self, const py::object& other) { return ordered(self, other, std::greater<>()); })
      .def("__ge__", [](const Citation& self, const py::object& other) { return ordered(self, other, std::greater_equal<>()); })
      .def("__hash__", [](const Citation& self) { return py::hash(citation_state(self)); })
      .def("__copy__", [](const Citation& self) { return self; })
      .def(
          "__deepcopy__", [](const Citation& self, const py::dict&) { return self; }, py::arg("memo"))
      .def("__repr__",
           [](const Citation& self) {
             return py::str("Citation(kind={!r}, source={!r}, line={}, id={!r})")
                 .format(to_str(self.kind), to_str(self.source), self.line, to_str(self.id));
           })
      .def(py::pickle(&citation_state, &citation_from_state));
  module.attr("Citation").attr("__match_args__") = py::make_tuple("kind", "source", "line", "id");
}

py::tuple claim_state(const Claim& self) {
  return py::make_tuple(to_str(self.text), to_str(consensus::stance_name(self.stance)), self.severity, to_tuple(self.evidence));
}

Claim make_claim(py::handle text, py::handle stance, py::handle severity, py::handle evidence) {
  Claim claim;
  claim.text = to_utf8(text, "text");
  claim.stance = to_stance(stance);
  claim.severity = to_number(severity, "severity");
  claim.evidence = to_citations(evidence);
  return claim;
}

void bind_claim(py::module_& module) {
  py::class_<Claim>(module, "Claim", "One statement of an expert and where it rests. The engine resolves every citation again.")
      .def(
          py::init(&make_claim), py::arg("text"), py::arg("stance") = "supports", py::arg("severity") = 0.5,
          py::arg("evidence") = py::tuple(),
          "stance: supports, contradicts or neutral towards the expert's own verdict; severity: 0 harmless to 1 fatal; evidence: "
          "Citations or mappings.")
      .def_property_readonly("text", [](const Claim& self) { return to_str(self.text); })
      .def_property_readonly("stance", [](const Claim& self) { return to_str(consensus::stance_name(self.stance)); })
      .def_readonly("severity", &Claim::severity)
      .def_property_readonly("evidence", [](const Claim& self) { return to_tuple(self.evidence); })
      .def_property_readonly("verified", &Claim::verified, "At least one citation, and all of them found by the engine.")
      .def("__eq__", &equal<Claim>)
      .def("__hash__", [](const Claim& self) { return py::hash(claim_state(self)); })
      .def("__copy__", [](const Claim& self) { return self; })
      .def(
          "__deepcopy__", [](const Claim& self, const py::dict&) { return self; }, py::arg("memo"))
      .def("__repr__",
           [](const Claim& self) {
             return py::str("Claim({!r}, stance={!r}, severity={}, evidence={!r})")
                 .format(to_str(self.text), to_str(consensus::stance_name(self.stance)), self.severity, to_tuple(self.evidence));
           })
      .def(py::pickle(&claim_state, [](const py::tuple& state) { return make_claim(state[0], state[1], state[2], state[3]); }));
  module.attr("Claim").attr("__match_args__") = py::make_tuple("text", "stance", "severity", "evidence");

  py::class_<ResponseError>(module, "ResponseError", "Why a response failed.")
      .def(py::init([](py::handle type, py::handle message, py::handle traceback) {
             return ResponseError{to_utf8(type, "type"), to_utf8(message, "message"), to_utf8(traceback, "traceback")};
           }),
           py::arg("type"), py::arg("message") = "", py::arg("traceback") = "")
      .def_property_readonly("type", [](const ResponseError& self) { return to_str(self.type); })
      .def_property_readonly("message", [](const ResponseError& self) { return to_str(self.message); })
      .def_property_readonly("traceback", [](const ResponseError& self) { return to_str(self.traceback); })
      .def("__eq__", &equal<ResponseError>)
      .def("__hash__", [](const ResponseError& self) { return py::hash(py::make_tuple(self.type, to_str(self.message))); })
      .def("__copy__", [](const ResponseError& self) { return self; })
      .def(
          "__deepcopy__", [](const ResponseError& self, const py::dict&) { return self; }, py::arg("memo"))
      .def("__repr__",
           [](const ResponseError& self) {
             return py::str("ResponseError(type={!r}, message={!r})").format(to_str(self.type), to_str(self.message));
           })
      .def(py::pickle(
          [](const ResponseError& self) {
            return py::make_tuple(to_str(self.type), to_str(self.message), to_str(self.traceback));
          },
          [](const py::tuple& state) {
            return ResponseError{to_utf8(state[0], "type"), to_utf8(state[1], "message"), to_utf8(state[2], "traceback")};
          }));
  module.attr("ResponseError").attr("__match_args__") = py::make_tuple("type", "message", "traceback");
}

}  // namespace

void bind_response(py::module_& module) {
  bind_citation(module);
  bind_claim(module);
  bind_expert_response(module);
}

}  // namespace conclave::scripting
