// The user's agreement to commands that logs of a case come from, asked for before a consultation.
#pragma once

#include <QDialog>
#include <vector>

#include "app/desktop/session.h"

class QComboBox;

namespace conclave::desktop {

// Shows every line whole. GUI thread; nothing is decided before it is accepted, and what policies forbid cannot be chosen.
class CommandConsent : public QDialog {
  Q_OBJECT
 public:
  explicit CommandConsent(CasePtr subject, QWidget* parent = nullptr);
  [[nodiscard]] const CasePtr& subject() const { return case_; }
  // For each command that the user may decide on.
  [[nodiscard]] std::vector<CommandDecision> decisions() const;

 private:
  QWidget* row(const LogCommand& command);

  CasePtr case_;
  struct Choice {
    std::string line;
    QComboBox* box;
  };
  std::vector<Choice> choices_;
};

}  // namespace conclave::desktop
