// Everything that is known of one service: what answers, its certificates, its answer by phases, and what scans found before.
#pragma once

#include <QWidget>

#include "app/desktop/models/service_table.h"

class QLabel;

namespace conclave::desktop {

class ScanTimeline;

// GUI thread.
class ServiceDetails : public QWidget {
  Q_OBJECT
 public:
  explicit ServiceDetails(const ThemeController& theme, QWidget* parent = nullptr);

  void show(const ServiceTable::Row& row);
  [[nodiscard]] ScanTimeline& timeline() { return *timeline_; }
  [[nodiscard]] QString text() const;  // without its looks

 private:
  const ThemeController& theme_;
  QLabel* title_;
  QLabel* facts_;
  QLabel* past_;
  ScanTimeline* timeline_;
};

}  // namespace conclave::desktop
