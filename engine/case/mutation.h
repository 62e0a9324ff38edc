// Faults put into evidence that is known to be good, to see who notices them.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/case/case.h"
#include "engine/case/consult.h"
#include "engine/case/evidence.h"

namespace conclave {

enum class Fault : std::uint8_t { burst, gap, closed_port, changed_value };
inline constexpr std::array all_faults{Fault::burst, Fault::gap, Fault::closed_port, Fault::changed_value};
[[nodiscard]] std::string_view fault_name(Fault fault);  // "burst", "gap", "closed-port", "changed-value"

// The case with one fault in what experts see of it. Consult `subject` with `hooks`; both rely on the folder it was made in.
struct Mutant {
  Fault fault = Fault::burst;
  std::string what;  // "200 error lines from line 1200 of app.log"
  Case subject;
  Hooks hooks;
};

// burst: 200 error lines among 40 stamped lines of a log, in the log's own form; gap: a fifth of the stamped lines of a log
// removed at one place; closed_port: a service that was found open refuses connections; changed_value: a number in the
// configuration has a zero too many. Logs are written anew into `folder`, which is the caller's; services and configuration are
// changed on their way to the experts, before `hooks` see them. `evidence` is what was found without a fault. The same case, seed
// and evidence give the same fault; where the case has a change time, logs are changed after it. Nothing if the case has nothing
// that the fault could be put into: logs above 256 MiB, those that commands print and those without time stamps are left alone,
// as is a configuration that needs other files.
[[nodiscard]] Result<std::optional<Mutant>> mutate(const Case& subject, const Hooks& hooks, const Evidence& evidence, Fault fault,
                                                   std::uint64_t seed, const std::filesystem::path& folder, Job& job);

// A line of the same log that says at the same time that something failed; nothing if none can be made that `level_of` calls an
// error and whose stamp is the same.
[[nodiscard]] std::optional<std::string> as_error(std::string_view line, TimeUs reference, std::string_view message);

}  // namespace conclave
