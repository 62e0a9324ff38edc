#include "engine/case/redact_evidence.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/security/redaction.h"

namespace conclave {
namespace {

using nlohmann::json;

constexpr std::array plain_columns{"samples.text",    "templates.text", "services.host", "services.address", "logs.command",
                                   "services.detail", "services.unmet", "values.value",  "problems.message", "problems.fix"};
constexpr std::array json_columns{"case.json", "config.json", "config.model", "services.facts", "facts.json", "previous.json"};

std::string redacted_text(std::string_view text) { return text.empty() ? std::string() : security::redact(text).text; }

// Whether the rules take a value of this name out whatever it is.
bool is_secret(const std::string& name) {
  const std::string probe = name + "=x";
  return !name.empty() && security::redact(probe).text != probe;
}

json redacted_json(const json& value, const std::string& name) {
  if (value.is_object()) {
    json out = json::object();
    for (const auto& [key, item] : value.items()) out[key] = redacted_json(item, key);
    return out;
  }
  if (value.is_array()) {
    json out = json::array();
    for (const json& item : value) out.push_back(redacted_json(item, name));
    return out;
  }
  if (!value.is_string()) return value;
  const auto& text = value.get_ref<const std::string&>();
  return is_secret(name) && !text.empty() ? "[redacted secret]" : redacted_text(text);
}

// JSON that cannot be read is left out: nobody could say what is in it.
std::string redacted_json_text(std::string_view text) {
  if (text.empty()) return {};
  const json value = json::parse(text, nullptr, false);
  return value.is_discarded() ? "null" : redacted_json(value, "").dump(-1, ' ', false, json::error_handler_t::replace);
}

template <class Change>
void change_column(const Evidence& evidence, const char* name, EvidenceBuilder& builder, Change change) {
  const std::uint64_t rows = evidence.rows(name);
  if (rows == 0) return;
  std::vector<std::string> texts;
  for (std::size_t row = 0; row < rows; ++row) texts.push_back(change(row));
  builder.add_texts(name, texts);
}

}  // namespace

json redacted(const json& value) { return redacted_json(value, ""); }

Result<EvidencePtr> redacted(const Evidence& evidence) {
  EvidenceBuilder builder;
  for (const char* name : plain_columns) {
    if (std::string_view(name) == "values.value") {
      change_column(evidence, name, builder, [&](std::size_t row) {
        const std::string_view path = evidence.text("values.path", row);
        return redacted_json(std::string(evidence.text("values.value", row)), std::string(path.substr(path.rfind('.') + 1)))
            .get<std::string>();
      });
    } else {
      change_column(evidence, name, builder, [&](std::size_t row) { return redacted_text(evidence.text(name, row)); });
    }
  }
  // A command may hold a password, and is its own name unless the case gives it one.
  change_column(evidence, "logs.name", builder, [&](std::size_t row) {
    const std::string_view name = evidence.text("logs.name", row);
    return evidence.text("logs.command", row).empty() ? std::string(name) : redacted_text(name);
  });
  for (const char* name : json_columns) {
    change_column(evidence, name, builder, [&](std::size_t row) { return redacted_json_text(evidence.text(name, row)); });
  }
  builder.add_missing_from(evidence);
  return std::move(builder).seal();
}

}  // namespace conclave
