// Watches a file that is written: more lines at its end, or another file in its place. And the journal, as it grows.
#pragma once

#include <QObject>
#include <QTimer>

#include "app/desktop/jobs.h"
#include "app/desktop/models/log_text.h"

namespace conclave::desktop {

// Owner: a log document. GUI thread; looking and reading are jobs. Looks ten times a second, less often where reading takes
// long. What is still the same log is told by what it says: it begins with the same bytes, and has the same ones before what is
// new.
class LogFollower : public QObject {
  Q_OBJECT
 public:
  explicit LogFollower(Jobs& jobs, QObject* parent = nullptr);
  void follow(const LogText& text);  // from what is known of it on, all its lines
  void stop();
  [[nodiscard]] const QString& problem() const { return problem_; }  // of the last look; empty: none. Looking goes on

 Q_SIGNALS:
  void grew(const conclave::desktop::LogText& text);  // which is followed from now on
  void replaced();                                    // rotated, truncated or written anew; nothing is followed any more

 private:
  void look();

  Jobs& jobs_;
  LogText text_;
  quint64 file_ = 0;  // inode when it was last read; 0: not looked at yet
  QString problem_;
  QTimer timer_;
  Jobs::Id job_ = 0;
};

}  // namespace conclave::desktop
