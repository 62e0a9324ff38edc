#include "app/desktop/models/config_text.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <QFile>
#include <QStringList>
#include <cerrno>

#include "app/desktop/models/secrets.h"
#include "app/desktop/text.h"
#include "engine/base/ids.h"

namespace conclave::desktop {

namespace {

constexpr qint64 most_bytes = qint64{4} << 20;
constexpr std::size_t most_lines = 50'000;
constexpr std::size_t most_line_bytes = 4'000;

// Opening must not wait for the writer of a named pipe.
Result<QByteArray> head(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fail_io("cannot open", path.string(), errno);
  QFile file;
  if (!file.open(fd, QIODevice::ReadOnly, QFileDevice::AutoCloseHandle)) {
    return fail(ErrorKind::io, "cannot read", path.string());
  }
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail_io("cannot look at", path.string(), errno);
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::io, "not a regular file", path.string(), EINVAL);
  return file.read(most_bytes + 1);
}

QString joined(const std::vector<std::string>& lines) {
  QStringList text;
  for (const auto& line : lines) {
    const bool is_long = line.size() > most_line_bytes;
    text << qtText(is_long ? std::string_view(line).substr(0, most_line_bytes) : std::string_view(line)) +
                (is_long ? QStringLiteral(" \u2026") : QString());
  }
  return text.join(QLatin1Char('\n'));
}

}  // namespace

Result<ConfigText> readConfigText(const std::filesystem::path& path, Job& job) {
  const auto bytes = head(path);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  ConfigText text;
  text.isCut = bytes->size() > most_bytes;
  const std::string_view whole(bytes->constData(), static_cast<std::size_t>(std::min<qint64>(bytes->size(), most_bytes)));
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < whole.size();) {
    if (lines.size() == most_lines) {
      text.isCut = true;
      break;
    }
    const auto end = std::min(whole.find('\n', begin), whole.size());
    lines.emplace_back(whole.substr(begin, end - begin));
    if (lines.back().ends_with('\r')) lines.back().pop_back();
    begin = end + 1;
  }
  const auto masked = maskedLines(lines, job);
  const auto digest = sha256_file(path, job);
  if (job.stopped()) return fail_cancelled();
  if (!digest) return tl::unexpected<Error>(digest.error());
  text.sha256 = *digest;
  text.plain = joined(lines);
  text.masked = joined(masked);
  return text;
}

}  // namespace conclave::desktop
