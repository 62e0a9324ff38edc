// Memory across the border without a copy: engine memory out as read-only memoryviews, arrays of numbers in. Needs the GIL.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "engine/vectors/similarity.h"

namespace conclave::scripting {

namespace py = pybind11;

// Engine memory, kept alive by `owner`: `items` in a row, or rows of `columns` items each.
struct SharedBuffer {
  std::shared_ptr<const void> owner;
  const void* data = nullptr;
  std::size_t items = 0;  // or rows
  std::size_t item_size = 1;
  const char* format = "B";     // as in Python's struct module
  std::ptrdiff_t columns = -1;  // negative: one dimension
};

// A read-only memoryview that keeps the memory alive.
[[nodiscard]] py::object view_of(SharedBuffer buffer);

template <class T>
inline constexpr const char* buffer_format = nullptr;
template <>
inline constexpr const char* buffer_format<float> = "f";
template <>
inline constexpr const char* buffer_format<double> = "d";
template <>
inline constexpr const char* buffer_format<std::uint32_t> = "I";

template <class T>
[[nodiscard]] py::object view_of(std::vector<T> values) {
  auto owner = std::make_shared<const std::vector<T>>(std::move(values));
  const T* data = owner->data();
  const std::size_t size = owner->size();
  return view_of(SharedBuffer{std::move(owner), data, size, sizeof(T), buffer_format<T>});
}

template <class T>
[[nodiscard]] py::object view_of(const vectors::Matrix<T>& matrix) {
  return view_of(SharedBuffer{matrix.data, matrix.data.get(), matrix.rows, sizeof(T), buffer_format<T>,
                              static_cast<std::ptrdiff_t>(matrix.columns)});
}

// An array of float32 or float64 that a caller passed in, pinned while this lives. Strided layouts are taken as they are; another
// type of element is a TypeError, another number of dimensions a ValueError.
class FloatArray {
 public:
  FloatArray(py::handle value, const char* what);
  FloatArray(py::handle value, const char* what, int dimensions);
  FloatArray(const FloatArray&) = delete;
  FloatArray& operator=(const FloatArray&) = delete;
  ~FloatArray();

  [[nodiscard]] int dimensions() const { return view_.ndim; }
  [[nodiscard]] bool is_double() const { return view_.itemsize == 8; }
  [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(view_.len); }

  // One dimension.
  template <class T>
  [[nodiscard]] vectors::VectorView<T> vector() const {
    return {static_cast<const T*>(view_.buf), static_cast<std::size_t>(view_.shape[0]), stride<T>(0)};
  }
  // Two dimensions; a vector is one column.
  template <class T>
  [[nodiscard]] vectors::MatrixView<T> matrix() const {
    const auto rows = static_cast<std::size_t>(view_.shape[0]);
    if (view_.ndim == 1) return {static_cast<const T*>(view_.buf), rows, 1, stride<T>(0), 1};
    return {static_cast<const T*>(view_.buf), rows, static_cast<std::size_t>(view_.shape[1]), stride<T>(0), stride<T>(1)};
  }

 private:
  template <class T>
  [[nodiscard]] std::ptrdiff_t stride(int dimension) const {
    return view_.strides[dimension] / static_cast<std::ptrdiff_t>(sizeof(T));
  }
  Py_buffer view_{};
};

// TypeError if one is float32 and the other float64.
void require_same_type(const FloatArray& a, const FloatArray& b);

}  // namespace conclave::scripting
