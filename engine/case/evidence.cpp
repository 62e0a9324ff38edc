#include "engine/case/evidence.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/base/text.h"

namespace conclave {
namespace {

constexpr std::string_view magic = "CONCEVID";
constexpr std::uint32_t version = 1;
constexpr std::size_t alignment = 64;

struct Header {
  char magic[8];
  std::uint32_t version;
  std::uint32_t columns;
  std::uint64_t size;
};

struct Entry {
  std::uint64_t name_offset;
  std::uint32_t name_size;
  std::uint32_t type;
  std::uint64_t rows;
  std::uint64_t offset;
  std::uint64_t size;
};

std::size_t aligned(std::size_t offset) { return (offset + alignment - 1) / alignment * alignment; }

tl::unexpected<Error> damaged(const std::string& why) { return fail(ErrorKind::serialization, "damaged evidence: " + why); }

bool inside(std::uint64_t offset, std::uint64_t size, std::uint64_t whole) { return offset <= whole && size <= whole - offset; }

template <class T>
T read_at(std::span<const std::byte> blob, std::size_t offset) {
  T value;
  std::memcpy(&value, blob.data() + offset, sizeof value);
  return value;
}

std::uint64_t element_size(ColumnType type) { return type == ColumnType::u8 ? 1 : 8; }

// A text column: offsets must not decrease and must end inside the column.
bool valid_text(std::span<const std::byte> data, std::uint64_t rows) {
  if (rows >= data.size() / 8) return false;
  const std::uint64_t bytes = data.size() - (rows + 1) * 8;
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i <= rows; ++i) {
    const auto offset = read_at<std::uint64_t>(data, i * 8);
    if (offset < last || offset > bytes) return false;
    last = offset;
  }
  return true;
}

bool valid_column(const Entry& entry, std::span<const std::byte> data) {
  if (entry.offset % alignment != 0) return false;
  switch (static_cast<ColumnType>(entry.type)) {
    case ColumnType::i64:
    case ColumnType::f64:
    case ColumnType::u8: {
      const std::uint64_t width = element_size(static_cast<ColumnType>(entry.type));
      return entry.rows <= entry.size / width && entry.rows * width == entry.size;
    }
    case ColumnType::text:
      return valid_text(data, entry.rows);
  }
  return false;
}

template <class T>
std::span<const T> as(const ColumnInfo* column) {
  if (column == nullptr) return {};
  return {reinterpret_cast<const T*>(column->data.data()), static_cast<std::size_t>(column->rows)};
}

}  // namespace

Result<void> Evidence::read_directory() {
  if (blob_.size() < sizeof(Header)) return damaged("too short");
  const auto header = read_at<Header>(blob_, 0);
  if (std::string_view(header.magic, sizeof header.magic) != magic) return damaged("not an evidence blob");
  if (header.version != version) {
    return fail(ErrorKind::serialization,
                "evidence of version " + std::to_string(header.version) + ", this program reads " + std::to_string(version));
  }
  if (header.size != blob_.size()) return damaged("cut off");
  if (header.columns > (blob_.size() - sizeof(Header)) / sizeof(Entry)) return damaged("directory runs past the end");
  for (std::uint32_t i = 0; i < header.columns; ++i) {
    const auto entry = read_at<Entry>(blob_, sizeof(Header) + i * sizeof(Entry));
    if (!inside(entry.name_offset, entry.name_size, blob_.size()) || !inside(entry.offset, entry.size, blob_.size())) {
      return damaged("a column runs past the end");
    }
    const auto data = blob_.subspan(entry.offset, entry.size);
    if (!valid_column(entry, data)) return damaged("a column is inconsistent");
    const auto* name = reinterpret_cast<const char*>(blob_.data() + entry.name_offset);
    columns_.push_back({{name, entry.name_size}, static_cast<ColumnType>(entry.type), entry.rows, data});
  }
  return {};
}

Result<EvidencePtr> Evidence::from_bytes(std::span<const std::byte> blob) {
  // Through a memfd as well, so that columns are aligned and the descriptor can be handed to another process.
  const int memfd = ::memfd_create("conclave-evidence", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (memfd < 0) return fail_io("cannot create memory for evidence", {}, errno);
  while (!blob.empty()) {
    const ssize_t count = ::write(memfd, blob.data(), blob.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int error = errno;
      ::close(memfd);
      return fail_io("cannot write evidence", {}, error);
    }
    blob = blob.subspan(static_cast<std::size_t>(count));
  }
  return from_descriptor(memfd);
}

Result<EvidencePtr> Evidence::from_descriptor(int memfd) {
  struct Opened : Evidence {};  // the constructor is private to Evidence
  auto evidence = std::make_shared<Opened>();
  evidence->descriptor_ = memfd;
  ::fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  const int seals = ::fcntl(memfd, F_GET_SEALS);
  constexpr int needed = F_SEAL_SHRINK | F_SEAL_WRITE;
  if (seals < 0 || (seals & needed) != needed) return damaged("memory is not sealed, another process could change it");
  struct stat status {};
  if (::fstat(memfd, &status) != 0) return fail_io("cannot read evidence", {}, errno);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return damaged("empty");
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, memfd, 0);
  if (memory == MAP_FAILED) return fail_io("cannot map evidence", {}, errno);
  evidence->blob_ = {static_cast<const std::byte*>(memory), size};
  if (const auto read = evidence->read_directory(); !read) return tl::unexpected(read.error());
  return evidence;
}

