// What the user must know of plugins and the last start: the search for one that broke it, and the one that was found.
#pragma once

#include <QWidget>

#include "app/desktop/session.h"

namespace conclave::desktop {

class Notice;
class Startup;

// Strips above the pages; hidden while there is nothing to say. GUI thread.
class StartNotices : public QWidget {
  Q_OBJECT
 public:
  explicit StartNotices(Session& session, QWidget* parent = nullptr);
  void follow(Startup& startup);

 Q_SIGNALS:
  void enabled(const QString& plugin);  // the user wants the one that was found, nevertheless
  void failed(const QString& what, const QString& why);

 private:
  void enable();

  Session& session_;
  Notice* searching_;
  Notice* culprit_;
  QString name_;  // of the culprit
};

}  // namespace conclave::desktop
