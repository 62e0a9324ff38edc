// The form in which texts are compared: what a reader would call the same text is the same sequence here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::consensus {

// Code points after compatibility normalisation and case folding (NFKC_Casefold, Unicode 14), so that NFC equals NFD, full-width
// equals ASCII and "Straße" equals "STRASSE". Default-ignorable characters vanish; runs of spaces and controls (NUL too) are one
// space, none at the ends. Bytes that are not UTF-8 become U+FFFD. Reads on until `limit` code points are there (counted
// decomposed) and ignores the rest; linear in the bytes read, whatever they are.
[[nodiscard]] std::u32string fold_text(std::string_view utf8, std::size_t limit);

// The composed form (NFC) of valid UTF-8; other bytes as they are.
[[nodiscard]] std::string composed(std::string_view utf8);

// Hashes (stable across runs and machines) in order of appearance. A word is a run of letters, marks, digits and connectors; a
// symbol such as an emoji is a word of its own; punctuation separates.
[[nodiscard]] std::vector<std::uint64_t> word_hashes(std::u32string_view folded);
// Of every 3, 4 and 5 code points in a row of the text with one space put before and after it; empty for an empty text.
[[nodiscard]] std::vector<std::uint64_t> character_ngram_hashes(std::u32string_view folded);

}  // namespace conclave::consensus
