#include "app/cli/log_reading.h"

namespace conclave::cli {

void LogReading::named_failed(const Error& error) {
  code_ = std::max(code_, program_.failed(error));
  problems_.push_back(error.text());
}

void LogReading::found_failed(const Error& error) {
  program_.complain(error.text());
  problems_.push_back(error.text());
  code_ = std::max(code_, exit_findings);
}

}  // namespace conclave::cli
