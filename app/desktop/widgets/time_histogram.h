// How many lines a log has over time and how grave they are. A drag chooses a time range, a double click gives it back.
#pragma once

#include <QWidget>
#include <optional>

#include "app/desktop/models/time_buckets.h"
#include "app/desktop/theme.h"

class QCPBars;
class QCPItemRect;
class QCPItemStraightLine;
class QCPItemText;
class QCustomPlot;

namespace conclave::desktop {

// GUI thread.
class TimeHistogram : public QWidget {
  Q_OBJECT
 public:
  explicit TimeHistogram(QWidget* parent = nullptr);

  void show(const TimeBuckets& buckets, std::optional<TimeUs> change);
  void setRange(const std::optional<TimeRange>& range);  // the one that is drawn as chosen
  void setTheme(const Theme& theme);
  [[nodiscard]] bool hasBuckets() const { return !bars_.buckets.empty(); }
  [[nodiscard]] const TimeBuckets& bars() const { return bars_; }
  // For the place of a time on the widget, in its pixels.
  [[nodiscard]] int xOf(TimeUs time) const;

 Q_SIGNALS:
  void rangeChosen(qint64 from, qint64 to);  // us
  void rangeCleared();
  void lineRequested(quint64 line);  // a click on a bar with errors: its first one

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  void rebuild();
  void drawRange();
  void press(QMouseEvent* event);
  void move(QMouseEvent* event);
  void release(QMouseEvent* event);
  [[nodiscard]] const TimeBucket* barAt(double x) const;
  [[nodiscard]] TimeRange snapped(double from, double to) const;

  Theme theme_;
  TimeBuckets fine_, bars_;
  std::optional<TimeUs> change_;
  std::optional<TimeRange> range_;
  std::optional<int> pressed_;  // x
  bool brushing_ = false;
  QCustomPlot* plot_;
  QCPBars* errors_;
  QCPBars* warnings_;
  QCPBars* others_;
  QCPItemRect* chosen_;
  QCPItemStraightLine* changeLine_;
  QCPItemText* changeText_;
};

}  // namespace conclave::desktop
