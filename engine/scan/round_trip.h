// After which time an answer of a host is late.
#pragma once

#include <algorithm>
#include <cmath>

namespace conclave::scan {

// Smoothed round-trip time and its deviation: RFC 6298, section 2, with bounds for people who wait instead of for a transfer.
// A second attempt has a socket and a start of its own, so it is always known which one was answered (Karn's problem).
class RoundTrip {
 public:
  static constexpr float least_ms = 100;
  static constexpr float unknown_ms = 250;
  static constexpr float most_ms = 1000;  // from there on the kernel repeats by itself

  void saw(float ms) {
    if (ms >= most_ms) return;
    if (smoothed_ < 0) {
      smoothed_ = ms;
      deviation_ = ms / 2;
      return;
    }
    deviation_ += (std::abs(smoothed_ - ms) - deviation_) / 4;
    smoothed_ += (ms - smoothed_) / 8;
  }
  [[nodiscard]] float late_after_ms() const {
    return smoothed_ < 0 ? unknown_ms : std::clamp(smoothed_ + 4 * deviation_, least_ms, most_ms);
  }

 private:
  float smoothed_ = -1;  // below 0: nothing seen
  float deviation_ = 0;
};

}  // namespace conclave::scan
