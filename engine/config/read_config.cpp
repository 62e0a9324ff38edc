// From files to models: which kind, its reader, the rules, and what the comments of the file ignore.
#include "engine/base/text_file.h"
#include "engine/config/compose.h"
#include "engine/config/ignores.h"
#include "engine/config/kind.h"
#include "engine/config/kubernetes.h"
#include "engine/config/reader.h"
#include "engine/config/systemd.h"
#include "engine/config/unit.h"

namespace conclave::config {
namespace {

namespace fs = std::filesystem;

// Adds up the bytes of all those paths, about; stops soon after `enough`.
void measure_paths(const Node& node, std::size_t path, std::size_t& total, std::size_t enough) {
  total += path;
  if (total > enough) return;
  for (const Node& item : node.items) measure_paths(item, path + 4, total, enough);
  for (const auto& [key, value] : node.entries) measure_paths(value, path + key.scalar.size() + 3, total, enough);
}

struct Parsed {
  ConfigFile file;
  std::vector<Node> documents;
  fs::path folder;
};

Result<std::vector<Node>> documents_of(std::string_view text, const std::string& name) {
  TreeLimits limits;
  limits.max_documents = 100'000;
  return read_yaml_documents(text, name, limits);
}

Result<Parsed> parse(std::string_view text, const std::string& name, const fs::path& folder) {
  Parsed parsed;
  parsed.folder = folder;
  parsed.file.file = name;
  parsed.file.ignores = find_ignores(text, name);
  const bool unit = is_unit(text, name);
  auto documents =
      unit ? read_unit(text, name).map([](Node root) { return std::vector<Node>{std::move(root)}; }) : documents_of(text, name);
  if (!documents) return tl::unexpected(std::move(documents.error()));
  parsed.documents = std::move(*documents);
  parsed.file.kind = unit ? ConfigKind::systemd : kind_of(parsed.documents, name);
  if (parsed.documents.size() > 1 && parsed.file.kind != ConfigKind::kubernetes)
    return fail(ErrorKind::parse, "a second document begins here; only Kubernetes manifests may have several",
                parsed.documents[1].location.text());

  // A long key is repeated in the path of everything below it.
  constexpr std::size_t max_path_bytes = std::size_t{256} << 20U;
  std::size_t path_bytes = 0;
  for (const Node& root : parsed.documents) measure_paths(root, 0, path_bytes, max_path_bytes);
  if (path_bytes > max_path_bytes) return fail(ErrorKind::limit, "keys too long for the number of values below them", name);
  return parsed;
}

void keep_values(const Node& root, const std::string& path, ConfigFile& file) {
  for_each_scalar(root, path, [&](const std::string& at, const Node& value) {
    if (!at.empty() || value.kind == NodeKind::scalar)
      file.values.push_back({at, value.scalar, value.location.line, value.location.column});
  });
}

// What the files that are read together know of each other.
struct Together {
  Manifests manifests;
  std::set<std::string, std::less<>> units;

  void add(const Parsed& parsed) {
    if (parsed.file.kind == ConfigKind::kubernetes) manifests.add(parsed.documents);
    if (parsed.file.kind != ConfigKind::systemd) return;
    units.insert(unit_name_of(parsed.file.file));
    if (!parsed.folder.empty()) add_units_of(parsed.folder, units);
  }
};

ConfigFile understood(Parsed& parsed, const Together& together) {
  ConfigFile& file = parsed.file;
  const bool one = parsed.documents.size() == 1;
  file.tree = one ? parsed.documents.front().to_json() : nlohmann::json::array();
  for (std::size_t i = 0; i < parsed.documents.size(); ++i) {
    const Node& root = parsed.documents[i];
    if (!one) file.tree.push_back(root.to_json());
    keep_values(root, one ? "" : path_of_item("", i), file);
    check_values(root, file.problems);
    check_numbers(root, file.problems);
  }
  Reading reading{file, parsed.folder, {}};
  switch (file.kind) {
    case ConfigKind::native:
      read_native(parsed.documents.front(), reading);
      break;
    case ConfigKind::compose:
      read_compose(std::move(parsed.documents.front()), reading);
      break;
    case ConfigKind::kubernetes:
      read_kubernetes(parsed.documents, together.manifests, reading);
      break;
    case ConfigKind::systemd:
      read_systemd(parsed.documents.front(), together.units, reading);
      break;
  }
  const auto found = check(file.model, reading.places);
  file.problems.insert(file.problems.end(), found.begin(), found.end());
  apply_ignores(file);
  sort_by_place(file.problems);
  return std::move(file);
}

}  // namespace

std::string_view kind_name(ConfigKind kind) {
  switch (kind) {
    case ConfigKind::compose:
      return "compose";
    case ConfigKind::kubernetes:
      return "kubernetes";
    case ConfigKind::systemd:
      return "systemd";
    case ConfigKind::native:
      break;
  }
  return "native";
}

Result<ConfigFile> read_config(std::string_view text, const std::string& file_name) {
  return parse(text, file_name, {}).map([](Parsed parsed) {
    Together together;
    together.add(parsed);
    return understood(parsed, together);
  });
}

Result<ConfigFile> read_config_file(const fs::path& path) { return std::move(read_config_files({&path, 1}).front()); }

std::vector<Result<ConfigFile>> read_config_files(std::span<const fs::path> paths) {
  std::vector<Result<Parsed>> parsed;
  parsed.reserve(paths.size());  // whose nodes are pointed at
  Together together;
  for (const fs::path& path : paths) {
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    parsed.push_back(read_text_file(path, TreeLimits{}.max_bytes).and_then([&](const std::string& text) {
      return parse(text, path.native(), folder);
    }));
    if (parsed.back()) together.add(*parsed.back());
  }
  std::vector<Result<ConfigFile>> files;
  for (auto& one : parsed) files.push_back(one.map([&](Parsed& good) { return understood(good, together); }));
  return files;
}

}  // namespace conclave::config
