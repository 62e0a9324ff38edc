// Loops over indices on the engine's worker threads, and what they hand over, said to ThreadSanitizer: Debian's oneTBB is not
// instrumented, so the sanitizer does not see that the workers began after their caller and ended before it went on.
#pragma once

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <cstddef>

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace conclave {

// Made before the loop starts; each part of the loop holds a Part while it runs; collect() after the loop, or inside it by
// whoever reads what other parts wrote. Nothing at all in other builds.
class Handover {
 public:
#if defined(__SANITIZE_THREAD__)
  Handover() noexcept { __tsan_release(&started_); }
  void collect() noexcept { __tsan_acquire(&ended_); }
  class Part {
   public:
    explicit Part(Handover& handover) noexcept : handover_(handover) { __tsan_acquire(&handover_.started_); }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    ~Part() { __tsan_release(&handover_.ended_); }

   private:
    Handover& handover_;
  };

 private:
  char started_ = 0;
  char ended_ = 0;
#else
  void collect() noexcept {}
  struct Part {
    explicit Part(Handover& /*handover*/) noexcept {}
    ~Part() {}  // not defaulted: a Part is never an unused variable
  };
#endif
};

// body(begin, end) for pieces that make up [0, count); a piece of at most `grain` indices is not cut again.
template <class Body>
void parallel_for_pieces(std::size_t count, std::size_t grain, const Body& body) {
  using Range = oneapi::tbb::blocked_range<std::size_t>;
  Handover handover;
  oneapi::tbb::parallel_for(Range(0, count, grain), [&](const Range& range) {
    const Handover::Part part(handover);
    body(range.begin(), range.end());
  });
  handover.collect();
}

// body(i) for every i below `count`.
template <class Body>
void parallel_for(std::size_t count, const Body& body) {
  parallel_for_pieces(count, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) body(i);
  });
}

}  // namespace conclave
