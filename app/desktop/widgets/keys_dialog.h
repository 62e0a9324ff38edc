// The API keys that experts may be given: names are listed, values go in and are never shown.
#pragma once

#include <QDialog>
#include <QStringList>
#include <functional>
#include <optional>

#include "app/desktop/jobs.h"
#include "app/desktop/keys.h"

class QCheckBox;
class QLabel;
class QLineEdit;
class QListWidget;
class QPushButton;

namespace conclave::desktop {

// The ring is read and changed in jobs; meanwhile the dialog takes no input.
class KeysDialog : public QDialog {
  Q_OBJECT
 public:
  KeysDialog(Jobs& jobs, Keys& keys, QWidget* parent = nullptr);

 private:
  struct State {
    QStringList names;
    std::optional<security::OpenedBy> openedBy;  // nothing: no ring yet
    QString said = {};                           // of the change that was asked for
  };
  static Result<State> read(const security::KeyRing& ring, const QString& said = {});
  void run(
      const QString& what, std::function<Result<State>(Job&)> work, std::function<void()> done = [] {});
  void refresh();
  void keep();
  void remove();

  Jobs& jobs_;
  Keys& keys_;
  State state_;
  bool busy_ = false;
  bool usable_ = false;  // the ring was read
  QListWidget* list_;
  QPushButton* remove_;
  QLineEdit* name_;
  QLineEdit* value_;
  QCheckBox* protect_;
  QLabel* passphrase_label_;
  QLineEdit* passphrase_;
  QPushButton* keep_;
  QPushButton* unlock_;
  QLabel* about_;
  QLabel* message_;
};

// "API keys ...", which opens the dialog over its window.
[[nodiscard]] QPushButton* keysButton(Jobs& jobs, Keys& keys);

}  // namespace conclave::desktop
