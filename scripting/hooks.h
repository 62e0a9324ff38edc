// Functions of hook plugins at the fixed points of a consultation.
#pragma once

#include <memory>
#include <vector>

#include "engine/case/consult.h"
#include "scripting/plugin_catalog.h"

namespace conclave::scripting {

class ScriptThread;

// The hooks run in order of plugin names; each sees what the one before made of it. They post to the script thread and wait
// without the GIL, at most the plugin's time for the thread and the same again for the hook; never call them on the script
// thread. A hook that fails changes nothing and is recorded as "failed: ...".
[[nodiscard]] Hooks make_hooks(const std::shared_ptr<ScriptThread>& thread, const std::vector<PluginInfo>& plugins);

// Paths that differ, as a reader of the receipt wants them: "changed services.api.replicas, added global_settings.region".
[[nodiscard]] std::string describe_change(const nlohmann::json& before, const nlohmann::json& after);

}  // namespace conclave::scripting
