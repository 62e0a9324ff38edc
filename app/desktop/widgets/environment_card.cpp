#include "app/desktop/widgets/environment_card.h"

#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>
#include <utility>

#include "app/desktop/text.h"
#include "scripting/script_host.h"

namespace conclave::desktop {

namespace {

using scripting::EnvironmentState;

scripting::Environments environments() { return scripting::HostPaths::of_this_program().environments(); }

}  // namespace

EnvironmentCard::EnvironmentCard(Session& session, scripting::PluginInfo plugin, QWidget* parent)
    : Card(tr("Its packages"), parent),
      session_(session),
      plugin_(std::move(plugin)),
      state_(plainLabel(tr("Looking at its environment ..."), QStringLiteral("environment"))),
      make_(new QPushButton) {
  make_->setAutoDefault(false);
  make_->setEnabled(false);
  make_->setObjectName(QStringLiteral("makeEnvironment"));
  make_->setText(tr("Make its environment"));
  auto* row = new QHBoxLayout;
  row->addWidget(make_);
  row->addStretch();
  column()->addWidget(state_);
  column()->addLayout(row);
  connect(make_, &QPushButton::clicked, this, &EnvironmentCard::make);
  look();
}

void EnvironmentCard::look() {
  session_.jobs().run<EnvironmentState>(
      {tr("Looking at an environment"), this, QStringLiteral("look"), true},
      [plugin = plugin_](Job&) -> Result<EnvironmentState> { return environments().state(plugin); },
      [this](const Result<EnvironmentState>& state) {
        if (state) show(*state);
      });
}

void EnvironmentCard::show(const EnvironmentState& state) {
  using Kind = EnvironmentState::Kind;
  ready_ = state.kind == Kind::ready;
  const QString why = qtText(state.why);
  switch (state.kind) {
    case Kind::ready:
      state_->setText(tr("Environment: ready, in %1").arg(qtPath(state.folder)));
      break;
    case Kind::broken:
      state_->setText(tr("Environment: broken: %1. The next consultation makes it anew.").arg(why));
      break;
    case Kind::not_made:
      state_->setText(why.isEmpty() ? tr("Environment: not made yet. The first consultation that asks the plugin makes it.")
                                    : tr("Environment: not made, the last attempt failed: %1").arg(why));
      break;
    case Kind::not_needed:
      state_->setText(tr("Environment: not needed"));
      break;
  }
  make_->setText(ready_ ? tr("Make it anew") : tr("Make its environment"));
  const bool agreed = plugin_.trust != scripting::Trust::untrusted;
  make_->setEnabled(agreed && plugin_.forbidden.empty() && state.kind != Kind::not_needed);
  make_->setToolTip(!agreed ? tr("Nobody agreed to this plugin, so nothing is installed for it")
                    : !plugin_.forbidden.empty()
                        ? qtText(plugin_.forbidden)
                        : tr("Installs wheels with pip, from the package index of your settings; no code of theirs runs "
                             "meanwhile"));
}

void EnvironmentCard::make() {
  make_->setEnabled(false);
  state_->setText(tr("Environment: being made; the jobs dock shows how far it is and stops it."));
  session_.audit({{"plugin.environment", plugin_.name, plugin_.sha256}});
  using scripting::Environments;
  session_.jobs().run<scripting::EnvironmentPtr>(
      {tr("Packages for %1").arg(qtText(plugin_.name)), this, QStringLiteral("make")},
      [plugin = plugin_, how = ready_ ? Environments::How::anew : Environments::How::if_needed](Job& job) {
        return environments().prepare(plugin, job, how);
      },
      [this](const Result<scripting::EnvironmentPtr>&) { look(); });  // a failure is remembered beside it
}

}  // namespace conclave::desktop
