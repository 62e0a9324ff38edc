#include <algorithm>

#include "engine/config/compose.h"
#include "engine/config/read_file.h"

namespace conclave::config {
namespace {

constexpr std::size_t most_steps = 32;
constexpr std::size_t most_files = 64;

std::size_t weight(const Node& node) {
  std::size_t total = sizeof(Node) + node.scalar.size();
  for (const Node& item : node.items) total += weight(item);
  for (const auto& [key, value] : node.entries) total += sizeof(Node) + key.scalar.size() + weight(value);
  return total;
}

}  // namespace

Node Extensions::resolved(const std::string& name, const Node& service) {
  if (service.kind != NodeKind::map || service.find("extends") == nullptr) return service;
  std::vector<Step> chain = {{{}, name}};
  return resolve(service, chain);
}

Node Extensions::resolve(const Node& service, std::vector<Step>& chain) {
  const Node* extends = service.find("extends");
  Node own = service;
  std::erase_if(own.entries, [](const auto& entry) { return entry.first.scalar == "extends"; });
  if (extends == nullptr) return own;
  const Node* name = extends->kind == NodeKind::map ? extends->find("service") : extends;
  const Node* file = extends->find("file");
  if (name == nullptr || name->kind != NodeKind::scalar || (file != nullptr && file->kind != NodeKind::scalar)) {
    reading_.error(*extends, "wrong-type", "extends must be the name of a service, or a map with service and file");
    return own;
  }
  Step next{chain.back().file, name->scalar};
  if (file != nullptr) {
    const Step& here = chain.back();
    next.file = ((here.file.empty() ? reading_.within : here.file.parent_path()) / file->scalar).lexically_normal();
  }
  if (std::ranges::find(chain, next) != chain.end() || chain.size() >= most_steps) {
    reading_.error(*extends, "extends-cycle",
                   chain.size() >= most_steps ? "service '" + chain.front().service + "' extends more than 32 others in a row"
                                              : "service '" + name->scalar + "' extends itself by way of others",
                   "remove one extends");
    return own;
  }
  const Node* services = next.file.empty() ? &services_ : services_of(next.file, *extends);
  if (services == nullptr || !reading_.afford(services->entries.size(), extends->location)) return own;
  const Node* base = services->find(name->scalar);
  if (base == nullptr || base->kind != NodeKind::map) {
    reading_.error(*name, "undefined-service", "service '" + name->scalar + "', which is extended here, is not defined",
                   next.file.empty() ? "" : "look into " + next.file.native());
    return own;
  }
  if (!reading_.afford(weight(*base), extends->location)) return own;
  chain.push_back(std::move(next));
  return merged_service(resolve(*base, chain), own);
}

const Node* Extensions::services_of(const std::filesystem::path& file, const Node& at) {
  auto found = files_.find(file);
  if (found == files_.end()) {
    if (files_.size() >= most_files) {
      reading_.error(at, "too-large", "this file extends services of more than 64 others");
      return nullptr;
    }
    found = files_.try_emplace(file).first;
    const auto text = read_beside(reading_.folder, file.native(), TreeLimits{}.max_bytes);
    auto root = text.and_then(
        [&](const std::string& content) { return read_yaml(content, (reading_.folder / file).lexically_normal().native()); });
    if (!root) {
      if (root.error().kind == ErrorKind::unsupported)
        reading_.pass_over("extends", at.location, root.error().text());
      else
        reading_.error(at, "undefined-service", "the file that is extended cannot be read: " + root.error().text());
    } else {
      interpolate(*root, variables_, reading_);
      if (const Node* services = root->find("services")) found->second = *services;
    }
  }
  return found->second.kind == NodeKind::map ? &found->second : nullptr;
}

}  // namespace conclave::config
