// The case at a glance: logs, services, configuration and problems, each leading to its place.
#pragma once

#include <QStandardItemModel>

#include "app/desktop/place.h"
#include "app/desktop/session.h"
#include "app/desktop/theme.h"

namespace conclave::desktop {

// Before evidence is gathered it shows what the case names, afterwards what was found. GUI thread.
class EvidenceTree : public QStandardItemModel {
  Q_OBJECT
 public:
  explicit EvidenceTree(const ThemeController& theme, QObject* parent = nullptr);

  void show(const CasePtr& subject, const GatheredPtr& gathered);
  [[nodiscard]] std::optional<Place> placeAt(const QModelIndex& index) const;

 Q_SIGNALS:
  void rebuilt();  // views have lost what was expanded

 private:
  void rebuild();
  QStandardItem* section(const QString& title, const QString& icon, std::size_t count);
  void add(QStandardItem* section, const QString& name, const QString& detail, const QString& tip, const QColor& colour,
           const std::optional<Place>& place);
  void addLogs(const Evidence& evidence);
  void addServices(const Evidence& evidence);
  void addConfig(const Evidence& evidence);
  void addProblems(const std::vector<config::Problem>& problems);
  void addNamed(const Case& subject);

  const ThemeController& theme_;
  CasePtr case_;
  GatheredPtr gathered_;
};

}  // namespace conclave::desktop
