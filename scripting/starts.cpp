#include "scripting/starts.h"

#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "engine/base/folders.h"
#include "engine/base/ids.h"
#include "engine/security/private_file.h"

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t largest_file = 1U << 20U;

// A process for as long as the machine runs: process ids are used again.
struct Process {
  std::int64_t pid = 0;
  std::string began;  // clock ticks since the machine started
  std::string boot;
};

std::string first_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

// When a process began; empty if it has ended. The name in /proc/PID/stat may hold anything, so what counts begins after its end.
std::string beginning_of(std::int64_t pid) {
  const std::string line = first_line(fs::path("/proc") / std::to_string(pid) / "stat");
  const auto end = line.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream fields(line.substr(end + 1));
  const std::vector<std::string> words{std::istream_iterator<std::string>(fields), {}};
  constexpr std::size_t state = 0;
  constexpr std::size_t start_time = 19;  // field 22 of proc(5)
  if (words.size() <= start_time || words[state] == "Z" || words[state] == "X") return {};
  return words[start_time];
}

std::string this_boot() { return first_line("/proc/sys/kernel/random/boot_id"); }

struct Record {
  std::string id;
  Process process;
  StartPlugins ran;
};

// What the file holds.
struct State {
  StartSearch search;
  std::vector<Record> records;
};

Result<State> parsed(const std::string& text) {
  const auto wrong = [] { return fail(ErrorKind::serialization, "is no list of starts"); };
  const json said = json::parse(text, nullptr, false);
  if (!said.is_object() || said.value("starts", json()) != 1) return wrong();
  auto search = StartSearch::from_json(said.value("search", json()));
  if (!search) return tl::unexpected(std::move(search.error()));
  State state;
  state.search = std::move(*search);
  const json records = said.value("running", json());
  if (!records.is_array()) return wrong();
  for (const json& record : records) {
    if (!record.is_object()) return wrong();
    const json pid = record.value("pid", json());
    auto ran = start_plugins_from_json(record.value("ran", json()));
    if (!ran) return tl::unexpected(std::move(ran.error()));
    if (!pid.is_number_integer()) return wrong();
    Record one{{}, {pid.get<std::int64_t>(), {}, {}}, std::move(*ran)};
    for (const auto& [key, target] : {std::pair("id", &one.id), {"began", &one.process.began}, {"boot", &one.process.boot}}) {
      const json text_of = record.value(key, json());
      if (!text_of.is_string()) return wrong();
      *target = text_of.get<std::string>();
    }
    state.records.push_back(std::move(one));
  }
  return state;
}

// The state, or a new one and why.
std::pair<State, std::string> read_state(const fs::path& file) {
  const auto begun_anew = [](const Error& error) {
    return std::pair(State{}, error.text() + "; what was known of earlier starts is forgotten");
  };
  const auto text = security::read_private_file(file, largest_file);
  if (!text) return begun_anew(text.error());
  if (!*text) return {};
  auto state = parsed(**text);
  if (state) return {std::move(*state), {}};
  state.error().where = file.string();
  return begun_anew(state.error());
}

Result<void> write_state(const fs::path& file, const State& state) {
  json records = json::array();
  for (const Record& record : state.records) {
    records.push_back({{"id", record.id},
                       {"pid", record.process.pid},
                       {"began", record.process.began},
                       {"boot", record.process.boot},
                       {"ran", to_json(record.ran)}});
  }
  const json whole{{"starts", 1}, {"search", state.search.to_json()}, {"running", records}};
  return security::write_private_file(file, whole.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

void settle_ended(State& state) {
  const std::string boot = this_boot();
  std::erase_if(state.records, [&](const Record& record) {
    if (record.process.boot != boot) return true;  // the machine went down
    if (beginning_of(record.process.pid) == record.process.began) return false;
    state.search.failed(record.ran);
    return true;
  });
}

bool take_record(State& state, const std::string& id) {
  return std::erase_if(state.records, [&](const Record& record) { return record.id == id; }) != 0;
}

}  // namespace

fs::path default_starts_file() { return user_state_folder() / "starts.json"; }

Result<Start> Start::begin(const fs::path& file, const std::vector<PluginInfo>& plugins) {
  const auto lock = security::FileLock::take(file);
  if (!lock) return tl::unexpected(lock.error());
  Start start(file);
  start.id_ = random_id();
  auto [state, remark] = read_state(file);
  start.remark_ = std::move(remark);
  settle_ended(state);
  StartPlugins candidates;
  for (const PluginInfo& plugin : plugins) candidates.insert({plugin.name, plugin.sha256});
  start.plan_ = state.search.next(candidates);
  if (!start.plan_.on.empty()) {
    const auto self = static_cast<std::int64_t>(::getpid());
    state.records.push_back({start.id_, {self, beginning_of(self), this_boot()}, start.plan_.on});
  }
  if (auto written = write_state(file, state); !written) return tl::unexpected(std::move(written.error()));
  return start;
}

Result<std::optional<StartPlugin>> Start::complete() {
  const auto lock = security::FileLock::take(file_);
  if (!lock) return tl::unexpected(lock.error());
  State state = read_state(file_).first;
  if (!take_record(state, id_)) return std::nullopt;  // nothing ran, or the file was begun anew
  state.search.succeeded(plan_.on);
  std::optional<StartPlugin> culprit = state.search.found();
  if (auto written = write_state(file_, state); !written) return tl::unexpected(std::move(written.error()));
  return culprit;
}

Result<void> Start::withdraw() {
  const auto lock = security::FileLock::take(file_);
  if (!lock) return tl::unexpected(lock.error());
  State state = read_state(file_).first;
  if (!take_record(state, id_)) return {};
  return write_state(file_, state);
}

}  // namespace conclave::scripting
