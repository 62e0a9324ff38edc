// Any bytes as a packed file, as a tar archive, and as text in some encoding.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/base/text.h"
#include "engine/logs/archive.h"
#include "engine/logs/rotation.h"
#include "engine/logs/unpack.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace conclave;
  using namespace conclave::logs;
  constexpr std::uint64_t most = 1U << 20U;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Job job;

  if (!compression_of(bytes).empty()) {
    const auto unpacked = unpack(bytes, most, "fuzz", job);
    if (unpacked && unpacked->bytes.view().size() > most) std::abort();
  }
  const auto log = LogBytes::from_text(std::string(bytes), "fuzz");
  if (valid_utf8(log->text(bytes)) != log->text(bytes)) std::abort();
  const auto archive = Archive::of(log, job);
  if (!archive) return 0;
  for (const Member& member : (*archive)->members()) {
    if (member.name.empty() || member.name.starts_with('/') || ("/" + member.name + "/").find("/../") != std::string::npos)
      std::abort();
    if (!member.bytes.empty() &&
        (member.bytes.data() < log->view().data() || member.bytes.data() + member.bytes.size() > log->view().data() + size)) {
      std::abort();
    }
    if ((*archive)->find(member.name) != &member) std::abort();
    (void)rotation_of(member.name);
  }
  (void)(*archive)->logs();
  return 0;
}
