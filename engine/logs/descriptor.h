// An open file that is closed with its owner. Internal to the room.
#pragma once

#include <unistd.h>

#include <utility>

namespace conclave::logs {

class Descriptor {
 public:
  explicit Descriptor(int file = -1) : file_(file) {}
  Descriptor(Descriptor&& other) noexcept : file_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~Descriptor() { close(); }
  [[nodiscard]] int get() const { return file_; }
  [[nodiscard]] bool open() const { return file_ >= 0; }
  void close() {
    if (file_ >= 0) ::close(release());
  }
  [[nodiscard]] int release() { return std::exchange(file_, -1); }

 private:
  int file_;
};

}  // namespace conclave::logs
