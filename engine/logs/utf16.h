// Logs that Windows tools write: UTF-16, known by its byte order mark.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/logs/encoding.h"
#include "engine/logs/unpack.h"

namespace conclave::logs {

[[nodiscard]] bool is_utf16(std::string_view bytes);
[[nodiscard]] Encoding utf16_encoding(std::string_view bytes);  // by the mark

// `bytes` with its byte order mark, as UTF-8 without one. What is no character (a lone surrogate, half a unit at the end) becomes
// U+FFFD. More than `max_bytes` of UTF-8 is an error. Any thread.
[[nodiscard]] Result<GrowingMemory> utf16_to_utf8(std::string_view bytes, std::uint64_t max_bytes, const std::string& name,
                                                  Job& job);

}  // namespace conclave::logs
