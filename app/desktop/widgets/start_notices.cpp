#include "app/desktop/widgets/start_notices.h"

#include <QVBoxLayout>

#include "app/desktop/startup.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/notice.h"
#include "scripting/plugin_switches.h"

namespace conclave::desktop {

StartNotices::StartNotices(Session& session, QWidget* parent)
    : QWidget(parent), session_(session), searching_(new Notice), culprit_(new Notice(tr("Enable it again"))) {
  searching_->setAccessibleName(tr("Search for a plugin that broke a start"));
  culprit_->setAccessibleName(tr("Plugin that broke a start"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(searching_);
  column->addWidget(culprit_);
  connect(culprit_, &Notice::acted, this, &StartNotices::enable);
}

void StartNotices::follow(Startup& startup) {
  connect(&startup, &Startup::searching, searching_, &Notice::say);
  connect(&startup, &Startup::found, this, [this](const QString& plugin, const QString& text) {
    name_ = plugin;
    culprit_->say(text);
    session_.audit({{"plugin.disable", plugin.toStdString(), "it broke the last start"}});
  });
}

void StartNotices::enable() {
  session_.jobs().run<void>(
      {tr("Enabling a plugin"), this, {}, true},
      [name = name_.toStdString()](Job&) { return scripting::set_enabled(name, true); },
      [this](const Result<void>& remembered) {
        if (!remembered) return Q_EMIT failed(tr("%1 cannot be enabled").arg(name_), qtText(remembered.error().text()));
        session_.audit({{"plugin.enable", name_.toStdString(), {}}});
        culprit_->say({});
        session_.scripts().readCatalog();
        Q_EMIT enabled(name_);
      });
}

}  // namespace conclave::desktop
