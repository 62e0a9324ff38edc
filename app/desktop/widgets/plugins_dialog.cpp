#include "app/desktop/widgets/plugins_dialog.h"

#include <QAction>
#include <QDialogButtonBox>
#include <QDropEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QScrollArea>
#include <QSplitter>
#include <QTreeView>
#include <QUrl>
#include <QVBoxLayout>
#include <algorithm>

#include "app/desktop/file_links.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/card.h"
#include "app/desktop/widgets/plugin_detail.h"
#include "scripting/plugin_switches.h"
#include "scripting/user_plugins.h"

namespace conclave::desktop {

PluginsDialog::PluginsDialog(Session& session, ExpertList& experts, const ThemeController& theme, QWidget* parent)
    : QDialog(parent),
      session_(session),
      experts_(experts),
      theme_(theme),
      list_(theme),
      view_(new QTreeView),
      detail_(new QScrollArea),
      count_(plainLabel({}, QStringLiteral("muted"))),
      message_(plainLabel({})),
      open_(new QPushButton(tr("Open in the &editor"))),
      remove_(new QPushButton(tr("Re&move ..."))),
      agree_(new QPushButton(tr("Agree to the plugins of this &case ..."))) {
  setWindowTitle(tr("Plugins"));
  setAcceptDrops(true);
  resize(1080, 660);
  view_->setModel(&list_);
  view_->setRootIsDecorated(false);
  view_->setUniformRowHeights(true);
  view_->setAlternatingRowColors(true);
  view_->setAccessibleName(tr("Plugins"));
  view_->header()->setStretchLastSection(true);
  view_->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
  detail_->setWidgetResizable(true);
  message_->setObjectName(QStringLiteral("plugins_message"));
  message_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  message_->hide();
  open_->setToolTip(tr("In $VISUAL or $EDITOR, else what your desktop has for such files"));
  remove_->setToolTip(tr("Out of your own plugin folder"));
  agree_->setToolTip(
      tr("Lets run what the case names by path or has in the folder plugins beside it, with the content it has now: writes "
         "conclave.lock"));
  auto* splitter = new QSplitter(Qt::Horizontal);
  splitter->addWidget(view_);
  splitter->addWidget(detail_);
  splitter->setSizes({520, 560});
  splitter->setChildrenCollapsible(false);
  for (auto* button : {agree_, open_, remove_}) button->setAutoDefault(false);
  auto* head = new QHBoxLayout;
  head->addWidget(count_, 1);
  head->addWidget(remove_);
  head->addWidget(open_);
  auto* column = new QVBoxLayout(this);
  column->addLayout(head);
  column->addWidget(message_);
  column->addWidget(splitter, 1);
  column->addWidget(makeFoot());
  connectAll();
  fill();
  readCase();
}

QWidget* PluginsDialog::makeFoot() {
  auto* put = new QPushButton(tr("&Install"));
  put->setToolTip(tr("Copies a plugin into your own plugin folder, %1. A folder or a .py file can be dropped here, too.")
                      .arg(qtPath(scripting::user_plugins_folder())));
  auto* menu = new QMenu(put);
  connect(menu->addAction(tr("A &folder with a plugin.toml ...")), &QAction::triggered, this, [this] {
    if (const auto path = QFileDialog::getExistingDirectory(this, tr("Install a plugin")); !path.isEmpty()) install(path);
  });
  connect(menu->addAction(tr("A single .&py file ...")), &QAction::triggered, this, [this] {
    const auto path = QFileDialog::getOpenFileName(this, tr("Install a plugin"), {}, tr("Python files (*.py)"));
    if (!path.isEmpty()) install(path);
  });
  put->setMenu(menu);
  auto* add = new QPushButton(tr("&Add a folder ..."));
  add->setToolTip(tr("Naming a folder is consent to run the plugins in it that a case names, until Conclave is closed"));
  connect(add, &QPushButton::clicked, this, &PluginsDialog::addFolder);
  auto* reloadAll = new QPushButton(tr("&Reload"));
  reloadAll->setToolTip(tr("Reads all plugins anew; changed code is used from the next consultation on"));
  connect(reloadAll, &QPushButton::clicked, this, &PluginsDialog::reload);
  auto* close = new QDialogButtonBox(QDialogButtonBox::Close);
  connect(close, &QDialogButtonBox::rejected, this, &QDialog::reject);
  auto* foot = new QWidget;
  auto* row = new QHBoxLayout(foot);
  row->setContentsMargins(0, 0, 0, 0);
  for (auto* button : {put, add, reloadAll, agree_}) row->addWidget(button);
  row->addWidget(close, 1);
  for (auto* button : {put, add, reloadAll}) button->setAutoDefault(false);
  return foot;
}

void PluginsDialog::connectAll() {
  connect(open_, &QPushButton::clicked, this, &PluginsDialog::openFile);
  connect(view_, &QTreeView::doubleClicked, this, &PluginsDialog::openFile);
  connect(agree_, &QPushButton::clicked, this, &PluginsDialog::agree);
  connect(remove_, &QPushButton::clicked, this, &PluginsDialog::removeCurrent);
  connect(&list_, &PluginList::switched, this, &PluginsDialog::switchPlugin);
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
  using scripting::CasePlugins;
  session_.jobs().run<CasePlugins>(
      {tr("Reading the plugins of the case"), this, QStringLiteral("case"), true},
      [subject = session_.subject()](Job&) -> Result<CasePlugins> { return scripting::read_case_plugins(*subject); },
      [this](Result<CasePlugins> found) {
        if (found) ofCase_ = std::move(*found);
        fill();
      });
}

void PluginsDialog::say(const QString& text) {
  message_->setText(text);
  message_->setVisible(!text.isEmpty());
}

void PluginsDialog::fill() {
  const std::filesystem::path before = current() ? current()->path : std::filesystem::path();
  auto rows = pluginRows(session_.scripts().catalog().get(), ofCase_, session_.report().get());
  const auto broken = std::count_if(rows.begin(), rows.end(), [](const PluginRow& row) { return !row.plugin; });
  const QString all = counted(rows.size(), "plugin", "plugins");
  count_->setText(broken == 0 ? all : tr("%1, of which %2 cannot be used").arg(all).arg(broken));
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
  const PluginRow* row = current();
  open_->setEnabled(row != nullptr);
  remove_->setEnabled(row && row->origin == scripting::Origin::user);
  auto* detail = new PluginDetail(row, session_, experts_, theme_.theme());
  connect(detail, &PluginDetail::trouble, this, &PluginsDialog::say);
  detail_->setWidget(detail);
}

void PluginsDialog::openFile() {
  const PluginRow* row = current();
  if (!row) return;
  const PluginPlace place = placeOf(*row);
  say(openInEditor(place.file, place.line));
}

void PluginsDialog::addFolder() {
  const QString folder = QFileDialog::getExistingDirectory(this, tr("Add a folder of plugins"));
  if (folder.isEmpty()) return;
  auto dirs = session_.scripts().pluginDirs();
  dirs.push_back(fsPath(folder));
  session_.scripts().setPluginDirs(std::move(dirs));
}

void PluginsDialog::agree() {
  using scripting::CasePlugins;
  session_.jobs().run<CasePlugins>(
      {tr("Agreeing to plugins"), this, QStringLiteral("agree"), true},
      [subject = session_.subject()](Job&) { return scripting::agree_to_case(*subject); },
      [this](const Result<CasePlugins>& agreed) {
        if (!agreed) return say(qtText(agreed.error().text()));
        std::vector<AuditLine> lines;
        for (const auto& plugin : agreed->plugins) lines.push_back({"plugin.agree", plugin.name, plugin.sha256});
        session_.audit(std::move(lines));
        say({});
        readCase();
      });
}

void PluginsDialog::switchPlugin(const QString& name, bool on) {
  session_.jobs().run<void>(
      {tr("Switching a plugin"), this, {}, true},
      [name = name.toStdString(), on](Job&) { return scripting::set_enabled(name, on); },
      [this, name = name.toStdString(), on](const Result<void>& remembered) {
        say(remembered ? QString() : qtText(remembered.error().text()));
        if (remembered) session_.audit({{on ? "plugin.enable" : "plugin.disable", name, {}}});
        reload();  // shows what is remembered
      });
}

void PluginsDialog::install(const QString& path) {
  session_.jobs().run<Offer>(
      {tr("Reading a plugin"), this, QStringLiteral("install"), true},
      [from = fsPath(path)](Job&) -> Result<Offer> {
        auto plugin = scripting::read_users_plugin(from, scripting::Trust::named);
        if (!plugin) return tl::unexpected<Error>(plugin.error());
        Offer offer{std::move(*plugin), {}};
        const auto installed = scripting::read_catalog({}, {}, scripting::user_plugins_folder());
        if (const auto* earlier = installed.find(offer.plugin.name)) offer.earlier = *earlier;
        return offer;
      },
      [this, path](const Result<Offer>& found) {
        if (!found) return say(qtText(found.error().text()));
        offer(path, *found);
      });
}

void PluginsDialog::offer(const QString& path, const Offer& offer) {
  const auto& plugin = offer.plugin;
  const auto version = [](const scripting::PluginInfo& of) {
    return of.version.empty() ? tr("no version given") : tr("version %1").arg(qtText(of.version));
  };
  auto* box = new QMessageBox(this);
  box->setAttribute(Qt::WA_DeleteOnClose);
  box->setWindowTitle(tr("Install a plugin"));
  box->setTextFormat(Qt::PlainText);
  box->setText(offer.earlier ? tr("Replace %1 (%2) by %3?").arg(qtText(plugin.name), version(*offer.earlier), version(plugin))
                             : tr("Install %1 (%2)?").arg(qtText(plugin.name), version(plugin)));
  QStringList lines;
  if (!plugin.summary.empty()) lines << qtText(plugin.summary) << QString();
  lines << permissionsText(plugin);
  if (plugin.kind == "expert") lines << QString() << tr("Every case that names no experts will ask it.");
  box->setInformativeText(lines.join(QLatin1Char('\n')));
  auto* yes = box->addButton(offer.earlier ? tr("&Replace") : tr("&Install"), QMessageBox::AcceptRole);
  box->addButton(QMessageBox::Cancel);
  connect(yes, &QPushButton::clicked, this, [this, path, replace = offer.earlier.has_value()] { installNow(path, replace); });
  box->open();
}

void PluginsDialog::installNow(const QString& path, bool replace) {
  using scripting::PluginInfo;
  session_.jobs().run<PluginInfo>(
      {tr("Installing a plugin"), this, {}, true},
      [from = fsPath(path), replace](Job&) {
        return scripting::install_plugin(from, scripting::HostPaths::of_this_program().plugins, replace);
      },
      [this](const Result<PluginInfo>& plugin) {
        if (!plugin) return say(qtText(plugin.error().text()));
        session_.audit({{"plugin.install", plugin->name, plugin->sha256}});
        say(tr("Installed: %1").arg(qtPath(plugin->path)));
        reload();
      });
}

void PluginsDialog::removeCurrent() {
  const PluginRow* row = current();
  if (!row || row->origin != scripting::Origin::user) return;
  const std::string name = row->plugin ? row->plugin->name : row->path.filename().string();
  auto* box = new QMessageBox(QMessageBox::Question, tr("Remove a plugin"), tr("Remove %1?").arg(qtText(name)),
                              QMessageBox::Cancel, this);
  box->setAttribute(Qt::WA_DeleteOnClose);
  box->setTextFormat(Qt::PlainText);
  box->setInformativeText(tr("%1 will be deleted.").arg(qtPath(row->path)));
  connect(box->addButton(tr("&Remove"), QMessageBox::AcceptRole), &QPushButton::clicked, this, [this, name] { removeNow(name); });
  box->open();
}

void PluginsDialog::removeNow(const std::string& name) {
  using Path = std::filesystem::path;
  session_.jobs().run<Path>(
      {tr("Removing a plugin"), this, {}, true}, [name](Job&) { return scripting::remove_plugin(name); },
      [this, name](const Result<Path>& removed) {
        if (!removed) return say(qtText(removed.error().text()));
        session_.audit({{"plugin.remove", name, removed->string()}});
        say(tr("Removed: %1").arg(qtPath(*removed)));
        reload();
      });
}

void PluginsDialog::dragEnterEvent(QDragEnterEvent* event) {
  const auto urls = event->mimeData()->urls();
  if (urls.size() == 1 && urls.front().isLocalFile()) event->acceptProposedAction();
}

void PluginsDialog::dropEvent(QDropEvent* event) {
  const auto urls = event->mimeData()->urls();
  if (urls.size() != 1 || !urls.front().isLocalFile()) return;
  event->acceptProposedAction();
  install(urls.front().toLocalFile());
}

}  // namespace conclave::desktop
