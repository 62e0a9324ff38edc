// Which fields of a structured log a pane shows as columns.
#include <QMenu>
#include <QSettings>
#include <QToolButton>

#include "app/desktop/models/log_columns.h"
#include "app/desktop/widgets/log_pane.h"
#include "app/desktop/widgets/log_view.h"
#include "app/desktop/widgets/log_view_layout.h"

namespace conclave::desktop {

namespace {

constexpr auto shown_key = "logs/columns_shown";

bool showsColumns() { return QSettings().value(QLatin1String(shown_key), true).toBool(); }

QStringList namesOf(const LogColumns& columns) {
  QStringList names;
  for (const auto& each : columns.columns()) names << each.name;
  return names;
}

}  // namespace

void LogPane::refreshColumns() {
  const auto columns = LogColumns::ofLog(document_.text(), chosenColumns(document_.path()));
  columnsButton_->setVisible(columns != nullptr);
  view_->setColumns(showsColumns() ? columns : nullptr);
}

void LogPane::refreshColumnsOfFew() {
  constexpr quint64 few = 1000;
  const LogText& text = document_.text();
  if (text.lineCount() < few && LogColumns::ofLog(text)) refreshColumns();
}

void LogPane::fillColumnsMenu() {
  columnsMenu_->clear();
  const auto columns = LogColumns::ofLog(document_.text(), chosenColumns(document_.path()));
  if (!columns) return;
  const auto add = [&](const QString& text, bool isOn, auto act) {
    auto* action = columnsMenu_->addAction(text);
    action->setCheckable(true);
    action->setChecked(isOn);
    connect(action, &QAction::triggered, this, act);
    return action;
  };
  const auto choose = [this](const QStringList& names) {
    chooseColumns(document_.path(), names);
    QSettings().setValue(QLatin1String(shown_key), true);
    refreshColumns();
  };
  add(tr("&Show columns"), showsColumns(), [this](bool shows) {
    QSettings().setValue(QLatin1String(shown_key), shows);
    refreshColumns();
  });
  add(tr("The &usual ones"), chosenColumns(document_.path()).isEmpty(), [choose] { choose({}); });
  columnsMenu_->addSeparator();
  const QStringList shown = namesOf(*columns);
  for (const QString& name : columns->names()) {
    add(menuText(name), shown.contains(name), [choose, shown, name, columns](bool isOn) {
      QStringList names = shown;
      const bool endsWithMessage = !names.isEmpty() && columns->columns().back().role == logs::FieldRole::message;
      if (!isOn) {
        names.removeAll(name);
      } else if (endsWithMessage) {
        names.insert(names.size() - 1, name);
      } else {
        names << name;
      }
      choose(names);
    });
  }
}

}  // namespace conclave::desktop
