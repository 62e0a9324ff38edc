#include "app/desktop/pages/experts_page.h"

#include <QFileDialog>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QSettings>
#include <QSplitter>
#include <QTabWidget>
#include <QTreeView>
#include <QVBoxLayout>

#include "app/desktop/models/record_table.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/endpoint_consent.h"
#include "app/desktop/widgets/expert_card.h"
#include "app/desktop/widgets/find_bar.h"
#include "app/desktop/widgets/keys_dialog.h"
#include "app/desktop/widgets/searches.h"
#include "app/desktop/widgets/settings_form.h"
#include "app/desktop/widgets/track_records.h"

namespace conclave::desktop {

namespace {
const auto splitter_key = QStringLiteral("experts/splitter");

// What the consent says is sent is true of this one only.
bool asksForConsent(const scripting::PluginInfo& plugin) {
  return plugin.name == "language_model" && plugin.trust == scripting::Trust::shipped;
}
}  // namespace

ExpertsPage::ExpertsPage(Session& session, const ThemeController& theme, QWidget* parent)
    : Page(parent),
      session_(session),
      theme_(theme),
      experts_(theme),
      hint_(plainLabel({}, QStringLiteral("muted"))),
      view_(new QTreeView),
      detail_(new QScrollArea),
      splitter_(new QSplitter(Qt::Vertical)),
      records_(new TrackRecords(session.judgements(), theme)),
      tabs_(new QTabWidget),
      findBar_(new FindBar(*this, tr("Find an expert"), theme)),
      finder_(new Finder(*findBar_, std::make_unique<RowSearch>(*view_))) {
  finder_->setParent(this);
  view_->setModel(&experts_);
  view_->setRootIsDecorated(false);
  view_->setUniformRowHeights(true);
  view_->setAlternatingRowColors(true);
  view_->setObjectName(QStringLiteral("circle"));
  view_->setAccessibleName(tr("Experts"));
  view_->header()->setStretchLastSection(false);
  view_->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
  view_->header()->setSectionResizeMode(ExpertList::result_column, QHeaderView::Stretch);
  detail_->setWidgetResizable(true);
  splitter_->addWidget(view_);
  splitter_->addWidget(detail_);
  splitter_->setSizes({260, 400});
  splitter_->setStretchFactor(0, 0);
  splitter_->setStretchFactor(1, 1);
  splitter_->restoreState(QSettings().value(splitter_key).toByteArray());

  auto* folder = new QPushButton(tr("Add a folder of plugins ..."));
  folder->setToolTip(tr("Naming a folder is consent to run the plugins in it that a case names, until Conclave is closed"));
  auto* head = new QHBoxLayout;
  head->addWidget(hint_, 1);
  head->addWidget(folder);
  head->addWidget(keysButton(session_.jobs(), session_.keys()));
  auto* circle = new QWidget;
  auto* rows = new QVBoxLayout(circle);
  rows->setContentsMargins(0, 8, 0, 0);
  rows->addLayout(head);
  rows->addWidget(splitter_, 1);
  tabs_->setDocumentMode(true);
  tabs_->addTab(circle, tr("Circle"));
  tabs_->addTab(records_, tr("Track record"));
  tabs_->setTabToolTip(0, tr("Who is asked in the next consultation"));
  tabs_->setTabToolTip(1, tr("How often each was right, of what you judged"));
  auto* column = new QVBoxLayout;
  column->setContentsMargins(16, 8, 16, 12);
  column->addWidget(tabs_, 1);
  putTogether(column, findBar_);

  // At once, not in a destructor: the process leaves through the script host, which destroys no widgets.
  connect(splitter_, &QSplitter::splitterMoved, this, [this] { QSettings().setValue(splitter_key, splitter_->saveState()); });
  connect(folder, &QPushButton::clicked, this, &ExpertsPage::addFolder);
  connect(&session_.scripts(), &Scripts::catalogChanged, this, &ExpertsPage::reload);
  connect(&session_.scripts(), &Scripts::stateChanged, this, &ExpertsPage::refreshHint);
  connect(&session_, &Session::answered, this, [this] { experts_.showResults(session_.answers()); });
  connect(&experts_, &ExpertList::choiceEdited, this, [this] { session_.setExperts(experts_.choices()); });
  connect(view_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &ExpertsPage::showDetail);
  connect(&session_.judgements(), &Judgements::changed, this, [this] { experts_.showRecords(session_.judgements().judged()); });
  connect(records_, &TrackRecords::reportWanted, this, [this] { Q_EMIT placeRequested({Place::Kind::expert}); });
  reload();
}

// Others may have judged in the meantime.
void ExpertsPage::showEvent(QShowEvent* event) {
  Page::showEvent(event);
  session_.judgements().read();
}

void ExpertsPage::showCase(const CasePtr& subject) {
  case_ = subject;
  report_ = nullptr;
  if (subject) records_->preferQuestion(subject->question);
  reload();
}

void ExpertsPage::showReport(const ReportPtr& report) {
  report_ = report;
  experts_.showResults(report ? report->responses : std::vector<consensus::ExpertResponse>());
  showDetail();
}

void ExpertsPage::applyTheme(const Theme&) {
  showDetail();
  records_->applyTheme();
  findBar_->applyTheme();
}

void ExpertsPage::find() {
  if (experts_.rowCount() == 0) return;
  tabs_->setCurrentIndex(0);
  finder_->open();
}

void ExpertsPage::reload() {
  CasePtr subject = case_;
  if (subject && session_.experts()) {  // what the user chose since survives plugins that are read anew
    Case chosen = *subject;
    chosen.experts = *session_.experts();
    subject = std::make_shared<const Case>(std::move(chosen));
  }
  experts_.show(session_.scripts().catalog(), subject);
  experts_.showRecords(session_.judgements().judged());
  if (report_) experts_.showResults(report_->responses);
  if (experts_.rowCount() > 0) view_->setCurrentIndex(experts_.index(0, 0));
  refreshHint();
  showDetail();
}

void ExpertsPage::refreshHint() {
  const auto catalog = session_.scripts().catalog();
  QStringList words;
  if (session_.scripts().state() == Scripts::State::unavailable) words << tr("Without Python no expert can be asked.");
  if (session_.scripts().state() == Scripts::State::starting) words << tr("Python is starting ...");
  if (catalog) words << tr("Checked experts are asked in the next consultation.");
  if (catalog) {
    for (const auto& problem : catalog->problems)
      words << QStringLiteral("%1: %2").arg(qtPath(problem.path), qtText(problem.message));
  }
  hint_->setText(words.join(QLatin1Char('\n')));
}

void ExpertsPage::showDetail() {
  const QModelIndex current = view_->currentIndex();
  auto* content = new QWidget;
  auto* column = new QVBoxLayout(content);
  column->setContentsMargins(0, 8, 0, 0);
  if (current.isValid()) {
    const auto& row = experts_.at(current.row());
    auto* about = new Card(qtText(row.plugin.name));
    if (!row.plugin.summary.empty()) about->column()->addWidget(plainLabel(qtText(row.plugin.summary)));
    QStringList facts;
    if (!row.plugin.version.empty()) facts << tr("version %1").arg(qtText(row.plugin.version));
    facts << tr("scope %1").arg(qtText(row.plugin.scope)) << trustText(row.plugin.trust)
          << tr("at most %1").arg(secondsText(row.plugin.time_s));
    if (!row.plugin.network.empty()) {
      QStringList hosts;
      for (const auto& host : row.plugin.network) hosts << qtText(host);
      facts << tr("asks %1").arg(hosts.join(QStringLiteral(", ")));
    }
    about->column()->addWidget(plainLabel(facts.join(QStringLiteral("  ·  ")), QStringLiteral("muted")));
    if (!row.record.isEmpty())
      about->column()->addWidget(plainLabel(tr("Track record: %1").arg(row.record), QStringLiteral("muted")));
    if (!row.plugin.path.empty()) about->column()->addWidget(plainLabel(qtPath(row.plugin.path), QStringLiteral("muted")));
    if (!row.plugin.settings.empty()) {
      auto* form = new SettingsForm(row.plugin.settings, row.settings);
      connect(form, &SettingsForm::edited, this, [this, form, at = current.row()] { experts_.setSettings(at, form->values()); });
      if (asksForConsent(row.plugin)) {  // above the form, whose end is far down
        auto* consent = new EndpointConsent(row.settings);
        connect(form, &SettingsForm::edited, consent, [form, consent] { consent->setSettings(form->values()); });
        connect(consent, &EndpointConsent::decided, &session_, [this](const QString& endpoint, bool allowed) {
          session_.audit({audit_of_endpoint(endpoint.toStdString(), allowed, "in the window")});
        });
        about->column()->addWidget(consent);
      }
      about->column()->addWidget(form);
    }
    column->addWidget(about);
    if (row.last) {
      const auto question = report_ ? report_->receipt.question : case_ ? case_->question : consensus::Question{};
      auto* card = new ExpertCard(*row.last, question, theme_);
      connect(card, &ExpertCard::placeRequested, this, &Page::placeRequested);
      column->addWidget(card);
    }
  } else {
    column->addWidget(plainLabel(tr("No plugins are known yet."), QStringLiteral("muted")));
  }
  column->addStretch();
  detail_->setWidget(content);
}

void ExpertsPage::addFolder() {
  const QString folder = QFileDialog::getExistingDirectory(this, tr("Add a folder of plugins"));
  if (folder.isEmpty()) return;
  auto dirs = session_.scripts().pluginDirs();
  dirs.push_back(fsPath(folder));
  session_.scripts().setPluginDirs(std::move(dirs));
}

}  // namespace conclave::desktop
