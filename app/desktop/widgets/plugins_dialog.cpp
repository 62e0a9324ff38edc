#include "app/desktop/widgets/plugins_dialog.h"

#include <QDialogButtonBox>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QSplitter>
#include <QTreeView>
#include <QVBoxLayout>
#include <algorithm>

#include "app/desktop/file_links.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/card.h"
#include "app/desktop/widgets/linked_text.h"

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

PluginsDialog::PluginsDialog(Session& session, const ThemeController& theme, QWidget* parent)
    : QDialog(parent),
      session_(session),
      theme_(theme),
      list_(theme),
      view_(new QTreeView),
      detail_(new QScrollArea),
      message_(plainLabel({}, QStringLiteral("muted"))),
      open_(new QPushButton(tr("Open in the &editor"))),
      settings_(new QPushButton(tr("&Settings"))),
      agree_(new QPushButton(tr("Agree to the plugins of this &case ..."))) {
  setWindowTitle(tr("Plugins"));
  resize(980, 620);
  view_->setModel(&list_);
  view_->setRootIsDecorated(false);
  view_->setUniformRowHeights(true);
  view_->setAlternatingRowColors(true);
  view_->setAccessibleName(tr("Plugins"));
  view_->header()->setStretchLastSection(true);
  view_->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
  detail_->setWidgetResizable(true);
  open_->setToolTip(tr("In $VISUAL or $EDITOR, else what your desktop has for such files"));
  settings_->setToolTip(tr("On the page of experts, for the next consultations"));
  agree_->setToolTip(
      tr("Lets what the case names by path run, with the content it has now: writes conclave.lock beside the case"));
  auto* add = new QPushButton(tr("&Add a folder ..."));
  add->setToolTip(tr("Naming a folder is consent to run the plugins in it that a case names, until Conclave is closed"));
  auto* reloadAll = new QPushButton(tr("&Reload"));
  reloadAll->setToolTip(tr("Reads all plugins anew; changed code is used from the next consultation on"));
  auto* splitter = new QSplitter(Qt::Horizontal);
  splitter->addWidget(view_);
  splitter->addWidget(detail_);
  splitter->setSizes({440, 540});
  splitter->setChildrenCollapsible(false);
  auto* close = new QDialogButtonBox(QDialogButtonBox::Close);
  auto* foot = new QHBoxLayout;
  for (auto* button : {add, reloadAll, agree_}) foot->addWidget(button);
  foot->addWidget(close, 1);
  for (auto* button : {add, reloadAll, agree_, open_, settings_}) button->setAutoDefault(false);
  auto* head = new QHBoxLayout;
  head->addWidget(message_, 1);
  head->addWidget(settings_);
  head->addWidget(open_);
  auto* column = new QVBoxLayout(this);
  column->addLayout(head);
  column->addWidget(splitter, 1);
  column->addLayout(foot);
  connect(close, &QDialogButtonBox::rejected, this, &QDialog::reject);
  connect(add, &QPushButton::clicked, this, &PluginsDialog::addFolder);
  connect(reloadAll, &QPushButton::clicked, this, &PluginsDialog::reload);
  connectAll();
  fill();
  readCase();
}

void PluginsDialog::connectAll() {
  connect(open_, &QPushButton::clicked, this, &PluginsDialog::openFile);
  connect(view_, &QTreeView::doubleClicked, this, &PluginsDialog::openFile);
  connect(agree_, &QPushButton::clicked, this, &PluginsDialog::agree);
  connect(settings_, &QPushButton::clicked, this, [this] {
    if (const auto* row = current(); row && row->plugin) Q_EMIT settingsRequested(qtText(row->plugin->name));
  });
  connect(view_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &PluginsDialog::showDetail);
  connect(&session_.scripts(), &Scripts::catalogChanged, this, &PluginsDialog::fill);
  connect(&session_, &Session::reportReady, this, &PluginsDialog::fill);
  connect(&session_, &Session::caseOpened, this, &PluginsDialog::readCase);
}

const PluginRow* PluginsDialog::current() const {
  const QModelIndex index = view_->currentIndex();
  return index.isValid() ? &list_.at(index.row()) : nullptr;
}

void PluginsDialog::reload() {
  session_.scripts().readCatalog();
  readCase();
}

void PluginsDialog::readCase() {
  ofCase_ = {};
  if (!session_.subject()) return fill();
  session_.jobs().run<CasePlugins>(
      {tr("Reading the plugins of the case"), this, QStringLiteral("case"), true},
      [subject = session_.subject()](Job&) { return readCasePlugins(*subject); },
      [this](Result<CasePlugins> found) {
        if (found) ofCase_ = std::move(*found);
        fill();
      });
}

