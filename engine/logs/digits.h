// Digits without their values, sixteen bytes at a time. Internal to the room.
#pragma once

#include <emmintrin.h>

namespace conclave::logs {

// Each digit as '0', whose low half is zero; other bytes as they are.
[[nodiscard]] inline __m128i zeros_for_digits(__m128i bytes) {
  const __m128i value = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
  const __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value);
  return _mm_andnot_si128(_mm_and_si128(is_digit, _mm_set1_epi8(0x0f)), bytes);
}

}  // namespace conclave::logs
