// Every citation is resolved again: an expert (a model above all) may cite what is not there.

#include <algorithm>
#include <map>

#include "engine/base/text.h"
#include "engine/case/consult.h"
#include "engine/config/path.h"
#include "engine/logs/line_index.h"
#include "engine/logs/source.h"
#include "engine/security/redaction.h"

namespace conclave {
namespace {

constexpr std::size_t max_citations = 10'000;  // of all responses together; the rest stays unverified

std::string excerpt_of(std::string_view text) { return valid_utf8(text.substr(0, most_excerpt_bytes)); }

std::string file_name(std::string_view path) { return std::filesystem::path(path).filename().string(); }

bool same_source(std::string_view named, std::string_view path) { return named == path || named == file_name(path); }

// Lines of files, each opened and indexed at most once.
class FileLines {
 public:
  std::optional<std::string> line(const std::string& path, std::uint64_t number) {
    auto [entry, is_new] = files_.try_emplace(path);
    File& file = entry->second;
    if (is_new) open(path, file);
    if (!file.bytes || number == 0 || number > file.index.line_count()) return std::nullopt;
    return file.bytes->text(file.index.line(file.bytes->view(), number).substr(0, most_excerpt_bytes));
  }

 private:
  struct File {
    std::shared_ptr<const logs::LogBytes> bytes;
    logs::LineIndex index;
  };

  static void open(const std::string& path, File& file) {
    Job job("verifying claims");
    auto bytes = logs::LogBytes::open(path, job);
    if (!bytes) return;
    auto index = logs::LineIndex::build((*bytes)->view(), job);
    if (!index) return;
    file.bytes = std::move(*bytes);
    file.index = std::move(*index);
  }

  std::map<std::string, File> files_;
};

class Verifier {
 public:
  explicit Verifier(const Evidence& evidence) : evidence_(evidence) {}

  void verify(consensus::Citation& citation) {
    std::optional<std::string> excerpt;
    if (verified_++ < max_citations) {
      if (citation.kind == "log") excerpt = log_line(citation);
      if (citation.kind == "template") excerpt = template_text(citation);
      if (citation.kind == "service") excerpt = service_state(citation);
      if (citation.kind == "config") excerpt = config_line(citation);
    }
    citation.verified = excerpt.has_value();
    citation.excerpt = std::move(excerpt).value_or(std::string{});
  }

 private:
  std::optional<std::string> log_line(const consensus::Citation& citation) {
    const auto lines = evidence_.integers("logs.lines");
    for (std::size_t row = 0; row < lines.size(); ++row) {
      const std::string path(evidence_.text("logs.path", row));
      if (!same_log(citation.source, path, row)) continue;
      if (citation.line == 0 || citation.line > static_cast<std::uint64_t>(lines[row])) return std::nullopt;
      return files_.line(path, citation.line);
    }
    return std::nullopt;
  }

  std::optional<std::string> template_text(const consensus::Citation& citation) {
    const auto logs = evidence_.integers("templates.log");
    for (std::size_t row = 0; row < logs.size(); ++row) {
      if (evidence_.text("templates.id", row) != citation.id) continue;
      const auto path = evidence_.text("logs.path", static_cast<std::size_t>(logs[row]));
      if (citation.source.empty() || same_log(citation.source, path, static_cast<std::size_t>(logs[row])))
        return excerpt_of(evidence_.text("templates.text", row));
    }
    return std::nullopt;
  }

  // What a command printed goes by its name.
  [[nodiscard]] bool same_log(std::string_view named, std::string_view path, std::size_t row) const {
    return same_source(named, path) || (!named.empty() && named == evidence_.text("logs.name", row));
  }

  std::optional<std::string> service_state(const consensus::Citation& citation) {
    const std::string& wanted = citation.id.empty() ? citation.source : citation.id;
    const auto ports = evidence_.integers("services.port");
    for (std::size_t row = 0; row < ports.size(); ++row) {
      const std::string target = std::string(evidence_.text("services.host", row)) + ":" + std::to_string(ports[row]);
      if (wanted != evidence_.text("services.name", row) && wanted != target) continue;
      const auto detail = evidence_.text("services.detail", row);
      return target + " is " + std::string(evidence_.text("services.state", row)) +
             (detail.empty() ? std::string{} : " (" + std::string(detail) + ")");
    }
    return std::nullopt;
  }

  // Redacted, since a report is passed around: a claim about a plain-text secret must not spread it.
  std::optional<std::string> config_line(const consensus::Citation& citation) {
    if (const auto row = value_row(citation)) {
      const std::string value(evidence_.text("values.value", *row));
      return security::redact_config(excerpt_of(citation.id + ": " + value)).text;
    }
    const std::uint64_t files = evidence_.rows("config.file");
    for (std::size_t row = 0; row < files && citation.line > 0; ++row) {
      const std::string path(evidence_.text("config.file", row));
      if (!same_source(citation.source, path)) continue;
      const auto line = files_.line(path, citation.line);
      return line ? std::optional(security::redact_config(*line).text) : std::nullopt;
    }
    return std::nullopt;
  }

  // The value a path means. Who does not know of the quotes around keys with dots is understood where only one value can be
  // meant.
  std::optional<std::size_t> value_row(const consensus::Citation& citation) {
    if (citation.id.empty()) return std::nullopt;
    if (values_.empty()) index_values();
    for (const auto* known : {&values_, &unquoted_}) {
      std::optional<std::size_t> found;
      const auto [begin, end] = known->equal_range(citation.id);
      for (auto entry = begin; entry != end; ++entry) {
        if (!citation.source.empty() && !same_source(citation.source, evidence_.text("values.file", entry->second))) continue;
        if (found && known == &unquoted_) return std::nullopt;
        if (!found) found = entry->second;
      }
      if (found) return found;
    }
    return std::nullopt;
  }

  void index_values() {
    for (std::size_t row = 0; row < evidence_.rows("values.path"); ++row) {
      const std::string path(evidence_.text("values.path", row));
      if (path.find('"') != std::string::npos) unquoted_.emplace(config::without_quotes(path), row);
      values_.emplace(path, row);
    }
  }

  const Evidence& evidence_;
  FileLines files_;
  std::multimap<std::string, std::size_t> values_;    // rows by path
  std::multimap<std::string, std::size_t> unquoted_;  // by config::without_quotes(), of those with quotes
  std::size_t verified_ = 0;
};

}  // namespace

void verify_claims(std::span<consensus::ExpertResponse> responses, const Evidence& evidence) {
  Verifier verifier(evidence);
  for (consensus::ExpertResponse& response : responses) {
    for (consensus::Claim& claim : response.claims) {
      for (consensus::Citation& citation : claim.evidence) verifier.verify(citation);
    }
  }
}

}  // namespace conclave
