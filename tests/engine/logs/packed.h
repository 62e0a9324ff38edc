// Compressed bytes to read, as libarchive writes them.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <string>

namespace conclave::logs {

// `filter` is archive_write_add_filter_gzip and the like.
inline std::string packed(const std::string& text, int (*filter)(archive*)) {
  std::string out(text.size() * 2 + 4096, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  filter(writer);
  archive_write_set_format_raw(writer);
  archive_write_set_bytes_in_last_block(writer, 1);
  archive_write_open_memory(writer, out.data(), out.size(), &used);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_write_header(writer, entry);
  archive_write_data(writer, text.data(), text.size());
  archive_entry_free(entry);
  archive_write_free(writer);
  out.resize(used);
  return out;
}

}  // namespace conclave::logs
