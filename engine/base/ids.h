// Identifiers and digests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/job.h"

namespace conclave {

// 128 random bits as 32 lower-case hex digits.
[[nodiscard]] std::string random_id();

// FNV-1a, 64 bit: stable across runs and machines; not for security.
[[nodiscard]] constexpr std::uint64_t stable_hash(std::string_view bytes, std::uint64_t seed = 0xcbf29ce484222325ULL) noexcept {
  for (const char c : bytes) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return seed;
}

// 16 lower-case hex digits, as template ids are shown.
[[nodiscard]] std::string hex64(std::uint64_t value);

// SHA-256 as 64 lower-case hex digits.
[[nodiscard]] std::string sha256(std::string_view bytes);
// Of a whole file, read in pieces; cancellable.
[[nodiscard]] Result<std::string> sha256_file(const std::filesystem::path& path, Job& job);

}  // namespace conclave
