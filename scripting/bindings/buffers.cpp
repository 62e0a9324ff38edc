#include "scripting/bindings/buffers.h"

#include <array>
#include <string>

#include "scripting/bindings/binders.h"

namespace conclave::scripting {
namespace {

py::buffer_info export_buffer(const SharedBuffer& buffer) {
  static constexpr std::array<std::byte, 8> nothing{};  // readers may not like a null pointer, even for no items
  const void* data = buffer.items == 0 ? nothing.data() : buffer.data;
  const auto item_size = static_cast<py::ssize_t>(buffer.item_size);
  return {const_cast<void*>(data), item_size, buffer.format, 1, {static_cast<py::ssize_t>(buffer.items)}, {item_size}, true};
}

// struct's prefixes "@" and "=" mean the machine's own byte order, "<" is ours.
bool is_float(std::string_view format, py::ssize_t item_size) {
  if (!format.empty() && std::string_view("@=<").find(format.front()) != std::string_view::npos) format.remove_prefix(1);
  return (format == "f" && item_size == 4) || (format == "d" && item_size == 8);
}

}  // namespace

py::object view_of(SharedBuffer buffer) {
  const py::object exporter = py::cast(std::move(buffer));
  auto view = py::reinterpret_steal<py::object>(PyMemoryView_FromObject(exporter.ptr()));
  if (!view) throw py::error_already_set();
  return view;
}

FloatArray::FloatArray(py::handle value, const char* what) {
  if (PyObject_GetBuffer(value.ptr(), &view_, PyBUF_STRIDED_RO | PyBUF_FORMAT) != 0) {
    if (PyErr_ExceptionMatches(PyExc_TypeError) == 0) throw py::error_already_set();
    PyErr_Clear();
    throw py::type_error(std::string(what) + " must be an array of float32 or float64, not " + Py_TYPE(value.ptr())->tp_name);
  }
  const std::string format = view_.format == nullptr ? "B" : view_.format;
  bool aligned = true;
  for (int i = 0; i < view_.ndim; ++i) aligned = aligned && view_.strides[i] % view_.itemsize == 0;
  if (!is_float(format, view_.itemsize) || !aligned) {
    PyBuffer_Release(&view_);
    throw py::type_error(std::string(what) + " must hold float32 or float64, not items of format '" + format + "'");
  }
}

FloatArray::~FloatArray() { PyBuffer_Release(&view_); }

void FloatArray::require_dimensions(int wanted, const char* what) const {
  if (view_.ndim != wanted) {
    throw py::value_error(std::string(what) + " must have " + std::to_string(wanted) + " dimension" + (wanted == 1 ? "" : "s") +
                          ", not " + std::to_string(view_.ndim));
  }
}

void bind_buffers(py::module_& module) {
  py::class_<SharedBuffer>(module, "SharedBuffer", py::buffer_protocol(), "Engine memory; read-only.")
      .def_buffer(&export_buffer)
      .def("__len__", [](const SharedBuffer& buffer) { return buffer.items; });
}

}  // namespace conclave::scripting
