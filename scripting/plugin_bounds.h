// What the policy in force leaves of a plugin.
#pragma once

#include "engine/case/policy.h"
#include "scripting/plugin_catalog.h"

namespace conclave::scripting {

// `plugin` with limits no higher than those of the policy, and with `forbidden` and `trustable` as it says.
[[nodiscard]] PluginInfo within(const Policy& policy, PluginInfo plugin);

}  // namespace conclave::scripting
