// conclave-desktop: the window. Builds the objects that own everything, shows the window at once, starts Python behind it.
#include <QApplication>
#include <QCommandLineParser>
#include <QDir>
#include <QElapsedTimer>
#include <QStandardPaths>

#include "app/desktop/main_window.h"
#include "app/desktop/screenshot.h"
#include "app/desktop/startup.h"
#include "app/desktop/text.h"
#include "engine/store/store.h"

using namespace conclave;
using namespace conclave::desktop;

namespace {

constexpr int usage_exit_code = 2;
constexpr int start_patience_ms = 20'000;

// Python is never finalised: once it runs, the process ends through its host.
int leave(Jobs& jobs, Scripts& scripts, Startup& startup, int code) {
  startup.leave();
  jobs.cancelAll();
  QElapsedTimer waited;
  waited.start();
  while (scripts.state() == Scripts::State::starting && waited.elapsed() < start_patience_ms) {
    QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents, 50);
  }
  if (const auto host = scripts.host()) host->exit(code);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  QApplication app(argc, argv);
  QCoreApplication::setOrganizationName(QStringLiteral("Conclave"));
  QCoreApplication::setApplicationName(QStringLiteral("conclave"));
  QCoreApplication::setApplicationVersion(QStringLiteral(CONCLAVE_VERSION));
  QGuiApplication::setApplicationDisplayName(QStringLiteral("Conclave"));
  QGuiApplication::setDesktopFileName(QStringLiteral("conclave"));

  QCommandLineParser parser;
  parser.setApplicationDescription(
      QCoreApplication::translate("main", "A workbench that judges logs, services and configuration with a circle of experts."));
  parser.addHelpOption();
  parser.addVersionOption();
  parser.addPositionalArgument(QStringLiteral("case"),
                               QCoreApplication::translate("main", "Case file, report, or evidence to draft a case of."),
                               QStringLiteral("[CASE.yaml]"));
  const QCommandLineOption picture(QStringLiteral("screenshot"),
                                   QStringLiteral("Consult, write a picture of the window to FILE and quit."),
                                   QStringLiteral("FILE"));
  const QCommandLineOption size(QStringLiteral("size"), QStringLiteral("Size of the window."), QStringLiteral("WxH"));
  const QCommandLineOption look(QStringLiteral("theme"), QStringLiteral("light or dark, for this run."), QStringLiteral("NAME"));
  const QCommandLineOption page(QStringLiteral("page"), QStringLiteral("Page to show first."), QStringLiteral("NAME"));
  const QCommandLineOption quit(QStringLiteral("quit-after-start"), QStringLiteral("Quit as soon as the start is complete."));
  const QCommandLineOption plugins(QStringLiteral("plugins"),
                                   QStringLiteral("Another folder with plugins; naming it is consent to run them."),
                                   QStringLiteral("DIR"));
  const QCommandLineOption trust(
      QStringLiteral("trust"), QStringLiteral("Run this plugin inside the window, with all its rights."), QStringLiteral("NAME"));
  parser.addOptions({picture, size, look, page, quit, plugins, trust});
  parser.process(app);

  const QDir program(QCoreApplication::applicationDirPath());
  Jobs jobs;
  Scripts scripts(jobs);
  ThemeController theme;
  if (parser.isSet(look)) {
    const QString name = parser.value(look);
    if (name != QLatin1String("light") && name != QLatin1String("dark")) {
      qCritical("--theme is light or dark, not %s", qPrintable(name));
      return usage_exit_code;
    }
    theme.showOnly(name == QLatin1String("dark") ? ThemeController::Mode::dark : ThemeController::Mode::light);
  }
  Session session(jobs, scripts,
                  {fsPath(program.absoluteFilePath(QStringLiteral("../share/conclave/resources"))),
                   fsPath(QStandardPaths::writableLocation(QStandardPaths::CacheLocation)), store::default_store_path(),
                   default_audit_path()});
  Startup startup(jobs, scripts, scripting::default_starts_file());
  MainWindow window(session, theme);
  window.follow(startup);
  if (parser.isSet(size)) {
    const QStringList parts = parser.value(size).split(QLatin1Char('x'));
    const QSize wanted = parts.size() == 2 ? QSize(parts[0].toInt(), parts[1].toInt()) : QSize();
    if (wanted.isEmpty()) {
      qCritical("--size is WIDTHxHEIGHT, for example 1280x800");
      return usage_exit_code;
    }
    window.resize(wanted);
  }
  window.show();
  std::vector<std::filesystem::path> folders;
  for (const QString& folder : parser.values(plugins)) folders.push_back(fsPath(folder));
  scripts.setPluginDirs(std::move(folders));
  std::vector<std::string> trusted;
  for (const QString& name : parser.values(trust)) trusted.push_back(name.toStdString());
  scripts.setTrusted(std::move(trusted));
  scripts.start([](scripting::OutputSink sink) {
    return scripting::ScriptHost::start(scripting::HostPaths::of_this_program(), std::move(sink));
  });
  if (!parser.positionalArguments().isEmpty()) session.open(parser.positionalArguments());
  if (parser.isSet(page)) window.showPage(parser.value(page));
  if (parser.isSet(quit)) {
    window.setAsksBeforeClosing(false);
    QObject::connect(&startup, &Startup::completed, &window, &QWidget::close, Qt::QueuedConnection);
  }
  std::optional<Screenshot> screenshot;
  if (parser.isSet(picture)) screenshot.emplace(session, window, parser.value(picture), parser.value(page));
  const int code = QApplication::exec();
  return leave(jobs, scripts, startup, code);
}
