#include "scripting/worker/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "engine/base/text.h"

namespace conclave::scripting {
namespace {

constexpr std::size_t longest_line = 4096;  // what is longer is shown in pieces
constexpr std::size_t most_at_once = std::size_t{1} << 20U;

// Where to cut `text` so that no character of UTF-8 is torn, at most three bytes before its end.
std::size_t whole_characters(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0U) == 0x80U) continue;
    const std::size_t needed = byte >= 0xF0U ? 4 : byte >= 0xE0U ? 3 : byte >= 0xC0U ? 2 : 1;
    return needed > back ? text.size() - back : text.size();
  }
  return text.size();
}

}  // namespace

Descriptor OutputPipe::open() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return Descriptor();
  file_.reset(ends[0]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  ::fcntl(ends[0], F_SETPIPE_SZ, static_cast<int>(most_at_once));
  return Descriptor(ends[1]);
}

void OutputPipe::read() {
  std::array<char, 65536> buffer;
  for (std::size_t taken = 0; file_ && taken < most_at_once;) {
    const ssize_t count = ::read(file_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      file_.reset();
      return;
    }
    taken += static_cast<std::size_t>(count);
    add({buffer.data(), static_cast<std::size_t>(count)});
  }
}

void OutputPipe::add(std::string_view text) {
  if (budget_.said) return;
  const bool over = static_cast<double>(text.size()) > budget_.left;
  if (over) text = text.substr(0, static_cast<std::size_t>(budget_.left));
  budget_.left -= static_cast<double>(text.size());
  begun_ += text;
  show_lines(over);
  if (!over) return;
  budget_.said = true;
  show_("[more output of this plugin is not shown]\n");
}

void OutputPipe::show_lines(bool all) {
  std::size_t end = begun_.rfind('\n') + 1;  // npos + 1 is 0
  if (end == 0 && begun_.size() >= longest_line) end = whole_characters(begun_);
  if (all) end = begun_.size();
  if (end == 0) return;
  std::string text = valid_utf8(std::string_view(begun_).substr(0, end));
  if (all && !text.ends_with('\n')) text += '\n';
  begun_.erase(0, end);
  show_(text);
}

void OutputPipe::close() {
  show_lines(true);
  file_.reset();
}

}  // namespace conclave::scripting
