#include "app/desktop/file_links.h"

#include <QCoreApplication>
#include <QDesktopServices>
#include <QFileInfo>
#include <QHash>
#include <QProcess>
#include <QRegularExpression>
#include <QStandardPaths>
#include <QUrl>
#include <algorithm>

namespace conclave::desktop {

namespace {

const auto scheme = QStringLiteral("python-file");

// How an editor is told the line: %1 is the file, %2 the line. Most take "+LINE FILE", as vi does.
const QStringList& lineArguments(const QString& editor) {
  static const QStringList usual{QStringLiteral("+%2"), QStringLiteral("%1")};
  static const QStringList code{QStringLiteral("--goto"), QStringLiteral("%1:%2")};
  static const QStringList colon{QStringLiteral("%1:%2")};
  static const QStringList jetbrains{QStringLiteral("--line"), QStringLiteral("%2"), QStringLiteral("%1")};
  static const QStringList kate{QStringLiteral("-l"), QStringLiteral("%2"), QStringLiteral("%1")};
  static const QStringList mousepad{QStringLiteral("--line=%2"), QStringLiteral("%1")};
  static const QHash<QString, QStringList> known{
      {QStringLiteral("code"), code},        {QStringLiteral("codium"), code},    {QStringLiteral("vscodium"), code},
      {QStringLiteral("subl"), colon},       {QStringLiteral("zed"), colon},      {QStringLiteral("hx"), colon},
      {QStringLiteral("helix"), colon},      {QStringLiteral("atom"), colon},     {QStringLiteral("pycharm"), jetbrains},
      {QStringLiteral("charm"), jetbrains},  {QStringLiteral("idea"), jetbrains}, {QStringLiteral("clion"), jetbrains},
      {QStringLiteral("kate"), kate},        {QStringLiteral("kwrite"), kate},    {QStringLiteral("geany"), kate},
      {QStringLiteral("mousepad"), mousepad}};
  const auto found = known.constFind(editor);
  return found == known.constEnd() ? usual : *found;
}

bool needsTerminal(const QString& editor, const QStringList& options) {
  static const QStringList textual{QStringLiteral("vi"),       QStringLiteral("vim"),      QStringLiteral("nvim"),
                                   QStringLiteral("nano"),     QStringLiteral("pico"),     QStringLiteral("micro"),
                                   QStringLiteral("hx"),       QStringLiteral("helix"),    QStringLiteral("joe"),
                                   QStringLiteral("jed"),      QStringLiteral("mcedit"),   QStringLiteral("ne"),
                                   QStringLiteral("vim.tiny"), QStringLiteral("vim.basic")};
  return textual.contains(editor) || options.contains(QStringLiteral("-nw")) || options.contains(QStringLiteral("-t"));
}

}  // namespace

std::vector<FileLink> fileLinks(const QString& text) {
  static const QRegularExpression place(QStringLiteral("File \"([^\"\\n]+)\", line (\\d{1,9})"));
  std::vector<FileLink> links;
  if (!text.contains(QLatin1String("File \""))) return links;
  for (auto found = place.globalMatch(text); found.hasNext();) {
    const auto match = found.next();
    const QString file = match.captured(1);
    if (file.startsWith(QLatin1Char('<'))) continue;
    links.push_back({match.capturedStart(), match.capturedLength(), file, match.captured(2).toInt()});
  }
  return links;
}

QString toHref(const FileLink& link) {
  return QStringLiteral("%1:%2:%3").arg(scheme).arg(link.line).arg(QString::fromLatin1(QUrl::toPercentEncoding(link.file)));
}

FileLink linkFromHref(const QString& href) {
  const QStringList parts = href.split(QLatin1Char(':'));
  if (parts.size() != 3 || parts[0] != scheme) return {};
  return {0, 0, QUrl::fromPercentEncoding(parts[2].toLatin1()), parts[1].toInt()};
}

EditorCommand editorCommand(const QString& configured, const QString& terminal, const QString& file, int line) {
  QStringList words = QProcess::splitCommand(configured);
  if (words.isEmpty()) return {};
  const QString program = words.takeFirst();
  const QString editor = QFileInfo(program).fileName();
  const bool textual = needsTerminal(editor, words);
  if (textual && terminal.isEmpty()) return {};
  for (QString argument : lineArguments(editor)) {
    argument.replace(QLatin1String("%2"), QString::number(std::max(line, 1)));
    words << argument.replace(QLatin1String("%1"), file);
  }
  if (!textual) return {program, words};
  return {terminal, QStringList{QStringLiteral("-e"), program} + words};
}

QString openInEditor(const QString& file, int line) {
  const auto say = [](const char* text) { return QCoreApplication::translate("openInEditor", text); };
  if (!QFileInfo::exists(file)) return say("%1 does not exist any more").arg(file);
  QString configured = qEnvironmentVariable("VISUAL");
  if (configured.trimmed().isEmpty()) configured = qEnvironmentVariable("EDITOR");
  const QString terminal = QStandardPaths::findExecutable(QStringLiteral("x-terminal-emulator"));
  const EditorCommand command = editorCommand(configured, terminal, file, line);
  if (command.program.isEmpty()) {
    if (QDesktopServices::openUrl(QUrl::fromLocalFile(file))) return {};
    return say("no editor is known for %1: set VISUAL to one").arg(file);
  }
  if (QProcess::startDetached(command.program, command.arguments)) return {};
  return say("cannot start the editor %1").arg(command.program);
}

}  // namespace conclave::desktop
