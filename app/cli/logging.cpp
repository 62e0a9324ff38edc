#include "app/cli/logging.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <mutex>

#include "app/cli/places.h"
#include "app/cli/program.h"

namespace conclave::cli {
namespace {

constexpr std::size_t log_bytes = 1U << 20U;
constexpr std::size_t log_files = 3;

// Above the progress bar instead of through it.
class ScreenSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit ScreenSink(Screen& screen) : screen_(screen) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    screen_.say("conclave: " + std::string(message.payload.data(), message.payload.size()));
  }
  void flush_() override {}
  Screen& screen_;
};

spdlog::sink_ptr file_sink() {
  const std::filesystem::path path = state_folder() / "conclave.log";
  spdlog::file_event_handlers for_its_owner_alone;
  for_its_owner_alone.after_open = [](const spdlog::filename_t&, std::FILE* file) { ::fchmod(::fileno(file), 0600); };
  auto sink =
      std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path.string(), log_bytes, log_files - 1, false, for_its_owner_alone);
  sink->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %P %l %v");
  sink->set_level(spdlog::level::info);
  return sink;
}

}  // namespace

void start_logging(Program& program) {
  const int verbosity = program.settings.verbosity;
  auto terminal = std::make_shared<ScreenSink>(program.screen);
  terminal->set_level(verbosity >= 2 ? spdlog::level::debug : verbosity == 1 ? spdlog::level::info : spdlog::level::off);
  auto logger = std::make_shared<spdlog::logger>("conclave", terminal);
  logger->set_level(spdlog::level::debug);
  try {
    logger->sinks().push_back(file_sink());
  } catch (const spdlog::spdlog_ex& error) {
    logger->debug("no log file: {}", error.what());
  }
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(logger);
}

void audit(Program& program, const std::vector<AuditLine>& lines) {
  static bool complained = false;
  const auto recorded = write_audit(lines, default_audit_path());
  if (recorded || complained) return;
  complained = true;
  program.remark("conclave: " + recorded.error().text());
}

}  // namespace conclave::cli