void PluginsDialog::fill() {
  const std::filesystem::path before = current() ? current()->path : std::filesystem::path();
  auto rows = pluginRows(session_.scripts().catalog().get(), ofCase_, session_.report().get());
  const auto broken = std::count_if(rows.begin(), rows.end(), [](const PluginRow& row) { return !row.plugin; });
  message_->setText(broken == 0
                        ? counted(rows.size(), "plugin", "plugins")
                        : tr("%1, of which %2 cannot be used").arg(counted(rows.size(), "plugin", "plugins")).arg(broken));
  list_.show(std::move(rows));
  const int row = std::max(list_.rowOf(before), 0);
  if (list_.rowCount() > 0) view_->setCurrentIndex(list_.index(row, 0));
  const auto& plugins = ofCase_.plugins;
  agree_->setVisible(!plugins.empty());
  agree_->setEnabled(std::any_of(plugins.begin(), plugins.end(),
                                 [](const auto& plugin) { return plugin.trust == scripting::Trust::untrusted; }));
  showDetail();
}

void PluginsDialog::showDetail() {
  auto* content = new QWidget;
  auto* column = new QVBoxLayout(content);
  column->setContentsMargins(4, 0, 4, 0);
  const PluginRow* row = current();
  open_->setEnabled(row != nullptr);
  settings_->setEnabled(row && row->plugin && row->plugin->kind == "expert" && !row->plugin->settings.empty());
  if (row && row->plugin) {
    const auto& plugin = *row->plugin;
    auto* about = new Card(qtText(plugin.name));
    if (!plugin.summary.empty()) about->column()->addWidget(plainLabel(qtText(plugin.summary)));
    about->column()->addWidget(plainLabel(
        tr("%1 of scope %2  ·  version %3  ·  content %4")
            .arg(qtText(plugin.kind), qtText(plugin.scope), plugin.version.empty() ? tr("not given") : qtText(plugin.version),
                 qtText(plugin.sha256).left(digest_shown)),
        QStringLiteral("muted")));
    about->column()->addWidget(plainLabel(qtPath(plugin.path), QStringLiteral("muted")));
    if (plugin.trust == scripting::Trust::untrusted)
      about->column()->addWidget(plainLabel(tr("It may not run yet: nobody agreed to what it contains now.")));
    column->addWidget(about);
    if (row->failure) column->addWidget(failureOf(*row));
    auto* may = new Card(tr("What it may do"));
    for (const auto& line : permissionsText(plugin)) may->column()->addWidget(plainLabel(line));
    column->addWidget(may);
    if (!plugin.settings.empty()) {
      auto* settings = new Card(tr("Settings and their defaults"));
      for (const auto& setting : plugin.settings) settings->column()->addWidget(plainLabel(settingText(setting)));
      column->addWidget(settings);
    }
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
  detail_->setWidget(content);
}

QWidget* PluginsDialog::failureOf(const PluginRow& row) {
  const auto& error = *row.failure->error;
  auto* card = new Card(tr("Its last failure"));
  card->column()->addWidget(plainLabel(QStringLiteral("%1: %2").arg(qtText(error.type), qtText(error.message))));
  if (error.traceback.empty()) return card;
  auto* trace = new LinkedText;
  trace->setObjectName(QStringLiteral("traceback"));
  trace->setAccessibleName(tr("Traceback"));
  trace->setLineWrapMode(QPlainTextEdit::NoWrap);
  trace->write(qtText(error.traceback).trimmed(), theme_.theme().text, theme_.theme().accent);
  const int rows = std::min(trace->document()->blockCount() + 2, most_traceback_rows);
  trace->setFixedHeight(rows * trace->fontMetrics().lineSpacing());
  connect(trace, &LinkedText::trouble, message_, &QLabel::setText);
  card->column()->addWidget(trace);
  return card;
}

void PluginsDialog::openFile() {
  const PluginRow* row = current();
  if (!row) return;
  const PluginPlace place = placeOf(*row);
  if (const QString why = openInEditor(place.file, place.line); !why.isEmpty()) message_->setText(why);
}

void PluginsDialog::addFolder() {
  const QString folder = QFileDialog::getExistingDirectory(this, tr("Add a folder of plugins"));
  if (folder.isEmpty()) return;
  auto dirs = session_.scripts().pluginDirs();
  dirs.push_back(fsPath(folder));
  session_.scripts().setPluginDirs(std::move(dirs));
}

void PluginsDialog::agree() {
  using Plugins = std::vector<scripting::PluginInfo>;
  session_.jobs().run<Plugins>(
      {tr("Agreeing to plugins"), this, QStringLiteral("agree"), true},
      [subject = session_.subject()](Job&) { return agreeToCasePlugins(*subject); },
      [this](const Result<Plugins>& plugins) {
        if (!plugins) return message_->setText(qtText(plugins.error().text()));
        std::vector<AuditLine> lines;
        for (const auto& plugin : *plugins) lines.push_back({"plugin.agree", plugin.name, plugin.sha256});
        session_.audit(std::move(lines));
        readCase();
      });
}

}  // namespace conclave::desktop
