#include "scripting/plugin_manifest.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <span>
#include <utility>

#include "engine/base/text.h"
#include "engine/base/toml_table.h"
#include "engine/security/key_ring.h"
#include "scripting/requirements.h"

namespace conclave::scripting {
namespace {

constexpr std::array<std::string_view, 5> kinds{"expert", "hook", "probe", "rule", "embedding"};
constexpr std::array<std::string_view, 4> setting_types{"int", "float", "bool", "str"};
constexpr double longest_time_s = 86'400;

bool is_identifier(std::string_view text) {
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c >= 0x80; });
}

bool is_plugin_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; });
}

std::string joined(std::span<const std::string_view> names) {
  std::string text;
  for (const auto name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

// What it wants installed, and for which Python.
void read_needs(TomlTable& table, std::string_view requirements, std::string_view python, PluginInfo& info,
                TomlFindings& findings) {
  if (const auto* list = table.typed<toml::array>(requirements, "a list of strings")) {
    for (const toml::node& item : *list) {
      const auto* text = item.as_string();
      Result<Requirement> requirement = fail(ErrorKind::parse, "must be a list of strings");
      if (text != nullptr) requirement = parse_requirement(text->get());
      if (requirement)
        info.requirements.push_back(text->get());
      else
        findings.add(item.source(), std::string(requirements) + ": " + valid_utf8(requirement.error().message));
    }
  }
  if (const auto* node = table.text(python, info.requires_python)) {
    const auto fits = fits_python(info.requires_python);
    if (!fits)
      findings.add(node->source(), std::string(python) + ": " + fits.error().message);
    else if (!*fits)
      findings.add(node->source(), "needs Python " + info.requires_python + "; Conclave runs " + std::string(python_version()));
  }
}

void read_entry(const std::string& entry, const toml::node& at, PluginInfo& info, TomlFindings& findings) {
  const auto colon = entry.find(':');
  info.module = entry.substr(0, colon);
  info.function = colon == std::string::npos ? "" : entry.substr(colon + 1);
  if (!is_identifier(info.module) || (colon != std::string::npos && !is_identifier(info.function))) {
    findings.add(at.source(), "entry must be 'module:function', for example 'error_bursts:assess', not '" + entry + "'");
  }
}

void read_default(Setting& setting, const toml::node& node, TomlFindings& findings) {
  if (setting.type == "bool" && node.is_boolean()) {
    setting.default_value = node.as_boolean()->get();
  } else if (setting.type == "str" && node.is_string()) {
    setting.default_value = node.as_string()->get();
  } else if (setting.type == "int" && node.is_integer()) {
    setting.default_value = node.as_integer()->get();
  } else if (const auto number = node.value<double>();
             setting.type == "float" && node.is_number() && number && std::isfinite(*number)) {
    setting.default_value = *number;
  } else {
    findings.add(node.source(), "the default of setting '" + setting.name + "' must be of its type, " + setting.type);
  }
}

void read_settings(const toml::table& settings, PluginInfo& info, TomlFindings& findings) {
  for (const auto& [key, node] : settings) {
    const toml::table* table = node.as_table();
    if (table == nullptr || !is_identifier(key.str())) {
      findings.add(key.source(), "settings." + std::string(key.str()) + " must be a table named like a Python variable");
      continue;
    }
    Setting setting;
    setting.name = key.str();
    TomlTable reader(*table, "settings." + setting.name + ".", findings);
    const toml::node* type = reader.text("type", setting.type);
    reader.text("help", setting.help);
    reader.boolean("names_secret", setting.names_secret);
    const toml::node* default_value = reader.any("default");
    if (std::find(setting_types.begin(), setting_types.end(), setting.type) == setting_types.end()) {
      findings.add((type != nullptr ? *type : node).source(),
                   "the type of setting '" + setting.name + "' must be one of " + joined(setting_types));
    } else if (default_value == nullptr) {
      findings.add(node.source(), "setting '" + setting.name + "' needs a default");
    } else {
      read_default(setting, *default_value, findings);
    }
    if (setting.names_secret && setting.type != "str") {
      findings.add(node.source(), "setting '" + setting.name + "' names a secret, so its type must be str");
    }
    reader.finish();
    info.settings.push_back(std::move(setting));
  }
}

void read_limits_and_permissions(TomlTable& top, PluginInfo& info, TomlFindings& findings) {
  if (const auto* limits = top.table("limits")) {
    TomlTable reader(*limits, "limits.", findings);
    reader.number("time_s", info.time_s, 0.01, longest_time_s);
    reader.number("memory_mb", info.memory_mb, 1, 1U << 20U);
    reader.number("output_kb", info.output_kb, 0, 1U << 20U);
    reader.finish();
  }
  if (const auto* permissions = top.table("permissions")) {
    TomlTable reader(*permissions, "permissions.", findings);
    reader.texts("network", info.network);
    reader.texts("read", info.read);
    reader.texts("write", info.write);
    reader.boolean("subprocess", info.subprocess);
    reader.boolean("raw_evidence", info.raw_evidence);
    reader.texts("secrets", info.secrets);
    for (const std::string& secret : info.secrets) {
      if (security::is_secret_name(secret)) continue;
      findings.add(permissions->source(), "permissions.secrets: '" + secret + "' is no name such as OPENAI_API_KEY");
    }
    reader.finish();
  }
}

void read_table(const toml::table& table, bool is_folder, PluginInfo& info, TomlFindings& findings) {
  TomlTable top(table, "", findings);
  if (const auto* name = top.text("name", info.name); name != nullptr && !is_plugin_name(info.name)) {
    findings.add(name->source(), "name must be 1 to 64 letters, digits, '_', '-' or '.', not '" + info.name + "'");
  } else if (is_folder && name == nullptr && top.raw().get("name") == nullptr) {
    findings.add(table.source(), "name is missing");
  }
  top.text("version", info.version);
  top.text("scope", info.scope);
  top.text("summary", info.summary);
  if (const auto* kind = top.text("kind", info.kind);
      kind != nullptr && std::find(kinds.begin(), kinds.end(), info.kind) == kinds.end()) {
    findings.add(kind->source(),
                 "kind must be one of " + joined(kinds) + ", not '" + info.kind + "'" + did_you_mean(info.kind, kinds));
  }
  if (const auto* api = top.typed<toml::value<std::int64_t>>("api", "a whole number"); api != nullptr && api->get() != 1) {
    findings.add(api->source(), "api " + std::to_string(api->get()) + " is not known; this program knows api 1");
  }
  if (const auto* runner = top.text("runner", info.runner);
      runner != nullptr && info.runner != "in_process" && info.runner != "isolated") {
    findings.add(runner->source(), "runner must be in_process or isolated, not '" + info.runner + "'");
  }
  if (is_folder) {
    std::string entry;
    if (const auto* at = top.text("entry", entry)) {
      read_entry(entry, *at, info, findings);
    } else if (top.raw().get("entry") == nullptr) {
      findings.add(table.source(), "entry is missing, for example entry = \"error_bursts:assess\"");
    }
    read_needs(top, "requirements", "requires_python", info, findings);
  }
  read_limits_and_permissions(top, info, findings);
  if (info.kind == "probe" && !info.network.empty())
    findings.add(table.source(), "a probe talks on the connection that it is given; permissions.network is not for probes");
  if (const auto* settings = top.table("settings")) read_settings(*settings, info, findings);
  top.finish();
}

// One pass over the lines of a source file: the inline header of PEP 723, the decorator, the first line of the docstring.
struct SourceScan {
  std::string header;  // TOML without "# "
  int header_line = 0;
  int header_count = 0;
  std::string decorator_kind;  // expert, hook, rule, embedding or probe
  std::string scope;
  std::string summary;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  return text;
}

// PEP 723: the block ends at the last "# ///" of an unbroken run of comment lines. Returns the index after it, or `first` if
// nothing ends it.
std::size_t read_block(std::span<const std::string_view> lines, std::size_t first, SourceScan& scan) {
  std::size_t end = 0;
  for (std::size_t i = first; i < lines.size() && (lines[i] == "#" || lines[i].starts_with("# ")); ++i) {
    if (lines[i] == "# ///") end = i;
  }
  if (end == 0) return first;
  ++scan.header_count;
  scan.header_line = static_cast<int>(first) + 1;
  scan.header.clear();
  for (std::size_t i = first; i < end; ++i) {
    scan.header += lines[i].size() > 2 ? lines[i].substr(2) : std::string_view{};
    scan.header += '\n';
  }
  return end + 1;
}

// The text of scope="..." in the first line of a decorator.
std::string literal_scope(std::string_view line) {
  const auto at = line.find("scope");
  if (at == std::string_view::npos) return {};
  auto rest = trimmed(line.substr(at + 5));
  if (!rest.starts_with('=')) return {};
  rest = trimmed(rest.substr(1));
  if (rest.empty() || (rest.front() != '"' && rest.front() != '\'')) return {};
  const auto end = rest.find(rest.front(), 1);
  return end == std::string_view::npos ? std::string{} : std::string(rest.substr(1, end - 1));
}

SourceScan scan_source(std::string_view source) {
  if (source.starts_with("\xEF\xBB\xBF")) source.remove_prefix(3);
  std::vector<std::string_view> lines;
  while (!source.empty()) {
    const auto end = std::min(source.find('\n'), source.size());
    auto line = source.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    source.remove_prefix(std::min(end + 1, source.size()));
  }
  SourceScan scan;
  bool before_code = true;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto line = lines[i];
    if (line == "# /// script") {
      i = read_block(lines, i + 1, scan) - 1;
      continue;
    }
    for (const std::string_view quotes : {"\"\"\"", "'''"}) {
      if (before_code && line.starts_with(quotes)) {
        const auto rest = line.substr(3);
        scan.summary = trimmed(rest.substr(0, rest.find(quotes)));
      }
    }
    if (!line.empty() && line.front() != '#') before_code = false;
    if (!scan.decorator_kind.empty()) continue;
    for (const std::string_view kind : {"expert", "hook", "rule", "embedding", "probe"}) {
      for (const std::string_view prefix : {"@conclave.", "@"}) {
        if (!line.starts_with(prefix) || !line.substr(prefix.size()).starts_with(kind)) continue;
        const auto rest = trimmed(line.substr(prefix.size() + kind.size()));
        if (!rest.empty() && rest.front() != '(' && rest.front() != '#') continue;
        scan.decorator_kind = kind;
        scan.scope = literal_scope(rest);
      }
    }
  }
  return scan;
}

}  // namespace

