#include "engine/config/systemd.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/text.h"
#include "engine/config/letters.h"
#include "engine/config/quantity.h"
#include "engine/config/systemd_keys.h"
#include "engine/config/variables.h"

namespace conclave::config {
namespace {

bool is_unit_file(std::string_view name) {
  return ends_with_any(name, {".service", ".socket", ".timer", ".target", ".path", ".mount", ".slice", ".automount", ".swap"});
}

std::vector<const Node*> each(const Node* node) {
  std::vector<const Node*> all;
  if (node == nullptr || node->kind == NodeKind::null) return all;
  if (node->kind == NodeKind::scalar) return {node};
  for (const Node& item : node->items) all.push_back(&item);
  return all;
}

// Where a key is given several times the last one counts.
const Node* last(const Node* node) {
  const auto all = each(node);
  return all.empty() ? nullptr : all.back();
}

class UnitModel {
 public:
  UnitModel(const Node& root, const std::set<std::string, std::less<>>& units, Reading& reading)
      : root_(root), units_(units), reading_(reading), name_(valid_utf8(unit_name_of(reading.file.file))) {}

  void run() {
    service_.name = name_;
    service_.location = places_.name = root_.location;
    if (const Node* unit = root_.find("Unit")) read_relations(*unit);
    const bool drop_in = reading_.file.file.ends_with(".conf");
    const Node* service = root_.find("Service");
    const Node* socket = root_.find("Socket");
    const Node* timer = root_.find("Timer");
    if (service != nullptr) read_service(*service, drop_in);
    if (socket != nullptr) read_socket(*socket);
    if (timer != nullptr) read_timer(*timer);
    check_keys();
    if (service != nullptr || socket != nullptr)
      reading_.add(std::move(service_), std::move(places_));
    else if (timer == nullptr && !drop_in)
      reading_.pass_over("", root_.location, "only services, sockets and timers are part of what is checked");
  }

 private:
  void read_relations(const Node& unit) {
    for (const char* key : {"Requires", "Requisite", "BindsTo", "PartOf", "Wants", "After", "Before", "Conflicts", "Upholds"}) {
      const bool needs =
          key == std::string_view("Requires") || key == std::string_view("BindsTo") || key == std::string_view("Requisite");
      for (const Node* value : each(unit.find(key))) {
        const std::string& text = value->scalar;
        for (std::size_t at = 0; (at = text.find_first_not_of(" \t", at)) != std::string::npos;) {
          const std::size_t end = std::min(text.find_first_of(" \t", at), text.size());
          refer(text.substr(at, end - at), *value, needs);
          at = end;
        }
      }
    }
  }

  // A unit that is not here may be one of the system's; one that is nearly so called is a slip.
  void refer(const std::string& other, const Node& at, bool needs) {
    constexpr std::size_t about = 500;
    if (!reading_.afford(about, at.location)) return;
    if (units_.contains(other)) {
      if (needs && std::ranges::find(service_.depends_on, other) == service_.depends_on.end())
        service_.depends_on.push_back(other);
      return;
    }
    constexpr std::size_t most_compared = 1000;
    std::vector<std::string_view> known;
    if (units_.size() <= most_compared && ++suggested_ <= most_compared) known.assign(units_.begin(), units_.end());
    const std::string meant = other.size() < 256 ? did_you_mean(other, known) : "";
    if (meant.empty())
      reading_.pass_over("Unit", at.location, "unit " + shown_name(other) + " does not stand in this folder");
    else
      reading_.warn(at, "undefined-unit", "unit " + shown_name(other) + " does not stand in this folder" + meant);
  }

  void read_service(const Node& service, bool drop_in) {
    const Node* type = last(service.find("Type"));
    service_.runs_once = type != nullptr && type->scalar == "oneshot";
    if (each(service.find("ExecStart")).empty() && !service_.runs_once && !drop_in)
      reading_.error(service, "missing-command", "'" + name_ + "' has no ExecStart", "say what it runs");
    if (const Node* watchdog = last(service.find("WatchdogSec"))) service_.health_check = "watchdog within " + watchdog->scalar;
    if (!drop_in && last(service.find("User")) == nullptr && last(service.find("DynamicUser")) == nullptr)
      reading_.problem(Severity::note, service.location, "runs-as-root", "'" + name_ + "' runs as root",
                       "set User= or DynamicUser=yes");
    read_amounts(service);
    for (const Node* file : each(service.find("EnvironmentFile"))) read_file(*file);
    if (const Node* variables = service.find("Environment"); variables != nullptr && variables->kind == NodeKind::list)
      read_environment(*variables, "'" + name_ + "'", reading_, service_.environment);
    if (!drop_in && !service_.runs_once && service_.memory_mb == 0)
      reading_.problem(Severity::note, service.location, "missing-resources", "'" + name_ + "' may take all memory there is",
                       "set MemoryMax=");
    if (const Node* restart = last(service.find("Restart"));
        !drop_in && !service_.runs_once && (restart == nullptr || restart->scalar == "no"))
      reading_.problem(Severity::note, service.location, "no-restart", "'" + name_ + "' is not started again when it fails",
                       "set Restart=on-failure");
  }

