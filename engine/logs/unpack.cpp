// gzip goes through zlib, which gives every byte up to the place where a file is cut off; libarchive would drop its last 64 KiB.
#include "engine/logs/unpack.h"

#include <archive.h>
#include <sys/mman.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace conclave::logs {
namespace {

using Archive = std::unique_ptr<archive, decltype(&archive_read_free)>;

// Only filters that are linked in: the others would start a program.
Archive open_reader() {
  Archive reader(archive_read_new(), &archive_read_free);
  if (!reader) return reader;
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

Error damage(const std::string& why, const std::string& name) {
  return {ErrorKind::parse, "damaged or cut off: " + why, name, 0, 0};
}

// A damaged file is an error if nothing could be read of it.
Result<Unpacked> keep_what_came(Unpacked result, Error why) {
  if (result.bytes.view().empty()) return tl::unexpected<Error>(std::move(why));
  why.message += "; what came before is used";
  result.problem = std::move(why);
  return result;
}

// Appends to `memory`; nothing if it fits.
std::optional<Error> take(GrowingMemory& memory, const void* bytes, std::size_t size, std::uint64_t max_bytes,
                          const std::string& name) {
  if (size > max_bytes - memory.view().size()) {
    return Error{ErrorKind::limit, "unpacks to more than " + std::to_string(max_bytes) + " bytes", name, 0, 0};
  }
  if (!memory.append(bytes, size)) return Error{ErrorKind::limit, "not enough memory to unpack", name, 0, 0};
  return std::nullopt;
}

// RFC 1952: one or more members; what follows the last one is padding.
class Gunzip {
 public:
  Gunzip() { usable_ = inflateInit2(&stream_, 15 + 16) == Z_OK; }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;
  ~Gunzip() { inflateEnd(&stream_); }

  Result<Unpacked> run(std::string_view packed, std::uint64_t max_bytes, const std::string& name, Job& job) {
    if (!usable_) return fail(ErrorKind::limit, "not enough memory to unpack", name);
    constexpr std::size_t block = std::size_t{256} << 10U;
    Unpacked result;
    bool between_members = true;
    for (; !packed.empty(); packed.remove_prefix(std::min(block, packed.size()))) {
      if (job.stopped()) return fail_cancelled();
      const std::size_t size = std::min(block, packed.size());
      job.advance(size);
      stream_.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(packed.data()));  // zlib only reads there
      stream_.avail_in = static_cast<uInt>(size);
      stream_.avail_out = 1;
      while (stream_.avail_in > 0 || (stream_.avail_out == 0 && !between_members)) {  // a full buffer may not be all
        if (job.stopped()) return fail_cancelled();
        if (between_members && *stream_.next_in != 0x1f) return result;
        between_members = false;
        const int status = inflate_some(result, max_bytes, name);
        if (problem_) return tl::unexpected<Error>(*problem_);
        if (status == Z_STREAM_END) {
          between_members = true;
          inflateReset(&stream_);
        } else if (status != Z_OK && status != Z_BUF_ERROR) {
          return keep_what_came(std::move(result), damage(stream_.msg == nullptr ? "not gzip data" : stream_.msg, name));
        }
      }
    }
    if (between_members) return result;
    return keep_what_came(std::move(result), damage("the file ends early", name));
  }

 private:
  int inflate_some(Unpacked& result, std::uint64_t max_bytes, const std::string& name) {
    stream_.next_out = output_.data();
    stream_.avail_out = static_cast<uInt>(output_.size());
    const int status = inflate(&stream_, Z_NO_FLUSH);
    problem_ = take(result.bytes, output_.data(), output_.size() - stream_.avail_out, max_bytes, name);
    return status;
  }

  z_stream stream_{};
  bool usable_ = false;
  std::optional<Error> problem_;
  std::vector<unsigned char> output_ = std::vector<unsigned char>(std::size_t{1} << 20U);
};

// Hands libarchive a piece at a time, so that it can say how far it is.
la_ssize_t next_piece(archive* /*reader*/, void* rest, const void** piece) {
  constexpr std::size_t largest = std::size_t{64} << 10U;
  auto& packed = *static_cast<std::string_view*>(rest);
  const std::string_view taken = packed.substr(0, largest);
  packed.remove_prefix(taken.size());
  *piece = taken.data();
  return static_cast<la_ssize_t>(taken.size());
}

Result<Unpacked> read_raw(std::string_view packed, std::uint64_t max_bytes, const std::string& name, Job& job) {
  const Archive reader = open_reader();
  if (!reader) return fail(ErrorKind::limit, "not enough memory to unpack", name);
  archive_entry* entry = nullptr;
  Unpacked result;
  if (archive_read_open(reader.get(), &packed, nullptr, &next_piece, nullptr) != ARCHIVE_OK)
    return tl::unexpected<Error>(damage(reason(reader.get()), name));
  const int opened = archive_read_next_header(reader.get(), &entry);
  if (opened == ARCHIVE_EOF) return result;
  if (opened < ARCHIVE_WARN) return tl::unexpected<Error>(damage(reason(reader.get()), name));
  std::int64_t reported = 0;
  for (;;) {
    if (job.stopped()) return fail_cancelled();
    const void* bytes = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(reader.get(), &bytes, &size, &offset);
    if (status == ARCHIVE_EOF) return result;
    if (status < ARCHIVE_WARN) return keep_what_came(std::move(result), damage(reason(reader.get()), name));
    if (auto problem = take(result.bytes, bytes, size, max_bytes, name)) return tl::unexpected<Error>(std::move(*problem));
    const std::int64_t consumed = archive_filter_bytes(reader.get(), -1);
    if (consumed > reported) job.advance(static_cast<std::uint64_t>(consumed - std::exchange(reported, consumed)));
  }
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

Result<Unpacked> unpack(std::string_view packed, std::uint64_t max_bytes, const std::string& name, Job& job) {
  return compression_of(packed) == "gzip" ? Gunzip().run(packed, max_bytes, name, job) : read_raw(packed, max_bytes, name, job);
}

}  // namespace conclave::logs
