#include "scripting/failures.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <string_view>
#include <utility>

#include "engine/base/byte_text.h"
#include "scripting/replace_file.h"
#include "scripting/worker/isolated_expert.h"

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;
using consensus::ExpertResponse;
using consensus::Status;

constexpr mode_t private_file = 0600;
constexpr mode_t private_folder = 0700;
constexpr int most_of_one_name = 1000;

bool failed(const ExpertResponse& response) {
  return response.status == Status::failed || response.status == Status::timed_out || response.status == Status::killed;
}

// A name that a Python module can have.
std::string module_name(const std::string& expert) {
  std::string name = expert;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return c >= 0x80 || std::isalnum(c) == 0; }, '_');
  return name;
}

Result<fs::path> make_folder(const fs::path& parent, const std::string& name) {
  for (int i = 1; i <= most_of_one_name; ++i) {
    fs::path folder = parent / (i == 1 ? name : name + "_" + std::to_string(i));
    if (::mkdir(folder.c_str(), private_folder) == 0) return folder;
    if (errno != EEXIST) return fail_io("cannot make", folder.string(), errno);
  }
  return fail(ErrorKind::limit, "there are already " + std::to_string(most_of_one_name) + " failures of '" + name + "'",
              parent.string());
}

nlohmann::json description(const ChosenExpert& expert, const ExpertResponse& response, const Report& report) {
  const PluginInfo& plugin = expert.plugin;
  std::error_code error;
  const fs::path path = fs::absolute(plugin.path, error);
  nlohmann::json logs = nlohmann::json::array();
  for (const ReceiptInput& input : report.receipt.inputs) {
    logs.push_back({{"path", bytes_as_text(input.path)}, {"bytes", input.bytes}, {"sha256", input.sha256}});
  }
  return {{"failure", 1},
          {"expert", plugin.name},
          {"path", bytes_as_text((error ? plugin.path : path).string())},
          {"sha256", plugin.sha256},
          {"trust", trust_name(plugin.trust)},
          {"settings", expert.settings},
          {"case", report.case_name},
          {"inputs", std::move(logs)},
          {"response", consensus::to_json(response)},
          {"versions", report.receipt.versions}};
}

std::string test_text(const ChosenExpert& expert, const ExpertResponse& response) {
  const std::string name = module_name(expert.plugin.name);
  return "\"\"\"Asks an expert again what it once failed on; failure.json says how. Run it with `conclave plugins test .`\n\n"
         "It reads the logs of then where they were.\n\"\"\"\n\n"
         "from pathlib import Path\n\nfrom conclave.testing import replay\n\n\n"
         "def test_" +
         name + "_no_longer_" + (response.status == Status::timed_out ? "times_out" : "fails") +
         "():\n"
         "    response = replay(Path(__file__).parent)\n"
         "    assert response.status in (\"answered\", \"abstained\"), response.error\n";
}

Result<fs::path> save(const fs::path& parent, const ChosenExpert& expert, const Evidence& evidence,
                      const ExpertResponse& response, const Report& report) {
  const std::string name = module_name(expert.plugin.name);
  auto folder = make_folder(parent, name);
  if (!folder) return folder;
  const auto blob = evidence.blob();
  const std::string test = test_text(expert, response);
  const std::string text =
      description(expert, response, report).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  const std::string_view bytes(reinterpret_cast<const char*>(blob.data()), blob.size());
  const std::array<std::pair<std::string, std::string_view>, 3> files{
      {{"evidence.bin", bytes}, {"failure.json", text}, {"test_" + folder->filename().string() + ".py", test}}};
  for (const auto& [file, content] : files) {
    if (auto written = replace_file(*folder / file, content, private_file); !written)
      return tl::unexpected(std::move(written.error()));
  }
  return folder;
}

}  // namespace

Result<std::vector<fs::path>> save_failures(const fs::path& folder, std::span<const ChosenExpert> chosen,
                                            const EvidencePtr& evidence, const Report& report) {
  std::vector<fs::path> saved;
  for (const ExpertResponse& response : report.responses) {
    const auto expert = std::find_if(chosen.begin(), chosen.end(),
                                     [&](const ChosenExpert& one) { return one.plugin.name == response.expert_name; });
    if (!failed(response) || expert == chosen.end()) continue;
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return fail_io("cannot make", folder.string(), error.value());
    auto seen = runs_isolated(expert->plugin) ? as_handed_to(expert->plugin, evidence) : evidence;
    if (!seen) return tl::unexpected(std::move(seen.error()));
    auto one = save(folder, *expert, **seen, response, report);
    if (!one) return tl::unexpected(std::move(one.error()));
    saved.push_back(std::move(*one));
  }
  return saved;
}

}  // namespace conclave::scripting
