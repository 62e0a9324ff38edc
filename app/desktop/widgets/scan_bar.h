// How services are asked: by which probe, once or over and over, begin and stop. What was chosen is remembered; nothing is asked
// before the button is pressed.
#pragma once

#include <QTimer>
#include <QWidget>
#include <string>

class QComboBox;
class QPushButton;

namespace conclave::desktop {

// GUI thread.
class ScanBar : public QWidget {
  Q_OBJECT
 public:
  explicit ScanBar(QWidget* parent = nullptr);

  [[nodiscard]] std::string probe() const;  // as Session::AskServices takes it
  void setKnown(bool known);                // whether anything was asked before, for the button
  void began();                             // a scan
  void ended();                             // and it is well for the next one
  void forget();                            // asks no more; a scan that runs is the owner's
  [[nodiscard]] QString next() const;       // "next in 25 s"; empty where there is none

 Q_SIGNALS:
  void wanted();   // a scan, now
  void stopped();  // the one that runs, and those that would come
  void ticked();   // next() is another; about once a second

 private:
  [[nodiscard]] int interval() const;  // ms; 0: once
  void refresh();
  void plan();

  QComboBox* probe_;
  QComboBox* every_;
  QPushButton* button_;
  QTimer due_;   // runs while the next scan is waited for
  QTimer tick_;  // the same
  qint64 beganMs_ = 0;
  bool known_ = false;
  bool scanning_ = false;
  bool repeating_ = false;
};

}  // namespace conclave::desktop
