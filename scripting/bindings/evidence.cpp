// conclave._core.Evidence: the blob as Python sees it. Columns are exported without a copy; each exported column keeps the blob
// alive.
#include "engine/case/evidence.h"

#include <fcntl.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>

#include "engine/case/facts.h"
#include "engine/case/past.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/buffers.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/evidence_cast.h"

namespace conclave::scripting {
namespace {

py::object view_of_column(const EvidencePtr& evidence, const ColumnInfo& column) {
  const bool bytes = column.type == ColumnType::u8;
  const char* format = column.type == ColumnType::i64 ? "q" : column.type == ColumnType::f64 ? "d" : "B";
  return view_of(SharedBuffer{evidence, column.data.data(), column.rows, bytes ? std::size_t{1} : std::size_t{8}, format});
}

const ColumnInfo& column_of(const Evidence& evidence, std::string_view name) {
  for (const ColumnInfo& column : evidence.columns()) {
    if (column.name == name) return column;
  }
  throw py::key_error("evidence has no column '" + std::string(name) + "'");
}

const char* type_name(ColumnType type) {
  switch (type) {
    case ColumnType::i64:
      return "int64";
    case ColumnType::f64:
      return "float64";
    case ColumnType::u8:
      return "uint8";
    case ColumnType::text:
      return "text";
  }
  return "unknown";
}

py::object column(const std::shared_ptr<Evidence>& evidence, const std::string& name) {
  const ColumnInfo& info = column_of(*evidence, name);
  if (info.type == ColumnType::text) throw py::type_error("column '" + name + "' is text; use text() or texts()");
  return view_of_column(evidence, info);
}

const ColumnInfo& text_column(const Evidence& evidence, const std::string& name) {
  const ColumnInfo& info = column_of(evidence, name);
  if (info.type != ColumnType::text) throw py::type_error("column '" + name + "' holds " + type_name(info.type) + ", not text");
  return info;
}

py::str text(const Evidence& evidence, const std::string& name, py::ssize_t row) {
  const auto rows = static_cast<py::ssize_t>(text_column(evidence, name).rows);
  if (row < 0 || row >= rows) throw py::index_error("column '" + name + "' has " + std::to_string(rows) + " rows");
  return to_str(evidence.text(name, static_cast<std::size_t>(row)));
}

py::list texts(const Evidence& evidence, const std::string& name) {
  const std::size_t rows = text_column(evidence, name).rows;
  py::list list(rows);
  for (std::size_t row = 0; row < rows; ++row) list[row] = to_str(evidence.text(name, row));
  return list;
}

py::dict columns(const Evidence& evidence) {
  py::dict dict;
  for (const ColumnInfo& info : evidence.columns()) dict[to_str(info.name)] = py::make_tuple(type_name(info.type), info.rows);
  return dict;
}

std::shared_ptr<Evidence> from_bytes(const py::buffer& buffer) {
  const py::buffer_info info = buffer.request();
  if (info.ndim != 1 || (info.size > 1 && info.strides[0] != info.itemsize)) throw py::type_error("expected contiguous bytes");
  const auto* data = static_cast<const std::byte*>(info.ptr);
  Result<EvidencePtr> evidence;
  {
    const py::gil_scoped_release release;
    evidence = Evidence::from_bytes({data, static_cast<std::size_t>(info.size * info.itemsize)});
  }
  return std::const_pointer_cast<Evidence>(value_or_raise(std::move(evidence)));
}

std::shared_ptr<Evidence> from_descriptor(int descriptor) {
  const int own = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (own < 0) raise(fail_io("cannot use descriptor " + std::to_string(descriptor), "", errno).value());
  return std::const_pointer_cast<Evidence>(value_or_raise(Evidence::from_descriptor(own)));
}

py::bytes blob_bytes(const Evidence& evidence) {
  return {reinterpret_cast<const char*>(evidence.blob().data()), evidence.blob().size()};
}

std::shared_ptr<Evidence> add_facts(const Evidence& before, const py::iterable& facts) {
  std::vector<Fact> rows;
  for (const py::handle item : facts) {
    const auto fact = py::cast<py::tuple>(item);
    if (fact.size() != 3) throw py::value_error("a fact is (name, JSON text, hook)");
    rows.push_back({to_utf8(fact[0], "name"), to_utf8(fact[1], "JSON text"), to_utf8(fact[2], "hook")});
  }
  return std::const_pointer_cast<Evidence>(value_or_raise(with_facts(before, rows)));
}

// The last report on the same case, as JSON text, for experts that compare.
std::shared_ptr<Evidence> add_previous(const Evidence& before, py::handle report_json) {
  return std::const_pointer_cast<Evidence>(value_or_raise(with_previous(before, to_utf8(report_json, "report_json"))));
}

}  // namespace

void bind_evidence(py::module_& module) {
  py::class_<Evidence, std::shared_ptr<Evidence>>(
      module, "Evidence", "What the engine found, as flat immutable columns (see conclave.Evidence for the friendly view).")
      .def_static("from_bytes", &from_bytes, py::arg("blob"), "Copies a blob; SerializationError if it is damaged.")
      .def_static("from_descriptor", &from_descriptor, py::arg("descriptor"),
                  "Maps the sealed memfd without a copy. The descriptor stays the caller's.")
      .def(
          "blob",
          [](const std::shared_ptr<Evidence>& self) {
            return view_of(SharedBuffer{self, self->blob().data(), self->blob().size(), 1, "B"});
          },
          "The whole blob as a read-only memoryview of bytes; no copy.")
      .def("fileno", &Evidence::descriptor, "Descriptor of the sealed memory, to hand to another process; -1 if there is none.")
      .def("columns", &columns, "name -> (type, rows); types are int64, float64, uint8 and text.")
      .def(
          "rows", [](const Evidence& self, const std::string& name) { return self.rows(name); }, py::arg("name"),
          "Rows of a column; 0 if there is none.")
      .def("column", &column, py::arg("name"), "A numeric column as a read-only memoryview; no copy.")
      .def("text", &text, py::arg("name"), py::arg("row"), "One row (0-based) of a text column.")
      .def("texts", &texts, py::arg("name"), "A text column as a list of str.")
      .def("with_facts", &add_facts, py::arg("facts"), "New evidence with (name, JSON text, hook) rows added.")
      .def("with_previous", &add_previous, py::arg("report_json"), "New evidence that also holds the last report, as JSON text.")
      .def("__len__", [](const Evidence& self) { return self.columns().size(); })
      .def("__eq__",
           [](const Evidence& self, const py::object& other) -> py::object {
             if (!py::isinstance<Evidence>(other)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
             const auto theirs = py::cast<Evidence&>(other).blob();
             return py::bool_(std::equal(self.blob().begin(), self.blob().end(), theirs.begin(), theirs.end()));
           })
      .def("__hash__", [](const Evidence& self) { return py::hash(blob_bytes(self)); })
      .def("__copy__", [](const std::shared_ptr<Evidence>& self) { return self; })
      .def(
          "__deepcopy__", [](const std::shared_ptr<Evidence>& self, const py::dict&) { return self; }, py::arg("memo"))
      .def("__repr__",
           [](const Evidence& self) {
             return py::str("<conclave._core.Evidence {} columns, {} bytes>").format(self.columns().size(), self.blob().size());
           })
      .def(py::pickle([](const Evidence& self) { return py::make_tuple(blob_bytes(self)); },
                      [](const py::tuple& state) { return from_bytes(py::buffer(state[0])); }));
}

}  // namespace conclave::scripting
