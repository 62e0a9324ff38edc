// What is known of the parameters of a template.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::logs {

enum class ParameterKind : std::uint8_t {
  number,   // 12, -3.5, 45%, 12 KB
  hex,      // 0x1f, 9f3c1e77
  id,       // another word with digits: blk_-512, node-7, v1.2
  address,  // IP and MAC addresses, with or without a port
  host,     // db.example.org, example.com:443, bob@example.org
  path,     // /var/log/x, ./x, C:\x
  url,
  uuid,
  time,   // 12:16:49, Jun 20, <1 sec
  text,   // in quotes, or a value such as null
  word,   // found by comparison of lines
  mixed,  // several kinds, or a list of them
};
inline constexpr std::size_t parameter_kind_count = 12;
// num, hex, id, ip, host, path, url, uuid, time, str, word, as in "<num>"; of mixed "*".
[[nodiscard]] std::string_view parameter_kind_name(ParameterKind kind);

struct ParameterValue {
  std::string text;         // valid UTF-8, at most 256 bytes
  std::uint64_t count = 0;  // estimated from the sample
};

struct TemplateParameter {
  ParameterKind kind = ParameterKind::mixed;
  std::uint64_t distinct = 0;       // exact up to 32, else within about 3 %
  std::vector<ParameterValue> top;  // up to 10, most frequent first
  bool exact = false;               // the counts of `top` are not estimates
};

}  // namespace conclave::logs
