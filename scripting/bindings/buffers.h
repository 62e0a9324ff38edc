// Memory across the border without a copy: engine memory out as read-only memoryviews, arrays of numbers in. Needs the GIL.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/vectors/similarity.h"

namespace conclave::scripting {

namespace py = pybind11;

// One-dimensional engine memory, kept alive by `owner`.
struct SharedBuffer {
  std::shared_ptr<const void> owner;
  const void* data = nullptr;
  std::size_t items = 0;
  std::size_t item_size = 1;
  const char* format = "B";  // as in Python's struct module
};

// A read-only memoryview that keeps the memory alive.
[[nodiscard]] py::object view_of(SharedBuffer buffer);

template <class T>
struct BufferFormat;
template <>
struct BufferFormat<double> {
  static constexpr const char* name = "d";
};
template <>
struct BufferFormat<std::uint32_t> {
  static constexpr const char* name = "I";
};

template <class T>
[[nodiscard]] py::object view_of(std::vector<T> values) {
  auto owner = std::make_shared<const std::vector<T>>(std::move(values));
  const T* data = owner->data();
  const std::size_t size = owner->size();
  return view_of(SharedBuffer{std::move(owner), data, size, sizeof(T), BufferFormat<T>::name});
}

// An array of float32 or float64 that a caller passed in, pinned while this lives. Strided layouts are taken as they are; another
// type of element is a TypeError, another number of dimensions a ValueError.
class FloatArray {
 public:
  FloatArray(py::handle value, const char* what);
  FloatArray(const FloatArray&) = delete;
  FloatArray& operator=(const FloatArray&) = delete;
  ~FloatArray();

  [[nodiscard]] int dimensions() const { return view_.ndim; }
  [[nodiscard]] bool is_double() const { return view_.itemsize == 8; }
  void require_dimensions(int wanted, const char* what) const;

  template <class T>
  [[nodiscard]] vectors::VectorView<T> vector() const {
    return {static_cast<const T*>(view_.buf), static_cast<std::size_t>(view_.shape[0]), stride<T>(0)};
  }
  template <class T>
  [[nodiscard]] vectors::MatrixView<T> matrix() const {
    return {static_cast<const T*>(view_.buf), static_cast<std::size_t>(view_.shape[0]), static_cast<std::size_t>(view_.shape[1]),
            stride<T>(0), stride<T>(1)};
  }

 private:
  template <class T>
  [[nodiscard]] std::ptrdiff_t stride(int dimension) const {
    return view_.strides[dimension] / static_cast<std::ptrdiff_t>(sizeof(T));
  }
  Py_buffer view_{};
};

}  // namespace conclave::scripting
