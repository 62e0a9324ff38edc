#include "engine/logs/literal_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/logs/chunk_lines.h"

namespace conclave::logs {
namespace {

using Instructions = LiteralScan::Instructions;

std::vector<Instructions> here() {
  std::vector<Instructions> all = {Instructions::scalar};
  if (LiteralScan::best() != Instructions::scalar) all.push_back(Instructions::ssse3);
  if (LiteralScan::best() == Instructions::avx2) all.push_back(Instructions::avx2);
  return all;
}

std::string folded(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  return small;
}

bool holds(std::string_view line, const Literal& literal) {
  return literal.any_case ? folded(line).find(folded(literal.text)) != std::string::npos
                          : line.find(literal.text) != std::string_view::npos;
}

void expect_lines(const std::string& bytes, const std::vector<Literal>& literals) {
  const ChunkLines lines(bytes);
  for (const Instructions instructions : here()) {
    const LiteralScan scan(literals, instructions);
    std::vector<LineBits> found(literals.size());
    ASSERT_EQ(scan.scan(bytes, found, Job()), lines.size());
    for (std::size_t i = 0; i < literals.size(); ++i) {
      found[i].resize(lines.size());
      for (std::size_t line = 0; line < lines.size(); ++line) {
        ASSERT_EQ(found[i].test(line), holds(lines.text(line), literals[i]))
            << "'" << literals[i].text << "' in line " << line << " with instructions " << static_cast<int>(instructions);
      }
    }
  }
}

TEST(literal_scan, finds_literals_of_every_length_at_every_place) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    std::string bytes;
    for (std::size_t size = random() % 700; bytes.size() < size;) bytes += "abAB\r\n x"[random() % 8];
    std::vector<Literal> literals;
    for (std::size_t i = 0; i <= random() % 20; ++i) {
      std::string text;
      for (std::size_t size = 1 + random() % (i % 3 == 0 ? 12 : 3); text.size() < size;) text += "abAB\r x"[random() % 7];
      literals.push_back({text, random() % 2 == 0});
    }
    expect_lines(bytes, literals);
  }
}

TEST(literal_scan, takes_any_bytes) {
  using std::string_literals::operator""s;
  const std::string bytes = "\0\0a\0\n\xff\xfe \xc3\xa4\n"s + std::string(200, '\0') + "\n\x80\x80\x80";
  expect_lines(bytes, {{"\0"s, false}, {"\0a\0"s, false}, {"\xff\xfe", true}, {"\xc3\xa4", true}, {"\x80\x80\x80", false}});
}

TEST(literal_scan, folds_letters_only) {
  expect_lines("[x] {x}\n@` P\n`\n@\n", {{"[x]", true}, {"@", true}, {"`", true}, {"p", true}});
}

TEST(literal_scan, the_line_end_is_no_part_of_a_line) {
  expect_lines("a\r\nb\r\r\nc\rd\ne\r",
               {{"\r", false}, {"a\r", false}, {"b\r", false}, {"c\r", false}, {"e\r", false}, {"\rd", false}});
}

TEST(literal_scan, empty_bytes_have_no_lines) { expect_lines("", {{"a", false}}); }

TEST(literal_scan, a_hundred_literals_share_the_buckets) {
  std::string bytes;
  std::vector<Literal> literals;
  for (int i = 0; i < 100; ++i) {
    literals.push_back({"word" + std::to_string(i * 7), i % 2 == 0});
    bytes += "a line with Word" + std::to_string(i * 5) + " and word" + std::to_string(i * 14) + "\n";
  }
  expect_lines(bytes, literals);
}

}  // namespace
}  // namespace conclave::logs
