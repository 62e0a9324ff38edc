#include "app/desktop/opening.h"

#include <QElapsedTimer>
#include <QProcess>
#include <QSaveFile>
#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "app/desktop/text.h"
#include "engine/config/tree.h"

namespace conclave::desktop {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t most_report_bytes = 256U << 20U;
constexpr std::uintmax_t most_case_bytes = 4U << 20U;
constexpr int example_timeout_ms = 120'000;

bool hasSuffix(const fs::path& path, std::initializer_list<const char*> suffixes) {
  const std::string suffix = path.extension().string();
  return std::any_of(suffixes.begin(), suffixes.end(), [&](const char* each) { return suffix == each; });
}

// A YAML file with a key that no infrastructure configuration has. Broken YAML with such a key at the start of a line counts too,
// so that the user sees what is wrong with the case instead of a draft about it.
bool looksLikeCase(const fs::path& path) {
  std::error_code error;
  if (!hasSuffix(path, {".yaml", ".yml"}) || fs::file_size(path, error) > most_case_bytes || error) return false;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("question:") || line.starts_with("experts:") || line.starts_with("logs:") ||
        line.starts_with("verdicts:")) {
      return true;
    }
  }
  return false;
}

Result<std::optional<Report>> readReport(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return fail_io("cannot open", path.string(), error.value());
  if (size > most_report_bytes) return fail(ErrorKind::limit, "too large for a report", path.string());
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail_io("cannot open", path.string(), errno);
  const auto json = nlohmann::json::parse(file, nullptr, false);
  if (json.is_discarded() || !json.is_object() || !json.contains("schema") || !json.contains("receipt")) return std::nullopt;
  auto report = report_from_json(json);
  if (!report) return tl::unexpected<Error>(report.error());
  return std::optional<Report>(std::move(*report));
}

Result<Opened> openCase(const fs::path& path) {
  auto file = read_case_file(path);
  if (!file) return tl::unexpected<Error>(file.error());
  if (!file->usable()) {
    std::ostringstream text;
    text << "the case cannot be used:";
    for (const auto& problem : file->problems) text << "\n" << config::to_text(problem);
    return fail(ErrorKind::parse, text.str(), path.string());
  }
  Opened opened;
  opened.subject = std::move(file->value);
  opened.problems = std::move(file->problems);
  return opened;
}

Result<Opened> openReport(Report report) {
  Opened opened;
  if (!report.case_file.empty()) {
    if (auto original = openCase(report.case_file)) opened = std::move(*original);
  }
  if (opened.subject.file.empty()) {
    opened.subject.name = report.case_name;
    opened.subject.question_text = report.question;
    opened.subject.question = report.receipt.question;
  }
  opened.report = std::move(report);
  return opened;
}

}  // namespace

Result<Opened> openPaths(const std::vector<fs::path>& paths) {
  if (paths.empty()) return fail(ErrorKind::invalid_argument, "nothing to open");
  for (const auto& path : paths) {
    std::error_code error;
    if (!fs::exists(path, error)) return fail_io("cannot open", path.string(), error ? error.value() : ENOENT);
  }
  if (paths.size() == 1 && hasSuffix(paths.front(), {".json"})) {
    auto report = readReport(paths.front());
    if (!report) return tl::unexpected<Error>(report.error());
    if (*report) return openReport(std::move(**report));
  }
  if (paths.size() == 1 && looksLikeCase(paths.front())) return openCase(fs::absolute(paths.front()));

  std::vector<fs::path> whole;
  for (const auto& path : paths) whole.push_back(fs::absolute(path));
  const fs::path base = fs::is_directory(whole.front()) && whole.size() == 1 ? whole.front() : whole.front().parent_path();
  const auto yaml = draft_case(whole, base);
  if (!yaml) return tl::unexpected<Error>(yaml.error());
  auto drafted = read_case(*yaml, base / "new-case.yaml");
  if (!drafted) return tl::unexpected<Error>(drafted.error());
  Opened opened;
  opened.subject = std::move(drafted->value);
  opened.subject.file.clear();
  opened.problems = std::move(drafted->problems);
  opened.draftedFrom = std::move(whole);
  return opened;
}

Result<fs::path> makeExample(const fs::path& generator, const fs::path& folder, Job& job) {
  const fs::path made = folder / "case.yaml";
  std::error_code error;
  if (fs::exists(made, error) && fs::exists(generator, error) &&
      fs::last_write_time(made, error) >= fs::last_write_time(generator, error)) {
    return made;
  }
  if (!fs::exists(generator, error)) return fail(ErrorKind::not_found, "the example's generator is missing", generator.string());
  job.begin("making the example incident", 0, "");
  QProcess process;
  process.setProcessChannelMode(QProcess::MergedChannels);
  process.start(QStringLiteral("/usr/bin/python3"), {qtPath(generator), qtPath(folder)});
  if (!process.waitForStarted()) {
    return fail(ErrorKind::io, "cannot start /usr/bin/python3: " + process.errorString().toStdString());
  }
  QElapsedTimer elapsed;
  elapsed.start();
  while (!process.waitForFinished(50)) {
    if (process.state() == QProcess::NotRunning) break;
    if (!job.stopped() && elapsed.elapsed() < example_timeout_ms) continue;
    process.kill();
    process.waitForFinished(1000);
    fs::remove(made, error);
    return job.stopped() ? Result<fs::path>(fail_cancelled())
                         : Result<fs::path>(fail(ErrorKind::limit, "making the example took too long", generator.string()));
  }
  if (process.exitStatus() != QProcess::NormalExit || process.exitCode() != 0 || !fs::exists(made, error)) {
    fs::remove(made, error);
    return fail(ErrorKind::infrastructure, "making the example failed: " + process.readAll().right(2000).trimmed().toStdString(),
                generator.string());
  }
  return made;
}

Result<void> writeFile(const fs::path& file, std::string_view text) {
  QSaveFile out(qtPath(file));
  if (!out.open(QIODevice::WriteOnly) || out.write(text.data(), static_cast<qint64>(text.size())) < 0 || !out.commit()) {
    return fail(ErrorKind::io, "cannot write: " + out.errorString().toStdString(), file.string());
  }
  return {};
}

}  // namespace conclave::desktop
