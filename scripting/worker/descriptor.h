// A file descriptor with one owner.
#pragma once

#include <unistd.h>

#include <utility>

namespace conclave::scripting {

class Descriptor {
 public:
  explicit Descriptor(int file = -1) noexcept : file_(file) {}
  Descriptor(Descriptor&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) reset(std::exchange(other.file_, -1));
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }

  [[nodiscard]] int get() const noexcept { return file_; }
  [[nodiscard]] explicit operator bool() const noexcept { return file_ >= 0; }
  // Whoever takes it owns it from here.
  int release() noexcept { return std::exchange(file_, -1); }
  void reset(int file = -1) noexcept {
    if (file_ >= 0) ::close(file_);
    file_ = file;
  }

 private:
  int file_;
};

}  // namespace conclave::scripting
