// What was typed into the window's console, across sessions and windows.
#pragma once

#include <QString>
#include <QStringList>
#include <filesystem>

namespace conclave::desktop {

// A file of JSON strings, one a line, that is only appended to, so that several windows may share it. It is the user's alone
// (0600), since what is typed may hold secrets. GUI thread; lines that cannot be read are skipped.
class ConsoleHistory {
 public:
  static constexpr int most = 1000;

  explicit ConsoleHistory(std::filesystem::path file) : file_(std::move(file)) {}
  // Newest last, at most `most`; shortens a file that has grown far beyond that.
  [[nodiscard]] QStringList load() const;
  bool add(const QString& source) const;  // false: it could not be written

 private:
  std::filesystem::path file_;
};

}  // namespace conclave::desktop
