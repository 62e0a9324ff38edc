// Memory for keys and passphrases.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/error.h"

namespace conclave::security {

// Bytes on pages of their own: wiped before they are given back, kept out of core dumps and, where the system's limit on locked
// memory allows, out of swap. Owner: whoever holds it; moved, never copied. Reading: any thread.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::size_t size);  // zeros; std::bad_alloc if there is no memory
  explicit Secret(std::string_view bytes);
  Secret(Secret&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Secret& operator=(Secret&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  [[nodiscard]] std::string_view view() const { return {data_, size_}; }
  [[nodiscard]] std::span<char> bytes() { return {data_, size_}; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

// Overwrites what a string holds, whatever the optimiser thinks of it, and empties it.
void wipe(std::string& text);

// From OpenSSL's generator, which the system seeds.
[[nodiscard]] Result<void> draw_random(std::span<char> bytes);

}  // namespace conclave::security
