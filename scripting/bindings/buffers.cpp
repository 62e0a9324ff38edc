// The exporter is written by hand: memoryviews of results are made on paths where pybind11's buffer protocol would cost more than
// the work.
#include "scripting/bindings/buffers.h"

#include <array>
#include <new>
#include <string>
#include <string_view>

#include "scripting/bindings/binders.h"

namespace conclave::scripting {
namespace {

struct Exporter {
  PyObject_HEAD SharedBuffer buffer;
  std::array<Py_ssize_t, 2> shape;
  std::array<Py_ssize_t, 2> strides;
};

PyTypeObject* exporter_type = nullptr;  // lives as long as the process, like the module

SharedBuffer& buffer_of(PyObject* self) { return reinterpret_cast<Exporter*>(self)->buffer; }

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  static constexpr std::array<std::byte, 8> nothing{};  // readers may not like a null pointer, even for no items
  auto* const exporter = reinterpret_cast<Exporter*>(self);
  const SharedBuffer& buffer = exporter->buffer;
  const bool two = buffer.columns >= 0;
  const bool wants_columns_first =
      (flags & PyBUF_ANY_CONTIGUOUS) != PyBUF_ANY_CONTIGUOUS && (flags & PyBUF_F_CONTIGUOUS) == PyBUF_F_CONTIGUOUS;
  if ((flags & PyBUF_WRITABLE) != 0 || (two && wants_columns_first)) {
    PyErr_SetString(PyExc_BufferError, two && wants_columns_first ? "results have their rows first" : "results are read-only");
    view->obj = nullptr;
    return -1;
  }
  *view = {};
  view->obj = Py_NewRef(self);
  view->len = exporter->shape[0] * (two ? exporter->shape[1] : 1) * static_cast<Py_ssize_t>(buffer.item_size);
  view->buf = const_cast<void*>(view->len == 0 ? static_cast<const void*>(nothing.data()) : buffer.data);
  view->itemsize = static_cast<Py_ssize_t>(buffer.item_size);
  view->readonly = 1;
  view->ndim = two ? 2 : 1;
  if ((flags & PyBUF_FORMAT) != 0) view->format = const_cast<char*>(buffer.format);
  if ((flags & PyBUF_ND) != 0) view->shape = exporter->shape.data();
  if ((flags & PyBUF_STRIDES) == PyBUF_STRIDES) view->strides = exporter->strides.data();
  return 0;
}

void destroy(PyObject* self) {
  buffer_of(self).~SharedBuffer();
  PyTypeObject* const type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

Py_ssize_t length(PyObject* self) { return static_cast<Py_ssize_t>(buffer_of(self).items); }

// struct's prefixes "@" and "=" mean the machine's own byte order, "<" is ours.
bool is_float(std::string_view format, Py_ssize_t item_size) {
  if (!format.empty() && (format.front() == '@' || format.front() == '=' || format.front() == '<')) format.remove_prefix(1);
  return (format == "f" && item_size == 4) || (format == "d" && item_size == 8);
}

bool is_aligned(const Py_buffer& view) {
  if (view.len == 0) return true;
  bool aligned = reinterpret_cast<std::uintptr_t>(view.buf) % static_cast<std::size_t>(view.itemsize) == 0;
  for (int i = 0; i < view.ndim; ++i) aligned = aligned && view.strides[i] % view.itemsize == 0;
  return aligned;
}

}  // namespace

py::object view_of(SharedBuffer buffer) {
  auto exporter = py::reinterpret_steal<py::object>(exporter_type->tp_alloc(exporter_type, 0));
  if (!exporter) throw py::error_already_set();
  auto& made = *reinterpret_cast<Exporter*>(exporter.ptr());
  const auto item_size = static_cast<Py_ssize_t>(buffer.item_size);
  made.shape = {static_cast<Py_ssize_t>(buffer.items), static_cast<Py_ssize_t>(buffer.columns)};
  made.strides = {buffer.columns < 0 ? item_size : buffer.columns * item_size, item_size};
  new (&made.buffer) SharedBuffer(std::move(buffer));
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
  const char* const format = view_.format == nullptr ? "B" : view_.format;
  if (is_float(format, view_.itemsize) && is_aligned(view_)) return;
  const std::string problem = is_float(format, view_.itemsize)
                                  ? std::string(" must be aligned in memory; copy it first")
                                  : " must hold float32 or float64, not items of format '" + std::string(format) + "'";
  PyBuffer_Release(&view_);
  throw py::type_error(what + problem);
}

FloatArray::FloatArray(py::handle value, const char* what, int dimensions) : FloatArray(value, what) {
  if (view_.ndim != dimensions) {  // the delegated constructor is done, so that the destructor releases the view
    throw py::value_error(std::string(what) + " must have " + std::to_string(dimensions) + " dimension" +
                          (dimensions == 1 ? "" : "s") + ", not " + std::to_string(view_.ndim));
  }
}

FloatArray::~FloatArray() { PyBuffer_Release(&view_); }

void require_same_type(const FloatArray& a, const FloatArray& b) {
  if (a.is_double() != b.is_double()) throw py::type_error("both arrays must be float32, or both float64");
}

void bind_buffers(py::module_& module) {
  static PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>("Engine memory; read-only.")},
      {Py_tp_dealloc, reinterpret_cast<void*>(&destroy)},
      {Py_sq_length, reinterpret_cast<void*>(&length)},
      {Py_bf_getbuffer, reinterpret_cast<void*>(&get_buffer)},
      {0, nullptr},
  };
  static PyType_Spec spec = {"conclave._core.SharedBuffer", sizeof(Exporter), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, slots};
  const auto type = py::reinterpret_steal<py::object>(PyType_FromSpec(&spec));
  if (!type) throw py::error_already_set();
  exporter_type = reinterpret_cast<PyTypeObject*>(type.ptr());
  module.attr("SharedBuffer") = type;
}

}  // namespace conclave::scripting
