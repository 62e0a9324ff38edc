#include "app/cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "app/cli/terminal.h"

namespace conclave::cli {

using Clock = std::chrono::steady_clock;

namespace {

constexpr auto first_drawn_after = std::chrono::milliseconds(200);
constexpr auto interval = std::chrono::milliseconds(50);
constexpr std::size_t bar_cells = 24;

std::string amount(double value, const std::string& unit) {
  if (unit == "B") return human_bytes(value);
  return grouped(static_cast<std::uint64_t>(value)) + (unit.empty() ? "" : " " + unit);
}

}  // namespace

std::string progress_line(const Progress& progress, double seconds, int width) {
  const double rate = seconds > 0 ? static_cast<double>(progress.done) / seconds : 0;
  std::string line = harmless(progress.phase.empty() ? "working" : progress.phase);
  if (progress.total > 0) {
    const double share = std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(progress.total));
    const auto full = static_cast<std::size_t>(share * bar_cells);
    line += " [" + std::string(full, '#') + std::string(bar_cells - full, '.') + "] " +
            std::to_string(static_cast<int>(share * 100)) + "%";
  }
  if (progress.done > 0) line += "  " + amount(static_cast<double>(progress.done), progress.unit);
  // A rate of a handful of experts is noise; of bytes or many targets it is news.
  if (rate >= 1 && (progress.unit == "B" || progress.done >= 20)) line += "  " + amount(rate, progress.unit) + "/s";
  if (progress.done > 0 && progress.total > progress.done && seconds >= 1) {
    line += "  " + human_duration(static_cast<double>(progress.total - progress.done) / rate) + " left";
  } else if (progress.total == 0 || progress.done == 0) {
    line += "  " + human_duration(seconds);
  }
  const auto columns = static_cast<std::size_t>(std::max(width - 1, 10));
  if (display_width(line) <= columns) return line;
  std::size_t end = 0;
  for (std::size_t seen = 0; end < line.size(); ++end) {
    if ((static_cast<unsigned char>(line[end]) & 0xC0U) != 0x80U && seen++ == columns) break;
  }
  return line.substr(0, end);
}

ProgressBar::ProgressBar(Screen& screen, const Job& job) : screen_(screen), job_(job), thread_([this] { run(); }) {}

ProgressBar::~ProgressBar() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  wake_.notify_one();
  thread_.join();
  screen_.erase();
}

void ProgressBar::run() {
  std::unique_lock lock(mutex_);
  std::string phase;
  std::uint64_t done = 0;
  Clock::time_point phase_began = Clock::now();
  for (auto pause = first_drawn_after; !wake_.wait_for(lock, pause, [this] { return ended_; }); pause = interval) {
    const Progress progress = job_.progress();
    if (progress.phase != phase || progress.done < done) {
      if (!phase.empty()) phase_began = Clock::now();
      phase = progress.phase;
    }
    done = progress.done;
    const std::chrono::duration<double> spent = Clock::now() - phase_began;
    screen_.draw(progress_line(progress, spent.count(), terminal_width(STDERR_FILENO)));
  }
}

}  // namespace conclave::cli
