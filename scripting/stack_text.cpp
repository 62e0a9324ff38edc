#include "scripting/stack_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "engine/base/text.h"

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_line = 500;
constexpr std::uintmax_t largest_source = 8U << 20U;

constexpr std::array<std::string_view, 9> own_files{
    "/conclave/_deadlines.py", "/conclave/_loading.py", "/conclave/_expert_job.py", "/conclave/_host.py", "/conclave/_console.py",
    "/conclave/_runner.py",    "/conclave/_worker.py",  "/conclave/_terminal.py",   "/conclave/_hooks.py"};

struct Section {
  std::string head;
  bool current = false;
  std::vector<StackFrame> frames;  // most recent last, once all are read
};

bool is_own(const StackFrame& frame) {
  return std::any_of(own_files.begin(), own_files.end(), [&](std::string_view name) { return frame.file.ends_with(name); });
}

// faulthandler writes what is not ASCII as \xe9, \u20ac or \U0001f600.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::size_t digits = text[at] != '\\' || at + 1 == text.size() ? 0
                               : text[at + 1] == 'x'                     ? 2
                               : text[at + 1] == 'u'                     ? 4
                               : text[at + 1] == 'U'                     ? 8
                                                                         : 0;
    std::uint32_t point = 0;
    const char* first = text.data() + at + 2;
    if (digits == 0 || at + 2 + digits > text.size() || std::from_chars(first, first + digits, point, 16).ptr != first + digits ||
        point > 0x10ffff) {
      out += text[at];
      continue;
    }
    if (point < 0x80) {
      out += static_cast<char>(point);
    } else if (point < 0x800) {
      out += static_cast<char>(0xc0U | point >> 6U);
      out += static_cast<char>(0x80U | (point & 0x3fU));
    } else if (point < 0x10000) {
      out += static_cast<char>(0xe0U | point >> 12U);
      out += static_cast<char>(0x80U | (point >> 6U & 0x3fU));
      out += static_cast<char>(0x80U | (point & 0x3fU));
    } else {
      out += static_cast<char>(0xf0U | point >> 18U);
      out += static_cast<char>(0x80U | (point >> 12U & 0x3fU));
      out += static_cast<char>(0x80U | (point >> 6U & 0x3fU));
      out += static_cast<char>(0x80U | (point & 0x3fU));
    }
    at += 1 + digits;
  }
  return valid_utf8(out);
}

// '  File "/a/b.py", line 12 in assess'
std::optional<StackFrame> read_frame(std::string_view line) {
  constexpr std::string_view begin = "  File \"";
  constexpr std::string_view middle = "\", line ";
  const std::size_t end_of_file = line.rfind(middle);
  if (!line.starts_with(begin) || end_of_file == std::string_view::npos || end_of_file < begin.size()) return std::nullopt;
  StackFrame frame;
  frame.file = unescaped(line.substr(begin.size(), end_of_file - begin.size()));
  line.remove_prefix(end_of_file + middle.size());
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), frame.line);
  if (error != std::errc()) return std::nullopt;  // "???"
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  if (line.starts_with(" in ")) frame.function = unescaped(line.substr(4));
  return frame;
}

std::vector<Section> read_sections(std::string_view dump) {
  std::vector<Section> sections;
  while (!dump.empty()) {
    const std::size_t end = std::min(dump.find('\n'), dump.size());
    const std::string_view line = dump.substr(0, end);
    dump.remove_prefix(std::min(end + 1, dump.size()));
    if (auto frame = read_frame(line)) {
      if (sections.empty()) sections.emplace_back();
      sections.back().frames.push_back(std::move(*frame));
    } else if (line.find("(most recent call first)") != std::string_view::npos) {
      const bool other = line.starts_with("Thread ");
      sections.push_back({other ? "Another thread:" : "The thread that runs it:", !other, {}});
    }
  }
  for (Section& section : sections) std::reverse(section.frames.begin(), section.frames.end());
  return sections;
}

std::string source_line(const fs::path& file, int wanted) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return {};
  const auto size = fs::file_size(file, error);
  if (error || size == 0 || size > largest_source) return {};  // files of /proc are empty, and reading one may wait for ever
  std::ifstream source(file);
  std::string line;
  for (int number = 0; number < wanted; ++number) {
    if (!std::getline(source, line)) return {};
  }
  const std::size_t begin = line.find_first_not_of(" \t");
  return begin == std::string::npos ? "" : valid_utf8(line.substr(begin, longest_line));
}

std::string text_of(const std::vector<StackFrame>& frames) {
  std::string text;
  for (const StackFrame& frame : frames) {
    text += "  File \"" + frame.file + "\", line " + std::to_string(frame.line);
    if (!frame.function.empty()) text += ", in " + frame.function;
    text += '\n';
    if (const std::string source = source_line(frame.file, frame.line); !source.empty()) text += "    " + source + '\n';
  }
  return text;
}

}  // namespace

std::string readable_stack(std::vector<StackFrame> frames) {
  const auto all = frames;
  std::erase_if(frames, is_own);
  return text_of(frames.empty() ? all : frames);
}

std::string readable_stack(std::string_view dump) {
  auto sections = read_sections(dump);
  const auto all = sections;
  for (Section& section : sections) {
    const bool hosts = std::any_of(section.frames.begin(), section.frames.end(), is_own);
    if (hosts && !section.current) section.frames.clear();  // a thread of the worker itself
    std::erase_if(section.frames, is_own);
  }
  std::erase_if(sections, [](const Section& section) { return section.frames.empty(); });
  if (sections.empty()) sections = all;
  std::stable_partition(sections.begin(), sections.end(), [](const Section& section) { return section.current; });
  std::string text;
  for (const Section& section : sections) {
    if (sections.size() > 1) text += section.head + '\n';
    text += text_of(section.frames);
  }
  return text;
}

}  // namespace conclave::scripting
