// The list of messages; a double click or Enter goes to the place of one.
#pragma once

#include <QWidget>

#include "app/desktop/models/messages.h"

class QTreeView;

namespace conclave::desktop {

class MessagesPanel : public QWidget {
  Q_OBJECT
 public:
  explicit MessagesPanel(Messages& messages, QWidget* parent = nullptr);

 Q_SIGNALS:
  void placeRequested(const conclave::desktop::Place& place);

 private:
  void copySelected();
  Messages& messages_;
  QTreeView* view_;
};

}  // namespace conclave::desktop
