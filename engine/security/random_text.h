// Keys and tokens that nobody named as such, recognised by their letters.
#pragma once

#include <string_view>

namespace conclave::security {

// Whether `text`, one word without spaces, looks like a key or token that a machine drew: see random_text.cpp for the thresholds.
// Digests (sha256:...), UUIDs, commit ids, versions, paths, addresses, public SSH keys and names of any kind do not.
[[nodiscard]] bool looks_random(std::string_view text);

}  // namespace conclave::security