Result<void> read_manifest(std::string_view toml, const std::string& file_name, PluginInfo& info) {
  auto table = parse_toml(toml, file_name);
  if (!table) return tl::unexpected(std::move(table.error()));
  TomlFindings findings(file_name);
  read_table(*table, true, info, findings);
  return findings.result();
}

Result<bool> read_file_header(std::string_view source, const std::string& file_name, PluginInfo& info) {
  const SourceScan scan = scan_source(source);
  info.summary = valid_utf8(scan.summary);
  if (!scan.decorator_kind.empty()) info.kind = scan.decorator_kind;
  if (!scan.scope.empty()) info.scope = valid_utf8(scan.scope);
  if (scan.header_count > 1) {
    return fail(ErrorKind::parse, "more than one '# /// script' block", file_name + ":" + std::to_string(scan.header_line));
  }
  bool has_table = false;
  if (scan.header_count == 1) {
    auto header = parse_toml(scan.header, file_name, scan.header_line, 3);
    if (!header) return tl::unexpected(std::move(header.error()));
    TomlFindings findings(file_name, scan.header_line, 3);
    TomlTable top(*header, "", findings);
    read_needs(top, "dependencies", "requires-python", info, findings);
    if (const auto* tool = header->get("tool"); tool != nullptr && tool->is_table()) {
      if (const toml::node* own = tool->as_table()->get("conclave")) {
        has_table = true;
        if (own->is_table()) {
          read_table(*own->as_table(), false, info, findings);
        } else {
          findings.add(own->source(), "tool.conclave must be a table");
        }
      }
    }
    if (auto result = findings.result(); !result && (has_table || !scan.decorator_kind.empty())) {
      return tl::unexpected(std::move(result.error()));
    }
  }
  return has_table || !scan.decorator_kind.empty();
}

}  // namespace conclave::scripting