  void read_amounts(const Node& service) {
    const Node* max = last(service.find("MemoryMax"));
    const Node* high = last(service.find("MemoryHigh"));
    if (const Node* memory = max != nullptr ? max : high;
        memory != nullptr && memory->scalar != "infinity" && !memory->scalar.ends_with('%')) {
      const auto bytes = systemd_bytes(memory->scalar);
      const auto value = bytes ? mebibytes(*bytes) : std::nullopt;
      if (!value)
        reading_.error(*memory, "bad-quantity",
                       "memory of '" + name_ + "' must be an amount such as 512M, not " + shown(*memory));
      else
        service_.memory_mb = *value, places_.memory = memory->location;
    }
    if (const Node* quota = last(service.find("CPUQuota"))) {
      const bool percent = quota->scalar.ends_with('%');
      const auto share =
          percent ? plain_number(std::string_view(quota->scalar).substr(0, quota->scalar.size() - 1)) : std::nullopt;
      const auto value = share ? millicores(*share / 100) : std::nullopt;
      if (!value)
        reading_.error(*quota, "bad-quantity", "CPUQuota of '" + name_ + "' must be a share such as 50%, not " + shown(*quota));
      else
        service_.cpu_millicores = *value, places_.cpu = quota->location;
    }
  }

  // A dash in front: it need not be there.
  void read_file(const Node& node) {
    const bool optional = node.scalar.starts_with('-');
    const std::string path = node.scalar.substr(optional ? 1 : 0);
    auto found = read_variables_beside(path, node.location, reading_);
    if (found) {
      for (Variable& variable : *found) service_.environment[variable.name] = std::move(variable.value);
    } else if (found.error().kind == ErrorKind::unsupported) {
      reading_.pass_over("Service.EnvironmentFile", node.location, "not read: " + found.error().text());
    } else if (!optional) {
      reading_.error(node, "missing-env-file", "EnvironmentFile of '" + name_ + "' cannot be read: " + found.error().message);
    }
  }

  // Numbers, and addresses that end in one; paths and names of other families have no port.
  void read_socket(const Node& socket) {
    for (const char* key : {"ListenStream", "ListenDatagram"}) {
      for (const Node* node : each(socket.find(key))) {
        std::string_view text = node->scalar;
        if (text.empty() || text.starts_with('/') || text.starts_with('@') || text.starts_with("vsock:")) continue;
        const std::size_t colon = text.rfind(':');
        std::string address(text.substr(0, colon == std::string_view::npos ? 0 : colon));
        if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
        const auto port = plain_number(colon == std::string_view::npos ? text : text.substr(colon + 1));
        if (!port || *port < 1 || *port > 65535 || *port != static_cast<int>(*port)) {
          reading_.error(*node, "bad-port",
                         std::string(key) + " of '" + name_ + "' must be a path or a port from 1 to 65535, not " + shown(*node));
          continue;
        }
        service_.ports.push_back(static_cast<std::uint16_t>(*port));
        service_.bindings.push_back({service_.ports.back(), std::move(address), key == std::string_view("ListenDatagram")});
        places_.ports.push_back(node->location);
      }
    }
    const Node* service = last(socket.find("Service"));
    if (service != nullptr) refer(service->scalar, *service, true);
  }

  void read_timer(const Node& timer) {
    if (const Node* unit = last(timer.find("Unit"))) refer(unit->scalar, *unit, true);
    constexpr std::array<std::string_view, 6> when = {"OnActiveSec",     "OnBootSec",         "OnStartupSec",
                                                      "OnUnitActiveSec", "OnUnitInactiveSec", "OnCalendar"};
    if (!reading_.file.file.ends_with(".conf") &&
        std::ranges::none_of(when, [&](std::string_view key) { return last(timer.find(key)) != nullptr; }))
      reading_.error(timer, "missing-command", "'" + name_ + "' never elapses", "say when: OnCalendar= or OnBootSec=");
  }

  void check_keys() {
    for (const auto& [section, keys] : root_.entries) {
      const auto known = keys_of_section(section.scalar);
      if (known.empty()) {
        if (!section.scalar.starts_with("X-"))
          reading_.pass_over(path_of_key("", section.scalar), section.location, "not a section that is known");
        continue;
      }
      std::size_t compared = 0;
      for (const auto& [key, value] : keys.entries) {
        if (std::ranges::find(known, key.scalar) != known.end() || key.scalar.starts_with("X-")) continue;
        const std::string path = path_of_key(path_of_key("", section.scalar), key.scalar);
        constexpr std::size_t most_compared = 1000;
        const std::string meant = ++compared <= most_compared ? did_you_mean(key.scalar, known) : "";
        if (!meant.empty())
          reading_.warn(key, "unknown-key", "unknown key " + shown(key) + " in [" + section.scalar + "]" + meant);
        reading_.pass_over(path, key.location, "not known");
      }
    }
  }

  const Node& root_;
  const std::set<std::string, std::less<>>& units_;
  Reading& reading_;
  std::string name_;
  Service service_;
  ServicePlaces places_;
  std::size_t suggested_ = 0;
};

}  // namespace

std::string unit_name_of(const std::string& file) {
  const std::filesystem::path path(file);
  const std::string parent = path.parent_path().filename().native();
  if (path.extension() == ".conf" && parent.ends_with(".d")) return parent.substr(0, parent.size() - 2);
  return path.filename().native();
}

void read_systemd(const Node& root, const std::set<std::string, std::less<>>& units, Reading& reading) {
  UnitModel(root, units, reading).run();
}

void add_units_of(const std::filesystem::path& folder, std::set<std::string, std::less<>>& units) {
  constexpr int most = 10'000;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (int seen = 0; !error && entry != std::filesystem::directory_iterator() && seen < most; entry.increment(error), ++seen)
    if (const std::string name = entry->path().filename().native(); is_unit_file(name)) units.insert(name);
}

}  // namespace conclave::config
