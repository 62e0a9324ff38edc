#include "app/desktop/widgets/plugin_detail.h"

#include <QLabel>
#include <QVBoxLayout>
#include <algorithm>

#include "app/desktop/text.h"
#include "app/desktop/widgets/card.h"
#include "app/desktop/widgets/environment_card.h"
#include "app/desktop/widgets/linked_text.h"
#include "app/desktop/widgets/settings_form.h"

namespace conclave::desktop {

namespace {

constexpr int most_traceback_rows = 14;
constexpr int digest_shown = 16;

QString settingText(const scripting::Setting& setting) {
  const QString value = qtText(setting.default_value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  const QString help = setting.help.empty() ? QString() : QStringLiteral("  ·  ") + qtText(setting.help);
  return QStringLiteral("%1 = %2%3").arg(qtText(setting.name), value, help);
}

}  // namespace

PluginDetail::PluginDetail(const PluginRow* row, Session& session, ExpertList& experts, const Theme& theme, QWidget* parent)
    : QWidget(parent), experts_(experts) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(4, 0, 4, 0);
  if (row && row->plugin) {
    column->addWidget(about(*row));
    if (row->failure) column->addWidget(failure(*row->failure->error, theme));
    auto* may = new Card(tr("What it may do"));
    for (const auto& line : permissionsText(*row->plugin)) may->column()->addWidget(plainLabel(line));
    column->addWidget(may);
    if (scripting::needs_environment(*row->plugin)) column->addWidget(new EnvironmentCard(session, *row->plugin));
    if (!row->plugin->settings.empty()) column->addWidget(settings(*row->plugin, session.subject()));
  } else if (row) {
    auto* broken = new Card(qtPath(row->path.filename()));
    broken->column()->addWidget(plainLabel(tr("It cannot be used:")));
    broken->column()->addWidget(plainLabel(row->trouble));
    broken->column()->addWidget(plainLabel(qtPath(row->path), QStringLiteral("muted")));
    column->addWidget(broken);
  } else {
    column->addWidget(plainLabel(tr("No plugins are known yet."), QStringLiteral("muted")));
  }
  column->addStretch();
}

Card* PluginDetail::about(const PluginRow& row) {
  const auto& plugin = *row.plugin;
  auto* card = new Card(qtText(plugin.name));
  if (!plugin.summary.empty()) card->column()->addWidget(plainLabel(qtText(plugin.summary)));
  card->column()->addWidget(plainLabel(
      tr("%1 of scope %2  ·  version %3  ·  content %4")
          .arg(qtText(plugin.kind), qtText(plugin.scope), plugin.version.empty() ? tr("not given") : qtText(plugin.version),
               qtText(plugin.sha256).left(digest_shown)),
      QStringLiteral("muted")));
  card->column()->addWidget(plainLabel(qtPath(plugin.path), QStringLiteral("muted")));
  if (!plugin.enabled) {
    card->column()->addWidget(plainLabel(tr("It is off: it does not run, whoever asks for it.")));
  } else if (plugin.trust == scripting::Trust::untrusted) {
    card->column()->addWidget(plainLabel(tr("It may not run yet: nobody agreed to what it contains now.")));
  }
  return card;
}

Card* PluginDetail::failure(const consensus::ResponseError& error, const Theme& theme) {
  auto* card = new Card(tr("Its last failure"));
  card->column()->addWidget(plainLabel(QStringLiteral("%1: %2").arg(qtText(error.type), qtText(error.message))));
  if (error.traceback.empty()) return card;
  auto* trace = new LinkedText;
  trace->setObjectName(QStringLiteral("traceback"));
  trace->setAccessibleName(tr("Traceback"));
  trace->setLineWrapMode(QPlainTextEdit::NoWrap);
  trace->write(qtText(error.traceback).trimmed(), theme.text, theme.accent);
  const int rows = std::min(trace->document()->blockCount() + 2, most_traceback_rows);
  trace->setFixedHeight(rows * trace->fontMetrics().lineSpacing());
  connect(trace, &LinkedText::trouble, this, &PluginDetail::trouble);
  card->column()->addWidget(trace);
  return card;
}

Card* PluginDetail::settings(const scripting::PluginInfo& plugin, const CasePtr& subject) {
  const bool isExpert = plugin.kind == "expert";
  const int row = isExpert && subject ? experts_.rowOf(plugin, subject->base) : -1;
  if (row < 0) {
    auto* card = new Card(tr("Settings and their defaults"));
    if (isExpert && !subject)
      card->column()->addWidget(plainLabel(tr("They belong to a case: open one to change them."), QStringLiteral("muted")));
    for (const auto& setting : plugin.settings) card->column()->addWidget(plainLabel(settingText(setting)));
    return card;
  }
  auto* card = new Card(tr("Settings"));
  card->column()->addWidget(
      plainLabel(tr("For the next consultations of the open case. Its file is not changed; what should last is said there."),
                 QStringLiteral("muted")));
  auto* form = new SettingsForm(plugin.settings, experts_.at(row).settings);
  connect(form, &SettingsForm::edited, this, [this, form, plugin, base = subject->base] {
    if (const int at = experts_.rowOf(plugin, base); at >= 0) experts_.setSettings(at, form->values());
  });
  card->column()->addWidget(form);
  return card;
}

}  // namespace conclave::desktop
