// From files to models: which kind, its reader, the rules, and what the comments of the file ignore.
#include <algorithm>
#include <array>
#include <iterator>
#include <memory>

#include "engine/base/text_file.h"
#include "engine/config/compose.h"
#include "engine/config/ignores.h"
#include "engine/config/kind.h"
#include "engine/config/kubernetes.h"
#include "engine/config/read_file.h"
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
  std::vector<ServicePlaces> places = {};     // of the services of the model, once that is there
  std::vector<Parsed*> over = {};             // Compose files of the same project that are put over it, in this order
  std::unique_ptr<Parsed> found_beside = {};  // one of those that nobody named
  const Parsed* main = nullptr;               // it is itself put over this one, which reads all of the project
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

void find_override(Parsed& main) {
  constexpr std::array<std::string_view, 4> main_names = {"compose.yaml", "compose.yml", "docker-compose.yml",
                                                          "docker-compose.yaml"};
  if (main.folder.empty() || std::ranges::find(main_names, fs::path(main.file.file).filename().native()) == main_names.end())
    return;
  for (const char* name :
       {"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"}) {
    const auto text = read_beside(main.folder, name, TreeLimits{}.max_bytes);
    if (!text && text.error().os_error == ENOENT) continue;
    auto over = text.and_then([&](const std::string& content) {
      return parse(content, (main.folder / name).lexically_normal().native(), main.folder);
    });
    if (!over) {
      main.file.problems.push_back({Severity::error,
                                    "unreadable-override",
                                    "its override file cannot be read: " + over.error().text(),
                                    "",
                                    {main.file.file, 1, 1}});
    } else {
      main.found_beside = std::make_unique<Parsed>(std::move(*over));
      main.over.push_back(main.found_beside.get());
    }
    return;
  }
}

// Compose files of one folder are one project, as `docker compose -f one -f other` reads them; the first is the main one. One
// that stands alone and has the name that Compose looks for has its override file put over it, as Compose does.
void find_projects(std::vector<Result<Parsed>>& files) {
  std::map<fs::path, std::vector<Parsed*>> projects;
  for (auto& file : files)
    if (file && file->file.kind == ConfigKind::compose) projects[file->folder.lexically_normal()].push_back(&*file);
  for (auto& [folder, project] : projects) {
    Parsed& main = *project.front();
    for (auto each = project.begin() + 1; each != project.end(); ++each) {
      (*each)->main = &main;
      main.over.push_back(*each);
    }
    if (main.over.empty()) find_override(main);
  }
}

void read_project(Parsed& parsed, Reading& reading) {
  Node root = std::move(parsed.documents.front());
  for (Parsed* over : parsed.over) {
    // A null document says nothing.
    if (const Node& own = over->documents.front(); own.kind != NodeKind::null) root = merged_project(std::move(root), own);
  }
  if (parsed.found_beside) check_values(parsed.found_beside->documents.front(), parsed.file.problems);
  read_compose(std::move(root), reading);
}

void understand(Parsed& parsed, const Together& together) {
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
      if (parsed.main == nullptr) read_project(parsed, reading);
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
  parsed.places = std::move(reading.places);
}

// What was found in the files of a project goes to the file where it stands.
void share_out(Parsed& main) {
  const auto take = [&main](auto& from, auto& to, const std::string& name) {
    const auto mine = std::ranges::stable_partition(from, [&](const auto& each) { return each.location.file != name; });
    std::move(mine.begin(), mine.end(), std::back_inserter(to));
    from.erase(mine.begin(), from.end());
  };
  for (Parsed* over : main.over) {
    const std::string& name = over->file.file;
    if (name == main.file.file || over == main.found_beside.get()) continue;
    std::vector<ServicePlaces> kept;
    for (std::size_t i = 0; i < main.places.size(); ++i)
      (main.file.model.services[i].location.file == name ? over->places : kept).push_back(std::move(main.places[i]));
    main.places = std::move(kept);
    take(main.file.model.services, over->file.model.services, name);
    take(main.file.problems, over->file.problems, name);
    take(main.file.not_understood, over->file.not_understood, name);
  }
}

ConfigFile finished(Parsed& parsed) {
  ConfigFile& file = parsed.file;
  if (parsed.found_beside) apply_ignores(parsed.found_beside->file.ignores, parsed.found_beside->file.file, file.problems);
  apply_ignores(file);
  sort_by_place(file.problems);
  return std::move(file);
}

void check_ports_across(const std::vector<Parsed*>& files) {
  InfrastructureConfig all;
  std::vector<ServicePlaces> places;
  std::vector<Parsed*> file_of;
  std::vector<std::size_t> projects;  // within one check() has looked
  std::map<const Parsed*, std::size_t> numbers;
  for (Parsed* file : files) {
    const auto& services = file->file.model.services;
    all.services.insert(all.services.end(), services.begin(), services.end());
    places.insert(places.end(), file->places.begin(), file->places.end());
    file_of.insert(file_of.end(), services.size(), file);
    const std::size_t project = numbers.try_emplace(file->main != nullptr ? file->main : file, numbers.size()).first->second;
    projects.insert(projects.end(), services.size(), project);
  }
  for (auto& [service, problem] : ports_used_across(all, places, projects))
    file_of[service]->file.problems.push_back(std::move(problem));
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
    understand(parsed, together);
    return finished(parsed);
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
  find_projects(parsed);
  std::vector<Parsed*> good;
  for (auto& one : parsed)
    if (one) good.push_back(&*one);
  for (Parsed* one : good) understand(*one, together);
  for (Parsed* one : good) share_out(*one);
  if (good.size() > 1) check_ports_across(good);
  std::vector<Result<ConfigFile>> files;
  for (auto& one : parsed) files.push_back(one.map([](Parsed& file) { return finished(file); }));
  return files;
}

}  // namespace conclave::config
