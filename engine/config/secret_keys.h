// What in a configuration is secret, seen by the names of its keys and by its letters.
#pragma once

#include <optional>
#include <string_view>

namespace conclave::config {

// Password, secret, token, key, credential and their kin as the last word of a key; not public keys.
[[nodiscard]] bool is_secret_key(std::string_view key);
// Whether any key on a path (path.h) is secret: "services.db.environment.DB_PASSWORD".
[[nodiscard]] bool is_secret_path(std::string_view path);

// Empty values, switches and references to where the secret is (${NAME}, /run/secrets/x) give nothing away. ${NAME:-default}
// does.
[[nodiscard]] bool gives_nothing_away(std::string_view value);

// Whether the value at this path is a secret in plain text, by the path. Numbers of tokens (max_tokens) are none.
[[nodiscard]] bool is_secret(std::string_view path, std::string_view value);

// NAME=value with a secret name, as environments are written in lists: where the value begins.
[[nodiscard]] std::optional<std::size_t> secret_assignment(std::string_view text);

// As keys and tokens are that machines made: 24 letters or more of base64 or the like, mixed, above 4 bits of Shannon entropy
// each.
[[nodiscard]] bool looks_random(std::string_view value);

}  // namespace conclave::config
