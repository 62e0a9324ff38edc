// What scans found of one service, one after the other: its states as a band, its latencies above it, and the scan that is
// looked at in words. Keyboard: left and right go from scan to scan, with Ctrl from change to change, Home and End to the ends.
#pragma once

#include <QWidget>
#include <vector>

#include "app/desktop/theme.h"
#include "engine/scan/history.h"

namespace conclave::desktop {

// GUI thread.
class ScanTimeline : public QWidget {
  Q_OBJECT
 public:
  explicit ScanTimeline(QWidget* parent = nullptr);

  // Oldest first. The newest one is looked at, unless an older one was and is still there.
  void show(std::vector<scan::Observation> scans, scan::State expected);
  void setTheme(const Theme& theme);
  [[nodiscard]] int current() const { return current_; }  // -1: none
  void setCurrent(int scan);
  [[nodiscard]] QString words() const;  // of the scan that is looked at, or that there is none

  [[nodiscard]] QSize sizeHint() const override { return {420, 150}; }
  [[nodiscard]] QSize minimumSizeHint() const override { return {220, 110}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;

 private:
  [[nodiscard]] QRectF plot() const;
  [[nodiscard]] double xOf(std::size_t scan) const;  // its middle
  [[nodiscard]] int scanAt(double x) const;
  [[nodiscard]] int nextChange(int from, int step) const;

  Theme theme_;
  std::vector<scan::Observation> scans_;
  scan::State expected_ = scan::State::open;
  int current_ = -1;
};

}  // namespace conclave::desktop
