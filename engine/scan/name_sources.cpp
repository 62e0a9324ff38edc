#include "engine/scan/name_sources.h"

#include <algorithm>
#include <optional>

#include "engine/scan/lookup.h"

namespace conclave::scan {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";

// Takes the first piece off `text`.
std::string_view next_piece(std::string_view& text, std::string_view separators) {
  text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
  const std::string_view piece = text.substr(0, text.find_first_of(separators));
  text.remove_prefix(piece.size());
  return piece;
}

std::string_view without_comment(std::string_view line) { return line.substr(0, line.find('#')); }

}  // namespace

NameSources read_name_sources(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = without_comment(next_piece(text, "\n"));
    const std::size_t colon = line.find(':');
    std::string_view name = line.substr(0, colon);
    if (colon == std::string_view::npos || next_piece(name, blanks) != "hosts") continue;
    line.remove_prefix(colon + 1);
    NameSources sources{false, false, false};
    bool in_action = false;  // "[NOTFOUND=return]" may hold blanks
    for (std::string_view word = next_piece(line, blanks); !word.empty(); word = next_piece(line, blanks)) {
      in_action = in_action || word.starts_with('[');
      if (in_action) {
        in_action = word.find(']') == std::string_view::npos;
      } else if (word == "files") {
        sources.files = true;
      } else if (word == "dns") {
        sources.dns = true;
      } else {
        sources.others = true;
      }
    }
    return sources;
  }
  return {};
}

HostsFile::HostsFile(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = without_comment(next_piece(text, "\n"));
    const auto address = Address::from_text(std::string(next_piece(line, blanks)));
    if (!address) continue;
    for (std::string_view name = next_piece(line, blanks); !name.empty(); name = next_piece(line, blanks)) {
      std::vector<Address>& addresses = names_[plain_name(name)];
      if (addresses.size() < most_addresses && std::ranges::find(addresses, *address) == addresses.end())
        addresses.push_back(*address);
    }
  }
}

std::vector<Address> HostsFile::find(std::string_view name) const {
  const auto found = names_.find(plain_name(name));
  return found == names_.end() ? std::vector<Address>() : found->second;
}

std::string plain_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string out(name);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

}  // namespace conclave::scan
