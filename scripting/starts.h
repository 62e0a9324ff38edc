// Starts of the window: remembered in a small file from before plugins run until all went well, so that the next start knows of
// one that did not, and looks for the plugin that broke it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "scripting/plugin_catalog.h"
#include "scripting/start_search.h"

namespace conclave::scripting {

// One start of this process. Windows may start at the same time: the file is locked while it is read and changed, which is waited
// for at most 5 s. A start whose process is gone has failed; one that the machine did not survive has not. A file that cannot be
// understood is begun anew. Any thread, one at a time.
class Start {
 public:
  // `plugins` are those that this start is to run, without shipped ones, which are not searched.
  [[nodiscard]] static Result<Start> begin(const std::filesystem::path& file, const std::vector<PluginInfo>& plugins);

  // What may run, what not, and what was found; whoever asks disables it.
  [[nodiscard]] const StartPlan& plan() const { return plan_; }
  [[nodiscard]] const std::string& remark() const { return remark_; }  // what was wrong with the file, or empty

  // All went well. The culprit, if only one is left that can be it.
  [[nodiscard]] Result<std::optional<StartPlugin>> complete();
  // It ended before anybody could know.
  [[nodiscard]] Result<void> withdraw();

 private:
  explicit Start(std::filesystem::path file) : file_(std::move(file)) {}
  std::filesystem::path file_;
  std::string id_;
  StartPlan plan_;
  std::string remark_;
};

// $XDG_STATE_HOME/conclave/starts.json
[[nodiscard]] std::filesystem::path default_starts_file();

}  // namespace conclave::scripting
