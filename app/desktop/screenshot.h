// Makes a picture of the window for the README: waits until the case is consulted and all is quiet, grabs, quits.
#pragma once

#include <QObject>
#include <QTimer>

#include "app/desktop/main_window.h"
#include "app/desktop/session.h"

namespace conclave::desktop {

// Owner: main(). The process ends with 0 when the picture is written, 1 otherwise (after 120 s at the latest).
class Screenshot : public QObject {
  Q_OBJECT
 public:
  Screenshot(Session& session, MainWindow& window, QString file, QString page);

 private:
  void look();
  void finish(int code);

  Session& session_;
  MainWindow& window_;
  QString file_;
  QString page_;
  QTimer timer_;
  int quietTicks_ = 0;
  int ticks_ = 0;
  bool asked_ = false;
};

}  // namespace conclave::desktop
