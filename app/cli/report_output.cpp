#include "app/cli/report_output.h"

#include <CLI/CLI.hpp>
#include <filesystem>

#include "app/cli/program.h"
#include "app/cli/terminal.h"
#include "engine/case/render.h"

namespace conclave::cli {

void ReportOutput::add_options(CLI::App& command) {
  command.add_flag("--json", json, "The whole report as JSON");
  command.add_flag("--markdown", markdown, "The report for a ticket or a chat");
  command.add_flag("--html", html, "The report as one self-contained page");
  command.add_flag("--junit", junit, "One test case for each expert and one for the gate");
  command.add_flag("--redact", redact, "Take secrets and addresses out of texts from the evidence (--markdown, --html)");
  command.add_option("-o,--output", file, "Write the report here; its suffix says the format unless an option does")
      ->type_name("FILE");
}

Result<void> ReportOutput::settle() {
  const int formats = int{json} + int{markdown} + int{html} + int{junit};
  if (formats > 1) return fail(ErrorKind::invalid_argument, "choose one of --json, --markdown, --html and --junit");
  if (formats == 0 && !file.empty()) {
    const std::string suffix = std::filesystem::path(file).extension().string();
    json = suffix == ".json";
    markdown = suffix == ".md" || suffix == ".markdown";
    html = suffix == ".html" || suffix == ".htm";
    junit = suffix == ".xml";
  }
  if (redact && !markdown && !html) return fail(ErrorKind::invalid_argument, "--redact goes with --markdown or --html");
  return {};
}

int ReportOutput::write(Program& program, const Report& report) const {
  std::string text;
  if (json) {
    text = json_text(to_json(report));
  } else if (markdown) {
    text = render_markdown(report, redact);
  } else if (html) {
    text = render_html(report, redact);
  } else if (junit) {
    text = render_junit(report);
  } else {
    const int screen = program.out.descriptor();
    text = render_text(report, file.empty() && wants_colour(screen), file.empty() ? terminal_width(screen) : 100);
  }
  if (file.empty()) {
    program.out.write(text);
    return report.exit_code();
  }
  const auto written = write_file(file, text);
  return written ? report.exit_code() : program.failed(written.error());
}

}  // namespace conclave::cli