Evidence::~Evidence() {
  if (!blob_.empty()) ::munmap(const_cast<std::byte*>(blob_.data()), blob_.size());
  if (descriptor_ >= 0) ::close(descriptor_);
}

const ColumnInfo* Evidence::find(std::string_view column) const {
  const auto found = std::find_if(columns_.begin(), columns_.end(), [&](const ColumnInfo& c) { return c.name == column; });
  return found == columns_.end() ? nullptr : &*found;
}

const ColumnInfo* Evidence::find(std::string_view column, ColumnType type) const {
  const ColumnInfo* found = find(column);
  return found != nullptr && found->type == type ? found : nullptr;
}

std::span<const std::int64_t> Evidence::integers(std::string_view column) const {
  return as<std::int64_t>(find(column, ColumnType::i64));
}

std::span<const double> Evidence::numbers(std::string_view column) const { return as<double>(find(column, ColumnType::f64)); }

std::span<const std::uint8_t> Evidence::bytes(std::string_view column) const {
  return as<std::uint8_t>(find(column, ColumnType::u8));
}

std::uint64_t Evidence::rows(std::string_view column) const {
  const ColumnInfo* found = find(column);
  return found == nullptr ? 0 : found->rows;
}

std::string_view Evidence::text(std::string_view column, std::size_t row) const {
  const ColumnInfo* found = find(column, ColumnType::text);
  if (found == nullptr || row >= found->rows) return {};
  const auto begin = read_at<std::uint64_t>(found->data, row * 8);
  const auto end = read_at<std::uint64_t>(found->data, (row + 1) * 8);
  const auto* bytes = reinterpret_cast<const char*>(found->data.data() + (found->rows + 1) * 8);
  return {bytes + begin, static_cast<std::size_t>(end - begin)};
}

template <class T>
void EvidenceBuilder::add(std::string name, ColumnType type, const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  columns_.push_back({std::move(name), type, values.size(), {bytes.begin(), bytes.end()}});
}

void EvidenceBuilder::add_integers(std::string name, const std::vector<std::int64_t>& values) {
  add(std::move(name), ColumnType::i64, values);
}

void EvidenceBuilder::add_numbers(std::string name, const std::vector<double>& values) {
  add(std::move(name), ColumnType::f64, values);
}

void EvidenceBuilder::add_bytes(std::string name, const std::vector<std::uint8_t>& values) {
  add(std::move(name), ColumnType::u8, values);
}

void EvidenceBuilder::add_texts(std::string name, const std::vector<std::string>& values) {
  std::vector<std::uint64_t> offsets{0};
  std::string all;
  for (const std::string& value : values) {
    all += valid_utf8(value);
    offsets.push_back(all.size());
  }
  const auto head = std::as_bytes(std::span(offsets));
  const auto tail = std::as_bytes(std::span(all));
  std::vector<std::byte> data(head.begin(), head.end());
  data.insert(data.end(), tail.begin(), tail.end());
  columns_.push_back({std::move(name), ColumnType::text, values.size(), std::move(data)});
}

void EvidenceBuilder::add_missing_from(const Evidence& other) {
  for (const ColumnInfo& column : other.columns()) {
    const bool known = std::any_of(columns_.begin(), columns_.end(), [&](const Column& c) { return c.name == column.name; });
    if (!known) {
      columns_.push_back({std::string(column.name), column.type, column.rows, {column.data.begin(), column.data.end()}});
    }
  }
}

Result<EvidencePtr> EvidenceBuilder::seal() && {
  std::size_t names = sizeof(Header) + columns_.size() * sizeof(Entry);
  std::size_t data = names;
  for (const Column& column : columns_) data += column.name.size();
  std::vector<Entry> entries;
  for (const Column& column : columns_) {
    data = aligned(data);
    entries.push_back({names, static_cast<std::uint32_t>(column.name.size()), static_cast<std::uint32_t>(column.type),
                       column.rows, data, column.data.size()});
    names += column.name.size();
    data += column.data.size();
  }
  std::vector<std::byte> blob(data);
  Header header{{}, version, static_cast<std::uint32_t>(columns_.size()), data};
  std::memcpy(header.magic, magic.data(), magic.size());
  std::memcpy(blob.data(), &header, sizeof header);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::memcpy(blob.data() + sizeof(Header) + i * sizeof(Entry), &entries[i], sizeof(Entry));
    std::memcpy(blob.data() + entries[i].name_offset, columns_[i].name.data(), columns_[i].name.size());
    if (!columns_[i].data.empty()) {
      std::memcpy(blob.data() + entries[i].offset, columns_[i].data.data(), columns_[i].data.size());
    }
  }
  columns_.clear();
  return Evidence::from_bytes(blob);
}

}  // namespace conclave
