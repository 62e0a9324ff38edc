#include "app/desktop/models/log_follower.h"

#include <sys/stat.h>

#include <QElapsedTimer>
#include <algorithm>
#include <optional>

#include "app/desktop/text.h"
#include "engine/logs/journal_query.h"

namespace conclave::desktop {

namespace {

constexpr int look_ms = 100;
constexpr int rest_factor = 4;  // so many times as long as reading took
constexpr std::size_t compared_bytes = 4096;

// What a look found: nothing new, or the log as it is now.
struct Look {
  quint64 file = 0;
  std::optional<LogText> now;
  bool isSameLog = false;
};

bool continues(std::string_view now, std::string_view before) {
  if (now.size() < before.size()) return false;
  const std::size_t some = std::min(before.size(), compared_bytes);
  return now.substr(0, some) == before.substr(0, some) &&
         now.substr(before.size() - some, some) == before.substr(before.size() - some, some);
}

Result<Look> lookAtJournal(const LogText& known, Job& job) {
  const auto more = known.bytes->grown();
  if (!more) return tl::unexpected<Error>(more.error());
  if (!*more) return Look{};
  auto whole = indexLog({*more, {}, 0}, job);
  if (!whole) return tl::unexpected<Error>(whole.error());
  return Look{0, std::move(*whole), true};
}

Result<Look> lookAt(const LogText& known, quint64 file, Job& job) {
  if (logs::names_journal(known.bytes->name())) return lookAtJournal(known, job);
  struct stat now {};
  // A file that is gone may come back: rotation takes two steps.
  if (::stat(known.bytes->name().c_str(), &now) != 0) return Look{file, {}, false};
  Look look{now.st_ino, {}, false};
  const bool isOther = file != 0 && file != now.st_ino;
  if (!isOther && static_cast<quint64>(now.st_size) == known.bytes->file_bytes() && !known.bytes->shrank()) return look;
  auto text = openLog(known.bytes->name(), job);
  if (!text) return tl::unexpected<Error>(text.error());
  auto whole = text->isWhole() ? std::move(text) : indexLog(*text, job);
  if (!whole) return tl::unexpected<Error>(whole.error());
  look.isSameLog = continues(whole->view(), known.view());
  look.now = std::move(*whole);
  return look;
}

}  // namespace

LogFollower::LogFollower(Jobs& jobs, QObject* parent) : QObject(parent), jobs_(jobs) {
  timer_.setSingleShot(true);
  connect(&timer_, &QTimer::timeout, this, &LogFollower::look);
}

void LogFollower::follow(const LogText& text) {
  stop();
  text_ = text;
  timer_.start(0);
}

void LogFollower::stop() {
  if (job_) jobs_.drop(job_);
  job_ = 0;
  file_ = 0;
  text_ = {};
  problem_.clear();
  timer_.stop();
}

void LogFollower::look() {
  QElapsedTimer clock;
  clock.start();
  job_ = jobs_.run<Look>(
      {tr("Following the log"), this, {}, true}, [text = text_, file = file_](Job& job) { return lookAt(text, file, job); },
      [this, clock](Result<Look> look) {
        job_ = 0;
        timer_.start(std::max(look_ms, rest_factor * static_cast<int>(clock.elapsed())));
        problem_ = look ? QString() : qtText(look.error().text());
        if (!look) return;
        file_ = look->file;
        if (!look->now) return;
        if (!look->isSameLog) {
          stop();
          return Q_EMIT replaced();
        }
        text_ = std::move(*look->now);
        Q_EMIT grew(text_);
      });
}

}  // namespace conclave::desktop
