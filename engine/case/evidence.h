// What the engine found: immutable flat columns in one sealed blob that another process can map as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace conclave {

// Layout of the blob (little-endian, every column 64-byte aligned): "CONCEVID", u32 version, u32 column count, u64 size; then per
// column {u64 name offset, u32 name size, u32 type, u64 rows, u64 data offset, u64 data size}; names; data. A text column is rows
// + 1 u64 offsets into the UTF-8 bytes that follow them. Tables are columns that share the part of the name before the dot:
//
//   case      json (1 row: name, question, verdicts, time_range, change_time)
//   logs      path, name, command (that printed it; empty: none), bytes, lines, error_lines, warning_lines, timestamp_lines,
//             first_time, last_time (us, INT64_MIN if none), stamp_format, bucket_us, out_of_order, level_0 .. level_6,
//             unreadable (u8)
//   buckets   log (row of logs), start, lines, error_lines, warning_lines, first_error_line
//   gaps      log, from, to, line_before, line_after
//   samples   log, line, time, level, text
//   templates log, id (16 hex digits), text, count, count_before, first_time, last_time, first_line, last_line,
//             level, sample_line
//   services  name, host, port, expect, state, latency_ms (NaN if none), address, detail,
//             facts (JSON of service, tls and http as in scan/probe/facts.h; empty: no probe asked),
//             unmet (what the case expects besides and is not so, apart by "; "),
//             history (JSON as of scan/history.h: this scan and those before; empty: none found anything out)
//   config    json (rows: one per file), file, model (JSON)
//   values    file, path, value, line, column
//   problems  kind (log, service, config, here), severity, rule, message, fix, file, line, column
//   facts     name, json, hook (what on_evidence hooks added)
//   previous  json (the last report on the case)
enum class ColumnType : std::uint32_t { i64 = 1, f64 = 2, u8 = 3, text = 4 };

struct ColumnInfo {
  std::string_view name;
  ColumnType type;
  std::uint64_t rows;
  std::span<const std::byte> data;
};

// Owner: shared; threads: any. Memory is a sealed memfd, mapped read-only.
class Evidence {
 public:
  // Copies. Checks the whole directory: a damaged blob is an error of kind serialization, never a crash.
  [[nodiscard]] static Result<std::shared_ptr<const Evidence>> from_bytes(std::span<const std::byte> blob);
  // Takes the descriptor of a sealed memfd over.
  [[nodiscard]] static Result<std::shared_ptr<const Evidence>> from_descriptor(int memfd);
  ~Evidence();
  Evidence(const Evidence&) = delete;
  Evidence& operator=(const Evidence&) = delete;

  [[nodiscard]] std::span<const std::byte> blob() const noexcept { return blob_; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }  // a sealed memfd
  [[nodiscard]] const std::vector<ColumnInfo>& columns() const noexcept { return columns_; }

  // Empty if there is no such column or it has another type.
  [[nodiscard]] std::span<const std::int64_t> integers(std::string_view column) const;
  [[nodiscard]] std::span<const double> numbers(std::string_view column) const;
  [[nodiscard]] std::span<const std::uint8_t> bytes(std::string_view column) const;
  [[nodiscard]] std::uint64_t rows(std::string_view column) const;
  // Text of one row; empty if there is none.
  [[nodiscard]] std::string_view text(std::string_view column, std::size_t row) const;

 private:
  Evidence() = default;
  Result<void> read_directory();
  [[nodiscard]] const ColumnInfo* find(std::string_view column) const;
  [[nodiscard]] const ColumnInfo* find(std::string_view column, ColumnType type) const;
  std::span<const std::byte> blob_;
  int descriptor_ = -1;
  std::vector<ColumnInfo> columns_;
};

using EvidencePtr = std::shared_ptr<const Evidence>;

// Collects columns, then seals them. One thread.
class EvidenceBuilder {
 public:
  void add_integers(std::string name, const std::vector<std::int64_t>& values);
  void add_numbers(std::string name, const std::vector<double>& values);
  void add_bytes(std::string name, const std::vector<std::uint8_t>& values);
  void add_texts(std::string name, const std::vector<std::string>& values);  // made valid UTF-8
  // Copies every column of `other` that was not added yet.
  void add_missing_from(const Evidence& other);
  [[nodiscard]] Result<EvidencePtr> seal() &&;

 private:
  struct Column {
    std::string name;
    ColumnType type;
    std::uint64_t rows;
    std::vector<std::byte> data;
  };
  template <class T>
  void add(std::string name, ColumnType type, const std::vector<T>& values);
  std::vector<Column> columns_;
};

}  // namespace conclave
