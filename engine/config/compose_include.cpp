#include <algorithm>

#include "engine/config/compose.h"
#include "engine/config/read_file.h"

namespace conclave::config {
namespace {

constexpr std::size_t most_steps = 32;
constexpr std::size_t most_files = 64;

// One scalar, or a list of them; nothing for anything else.
std::vector<const Node*> scalars_of(const Node& node) {
  std::vector<const Node*> out;
  if (node.kind == NodeKind::scalar) out.push_back(&node);
  if (node.kind == NodeKind::list)
    for (const Node& item : node.items) out.push_back(&item);
  if (!std::ranges::all_of(out, [](const Node* each) { return each->kind == NodeKind::scalar; })) out.clear();
  return out;
}

}  // namespace

std::vector<Included> Includes::of(const Node& root, const Variables& variables,
                                   const std::vector<std::filesystem::path>& chain) {
  std::vector<Included> out;
  const Node* include = root.find("include");
  if (include == nullptr || include->kind == NodeKind::null) return out;
  if (include->kind != NodeKind::list) {
    reading_.error(*include, "wrong-type", "include must be a list of files, not " + shown(*include));
    complete_ = false;
    return out;
  }
  for (const Node& item : include->items)
    if (auto found = read(item, variables, chain)) out.push_back(std::move(*found));
  return out;
}

// "path", or a map with path (one or several, merged), project_directory and env_file.
std::optional<Included> Includes::read(const Node& item, const Variables& variables,
                                       const std::vector<std::filesystem::path>& chain) {
  const Node* path = item.kind == NodeKind::map ? item.find("path") : &item;
  const auto paths = path == nullptr ? std::vector<const Node*>{} : scalars_of(*path);
  if (paths.empty()) {
    reading_.error(item, "wrong-type", "an include is the path of a file, or a map with path, project_directory and env_file");
    complete_ = false;
    return std::nullopt;
  }
  std::optional<Included> out;
  for (const Node* each : paths) {
    const std::filesystem::path file = (reading_.within / each->scalar).lexically_normal();
    if (std::ranges::find(chain, file) != chain.end() || chain.size() >= most_steps) {
      reading_.error(*each, "include-cycle",
                     chain.size() >= most_steps ? "more than 32 files include one another in a row" : "this file includes itself",
                     "remove one include");
      complete_ = false;
      return std::nullopt;
    }
    if (!out && !seen_.insert(file).second) return std::nullopt;  // everything of it is there already
    auto root = read_file(file, *each);
    if (!root) return std::nullopt;
    if (out) {
      out->root = merged_project(std::move(out->root), *root);
      continue;
    }
    out.emplace(Included{std::move(*root), file.parent_path(), variables, chain});
    out->chain.push_back(file);
  }
  if (const Node* directory = item.find("project_directory"); directory != nullptr && directory->kind == NodeKind::scalar)
    out->within = (reading_.within / directory->scalar).lexically_normal();
  if (const Node* env_file = item.find("env_file")) {
    for (const Node* each : scalars_of(*env_file)) {
      auto found = read_variables_beside(each->scalar, each->location, reading_);
      if (!found)
        reading_.problem(Severity::warning, each->location, "missing-env-file",
                         "the env_file of an include cannot be read: " + found.error().message);
      else
        for (Variable& variable : *found) out->variables.try_emplace(variable.name, std::move(variable.value));
    }
  }
  return out;
}

std::optional<Node> Includes::read_file(const std::filesystem::path& path, const Node& at) {
  const auto pass_over = [&](const std::string& why) {
    reading_.pass_over("include", at.location, "not read: " + why);
    complete_ = false;
    return std::nullopt;
  };
  if (at.scalar.find("://") != std::string::npos) return pass_over("it is not on this machine");
  if (seen_.size() > most_files) {
    reading_.error(at, "too-large", "more than 64 files are included");
    complete_ = false;
    return std::nullopt;
  }
  const auto text = read_beside(reading_.folder, path.native(), TreeLimits{}.max_bytes);
  auto root = text.and_then([&](const std::string& content) -> Result<Node> {
    if (!reading_.afford(content.size(), at.location)) return fail(ErrorKind::unsupported, "too much is included", path.native());
    return read_yaml(content, (reading_.folder / path).lexically_normal().native());
  });
  if (root) return std::move(*root);
  if (root.error().kind == ErrorKind::unsupported) return pass_over(root.error().text());
  reading_.error(at, "missing-include", "the file that is included cannot be read: " + root.error().text());
  complete_ = false;
  return std::nullopt;
}

}  // namespace conclave::config
