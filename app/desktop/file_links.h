// Places in Python files that a text names, and the user's editor that opens them.
#pragma once

#include <QString>
#include <QStringList>
#include <vector>

namespace conclave::desktop {

struct FileLink {
  qsizetype begin = 0;  // of the place in the text, and how long it is
  qsizetype length = 0;
  QString file;
  int line = 0;  // 1-based
  bool operator==(const FileLink&) const = default;
};

// 'File "/a/b.py", line 12' as tracebacks have it; what was typed in the console ("<console 3>") is no file.
[[nodiscard]] std::vector<FileLink> fileLinks(const QString& text);

// As the href of an anchor, and back; nothing for another href.
[[nodiscard]] QString toHref(const FileLink& link);
[[nodiscard]] FileLink linkFromHref(const QString& href);

struct EditorCommand {
  QString program;  // empty: the desktop shall choose
  QStringList arguments;
  bool operator==(const EditorCommand&) const = default;
};

// What opens `file` at `line` with the editor `configured` ($VISUAL or $EDITOR, a command whose words may be in double quotes).
// An editor that needs a terminal gets one from `terminal` ("x-terminal-emulator"), and without one the desktop chooses.
[[nodiscard]] EditorCommand editorCommand(const QString& configured, const QString& terminal, const QString& file, int line);

// Opens it in $VISUAL, $EDITOR or what the desktop has for such files. What the user is told if that fails, else empty. GUI
// thread.
[[nodiscard]] QString openInEditor(const QString& file, int line);

}  // namespace conclave::desktop
