#include "engine/logs/unpack.h"

#include <archive.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>

namespace conclave::logs {
namespace {

using Archive = std::unique_ptr<archive, decltype(&archive_read_free)>;

// Only filters that are linked in: the others would start a program.
Archive open_reader() {
  Archive reader(archive_read_new(), &archive_read_free);
  if (!reader) return reader;
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_bzip2(reader.get());
  archive_read_support_filter_xz(reader.get());
  archive_read_support_filter_zstd(reader.get());
  archive_read_support_filter_lz4(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_read_support_format_empty(reader.get());
  return reader;
}

std::string reason(archive* reader) {
  const char* text = archive_error_string(reader);
  return text == nullptr ? "unknown reason" : text;
}

}  // namespace

GrowingMemory::GrowingMemory(GrowingMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

GrowingMemory& GrowingMemory::operator=(GrowingMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  return *this;
}

GrowingMemory::~GrowingMemory() {
  if (data_ != nullptr) ::munmap(data_, capacity_);
}

bool GrowingMemory::append(const void* bytes, std::size_t size) {
  if (size > capacity_ - size_) {
    const std::size_t wanted = std::max({std::size_t{1} << 20U, capacity_ * 2, (size_ + size + 0xFFFFF) & ~std::size_t{0xFFFFF}});
    void* grown = data_ == nullptr
                      ? ::mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                      : ::mremap(data_, capacity_, wanted, MREMAP_MAYMOVE);
    if (grown == MAP_FAILED) return false;
    data_ = static_cast<char*>(grown);
    capacity_ = wanted;
  }
  if (size > 0) std::memcpy(data_ + size_, bytes, size);
  size_ += size;
  return true;
}

std::string_view compression_of(std::string_view first_bytes) {
  using namespace std::string_view_literals;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> magics = {{{"\x1f\x8b"sv, "gzip"sv},
                                                                                    {"\xfd\x37zXZ\0"sv, "xz"sv},
                                                                                    {"\x28\xb5\x2f\xfd"sv, "zstd"sv},
                                                                                    {"BZh"sv, "bzip2"sv},
                                                                                    {"\x04\x22\x4d\x18"sv, "lz4"sv}}};
  for (const auto& [magic, name] : magics) {
    if (first_bytes.starts_with(magic)) return name;
  }
  return {};
}

Result<Unpacked> unpack(int file, std::uint64_t max_bytes, const std::string& name, Job& job) {
  const Archive reader = open_reader();
  if (!reader) return fail(ErrorKind::limit, "not enough memory to unpack", name);
  constexpr std::size_t block = 64 * 1024;
  archive_entry* entry = nullptr;
  if (archive_read_open_fd(reader.get(), file, block) != ARCHIVE_OK) {
    return fail(ErrorKind::parse, "cannot unpack: " + reason(reader.get()), name);
  }
  Unpacked result;
  const int opened = archive_read_next_header(reader.get(), &entry);
  if (opened == ARCHIVE_EOF) return result;
  if (opened < ARCHIVE_WARN) return fail(ErrorKind::parse, "cannot unpack: " + reason(reader.get()), name);
  std::int64_t reported = 0;
  for (;;) {
    if (job.stopped()) return fail_cancelled();
    const void* bytes = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(reader.get(), &bytes, &size, &offset);
    if (status == ARCHIVE_EOF) return result;
    if (status < ARCHIVE_WARN) {
      result.problem = Error{ErrorKind::parse, "damaged or cut off: " + reason(reader.get()), name, 0, 0};
      if (result.bytes.view().empty()) return tl::unexpected<Error>(*result.problem);
      result.problem->message += "; what came before is used";
      return result;
    }
    if (size > max_bytes - result.bytes.view().size()) {
      return fail(ErrorKind::limit, "unpacks to more than " + std::to_string(max_bytes) + " bytes", name);
    }
    if (!result.bytes.append(bytes, size)) return fail(ErrorKind::limit, "not enough memory to unpack", name);
    const std::int64_t consumed = archive_filter_bytes(reader.get(), -1);
    if (consumed > reported) job.advance(static_cast<std::uint64_t>(consumed - std::exchange(reported, consumed)));
  }
}

}  // namespace conclave::logs
