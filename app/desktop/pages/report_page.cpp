#include "app/desktop/pages/report_page.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QTimer>
#include <QVBoxLayout>
#include <algorithm>

#include "app/desktop/text.h"
#include "app/desktop/verdict_look.h"
#include "app/desktop/widgets/agreement_map.h"
#include "app/desktop/widgets/dissent_card.h"
#include "app/desktop/widgets/expert_card.h"
#include "app/desktop/widgets/find_bar.h"
#include "app/desktop/widgets/judgement_bar.h"
#include "app/desktop/widgets/notice.h"
#include "app/desktop/widgets/probability_bar.h"
#include "app/desktop/widgets/searches.h"
#include "app/desktop/widgets/statements_card.h"
#include "app/desktop/widgets/verdict_banner.h"
#include "app/desktop/widgets/weights_card.h"

namespace conclave::desktop {

namespace {

constexpr int content_width = 1180;
constexpr int age_interval_ms = 30'000;
constexpr int above_px = 12;  // of what is scrolled to

QString names(const std::vector<std::string>& list) {
  QStringList words;
  for (const auto& each : list) words << qtText(each);
  return words.join(QStringLiteral(", "));
}

QString bullets(const QStringList& items) {
  QString html;
  for (const auto& item : items) html += QStringLiteral("<p style='margin:0 0 6px 0'>%1</p>").arg(item);
  return html;
}

}  // namespace

ReportPage::ReportPage(Session& session, const ThemeController& theme, QWidget* parent)
    : Page(parent),
      session_(session),
      theme_(theme),
      scroll_(new QScrollArea),
      findBar_(new FindBar(*this, tr("Find in this report"), theme)),
      finder_(new Finder(*findBar_, std::make_unique<LabelSearch>(*scroll_))) {
  finder_->setParent(this);
  auto* whole = new QVBoxLayout;
  whole->addWidget(scroll_);
  putTogether(whole, findBar_);
  scroll_->setWidgetResizable(true);
  for (const auto signal : {&Session::consultStarted, &Session::gatheredReady, &Session::answered}) {
    connect(&session_, signal, this, [this] {
      if (!report_ || session_.isConsulting()) rebuild();
    });
  }
  connect(&session_, &Session::consultEnded, this, &ReportPage::rebuild);
  connect(&session_.scripts(), &Scripts::stateChanged, this, [this] {
    if (!report_) rebuild();
  });
  rebuild();
}

void ReportPage::showCase(const CasePtr& subject) {
  case_ = subject;
  report_ = nullptr;
  rebuild();
}

void ReportPage::showReport(const ReportPtr& report) {
  report_ = report;
  rebuild();
}

void ReportPage::find() {
  if (!case_ && !report_) return;
  for (auto* card : scroll_->widget()->findChildren<ExpertCard*>()) card->showAllClaims();
  finder_->open();
}

void ReportPage::applyTheme(const Theme&) {
  findBar_->applyTheme();
  const int position = scroll_->verticalScrollBar()->value();
  rebuild();
  // The new content gets its height with the next layout.
  QTimer::singleShot(0, this, [this, position] { scroll_->verticalScrollBar()->setValue(position); });
}

bool ReportPage::goTo(const Place& place) {
  if (place.kind != Place::Kind::expert) return false;
  for (auto* card : scroll_->widget()->findChildren<ExpertCard*>()) {
    if (card->property("expert").toString() != place.source) continue;
    scroll_->verticalScrollBar()->setValue(card->mapTo(scroll_->widget(), QPoint(0, -above_px)).y());
    break;
  }
  return true;
}

void ReportPage::rebuild() {
  auto* middle = new QWidget;
  auto* row = new QHBoxLayout(middle);
  row->setContentsMargins(24, 18, 24, 24);
  auto* content = new QWidget;
  content->setMaximumWidth(content_width);
  column_ = new QVBoxLayout(content);
  column_->setContentsMargins(0, 0, 0, 0);
  column_->setSpacing(14);
  row->addStretch(1);
  row->addWidget(content, 100);
  row->addStretch(1);
  if (report_ && !session_.isConsulting()) {
    buildReport();
  } else if (case_ || session_.isConsulting()) {
    buildWaiting();
  } else {
    buildNothing();
  }
  column_->addStretch();
  scroll_->setWidget(middle);
}

Card* ReportPage::addCard(const QString& heading) {
  auto* card = new Card(heading);
  column_->addWidget(card);
  return card;
}

void ReportPage::buildNothing() {
  auto* card = addCard(tr("No case is open"));
  card->column()->addWidget(
      plainLabel(tr("Open a case (Ctrl+O), or drop log files, folders or a case file on this window."), QStringLiteral("muted")));
}

void ReportPage::buildWaiting() {
  const bool consulting = session_.isConsulting();
  column_->addWidget(plainLabel(session_.caseTitle(), QStringLiteral("title")));
  auto* card = addCard(qtText(case_->question_text));
  QStringList what;
  if (!case_->logs.empty()) what << counted(case_->logs.size(), "log source", "log sources");
  if (!case_->commands.empty()) what << counted(case_->commands.size(), "command that prints a log", "commands that print logs");
  if (!case_->services.empty())
    what << counted(case_->services.size(), "service that will be contacted", "services that will be contacted");
  if (!case_->config.empty()) what << tr("configuration %1").arg(qtText(case_->config));
  card->column()->addWidget(plainLabel(tr("Evidence: %1").arg(what.isEmpty() ? tr("none") : what.join(QStringLiteral(", ")))));
  QStringList experts;
  for (const auto& expert : case_->experts) experts << qtText(expert.name);
  card->column()->addWidget(plainLabel(
      tr("Experts: %1").arg(experts.isEmpty() ? tr("all shipped and installed ones") : experts.join(QStringLiteral(", ")))));
  card->column()->addWidget(
      plainLabel(tr("Possible verdicts: %1").arg(names(case_->question.verdicts)), QStringLiteral("muted")));
  auto* button = new QPushButton(consulting ? tr("Cancel (Esc)") : tr("Consult (F5)"));
  if (!consulting) button->setObjectName(QStringLiteral("primary"));
  button->setEnabled(consulting || session_.scripts().state() != Scripts::State::starting);
  connect(button, &QPushButton::clicked, &session_, consulting ? &Session::cancel : &Session::consult);
  card->column()->addWidget(button, 0, Qt::AlignLeft);
  if (!consulting) return;
  card->column()->addWidget(
      plainLabel(session_.gathered() ? tr("The evidence is there. The circle is thinking ...") : tr("Gathering evidence ..."),
                 QStringLiteral("muted")));
  for (const auto& response : session_.answers()) column_->addWidget(new ExpertCard(response, case_->question, theme_));
}

// A report of another time looks like one of now, so it says first that it is not.
void ReportPage::addOrigin() {
  const auto origin = session_.reportOrigin();
  if (origin == ReportOrigin::now) return;
  const bool canConsult =
      case_ && (!case_->logs.empty() || !case_->commands.empty() || !case_->services.empty() || !case_->config.empty());
  auto* notice = new Notice(canConsult ? tr("Consult (F5)") : QString());
  notice->setProperty("inset", true);
  connect(notice, &Notice::acted, &session_, &Session::consult);
  const auto say = [this, notice, origin, canConsult] {
    const QString when = tr("%1, %2").arg(agoText(report_->started), timeText(report_->started));
    const QString what = origin == ReportOrigin::history ? tr("Not of now: the last report on this case, made %1.").arg(when)
                                                         : tr("Not of now: a report from a file, made %1.").arg(when);
    notice->say(canConsult ? tr("%1 Consult to judge what is true today.").arg(what) : what);
  };
  auto* timer = new QTimer(notice);
  connect(timer, &QTimer::timeout, notice, say);
  timer->start(age_interval_ms);
  column_->addWidget(notice);
  say();
}

template <class Linked>
void ReportPage::addLinked(Linked* card) {
  connect(card, &Linked::placeRequested, this, &Page::placeRequested);
  column_->addWidget(card);
}

void ReportPage::buildReport() {
  addOrigin();
  const auto& consensus = report_->consensus;
  column_->addWidget(new VerdictBanner(*report_, theme_));
  column_->addWidget(new JudgementBar(session_.judgements(), report_, theme_));
  if (!consensus.consensus_text.empty() || !consensus.statements.empty()) addLinked(new StatementsCard(*report_, theme_));
  addWhatWouldChange();
  addScopes();
  if (!consensus.dissenting_opinions.empty()) addLinked(new DissentCard(*report_, theme_.theme()));
  addExperts();
  if (!report_->responses.empty()) addLinked(new WeightsCard(session_.judgements(), report_, theme_.theme()));
  addAgreement();
  addInsights();
  addProblems();
  addReceipt();
}

void ReportPage::addWhatWouldChange() {
  const Theme& theme = theme_.theme();
  QStringList items;
  for (const auto& change : report_->consensus.counterfactuals) {
    const VerdictLook look =
        lookOf(change.becomes.empty() ? std::nullopt : std::optional(change.becomes), report_->receipt.question, theme);
    items << tr("If %1 judged differently in %2, it would be <span style='color:%3; font-weight:600'>%4</span>.")
                 .arg(expertLinks(change.experts, theme), qtText(change.scope).toHtmlEscaped(), look.colour.name(),
                      look.word.toHtmlEscaped());
  }
  if (items.isEmpty()) return;
  auto* label = richLabel(bullets(items));
  connect(label, &QLabel::linkActivated, this, [this](const QString& link) {
    if (const auto place = placeFromLink(link)) Q_EMIT placeRequested(*place);
  });
  addCard(tr("What would change this"))->column()->addWidget(label);
}

void ReportPage::addScopes() {
  const auto& scopes = report_->consensus.scopes;
  if (scopes.empty()) return;
  auto* card = addCard(tr("By scope"));
  auto* grid = new QGridLayout;
  grid->setHorizontalSpacing(16);
  grid->setVerticalSpacing(8);
  grid->setColumnStretch(2, 2);
  grid->setColumnStretch(3, 5);
  int row = 0;
  for (const auto& scope : scopes) {
    const VerdictLook look = lookOf(scope.verdict, report_->receipt.question, theme_.theme());
    auto* name = new QLabel(qtText(scope.scope));
    name->setTextFormat(Qt::PlainText);
    auto* verdict = new QLabel;
    verdict->setText(
        QStringLiteral("<span style='color:%1; font-weight:600'>%2</span>%3")
            .arg(look.colour.name(), look.word.toHtmlEscaped(), scope.confirmed ? QString() : tr(" (not confirmed)")));
    auto* reason = plainLabel(qtText(scope.reason), QStringLiteral("muted"));
    reason->setToolTip(tr("Voters: %1").arg(names(scope.voters)));
    grid->addWidget(name, row, 0);
    grid->addWidget(verdict, row, 1);
    grid->addWidget(new ProbabilityBar(scope.probabilities, report_->receipt.question, theme_.theme()), row, 2);
    grid->addWidget(reason, row, 3);
    // The judgement of a lone scope is that of the report.
    if (scopes.size() > 1) grid->addWidget(new ScopeJudgement(session_.judgements(), report_, scope.scope, theme_), row, 4);
    ++row;
  }
  card->column()->addLayout(grid);
}

void ReportPage::addExperts() {
  if (report_->responses.empty()) return;
  column_->addWidget(plainLabel(tr("Who says what"), QStringLiteral("heading")));
  std::vector<const consensus::ExpertResponse*> sorted;
  for (const auto& response : report_->responses) sorted.push_back(&response);
  // Who answered before who did not; the worst verdict first.
  const auto& verdicts = report_->receipt.question.verdicts;
  const auto badness = [&](const consensus::ExpertResponse& response) {
    if (response.status != consensus::Status::answered) return std::ptrdiff_t{-2};
    if (!response.verdict) return std::ptrdiff_t{-1};
    return std::find(verdicts.begin(), verdicts.end(), *response.verdict) - verdicts.begin();
  };
  std::stable_sort(sorted.begin(), sorted.end(), [&](const auto* a, const auto* b) {
    const auto left = badness(*a);
    const auto right = badness(*b);
    return left != right ? left > right : a->scope < b->scope;
  });
  for (const auto* response : sorted) {
    auto* card = new ExpertCard(*response, report_->receipt.question, theme_);
    card->setProperty("expert", qtText(response->expert_name));
    connect(card, &ExpertCard::placeRequested, this, &Page::placeRequested);
    column_->addWidget(card);
  }
}

void ReportPage::addAgreement() {
  const auto& consensus = report_->consensus;
  if (consensus.matrix_experts.size() < 2) return;
  auto* card = addCard(tr("Agreement"));
  QStringList experts;
  for (const auto& name : consensus.matrix_experts) experts << qtText(name);
  std::vector<QStringList> groups;
  for (const auto& group : consensus.groups) {
    groups.emplace_back();
    for (const auto& name : group) groups.back() << qtText(name);
  }
  const QString help =
      tr("How alike the answers are, from 0 to 1. A frame holds those that say the same (%1 or more%2). Point at a "
         "pair, or walk with the arrow keys.")
          .arg(consensus.grouping_threshold, 0, 'f', 2)
          .arg(consensus.threshold_estimated ? tr(", estimated from the texts") : QString());
  auto* words = plainLabel(help, QStringLiteral("muted"));
  auto* map = new AgreementMap(experts, consensus.agreement_matrix, groups, theme_.theme());
  connect(map, &AgreementMap::currentChanged, words,
          [words, help](const QString& text) { words->setText(text.isEmpty() ? help : text); });
  card->column()->addWidget(map, 0, Qt::AlignLeft);
  card->column()->addWidget(words);
}

void ReportPage::addInsights() {
  QStringList items;
  for (const auto& insight : report_->consensus.key_insights)
    items << QStringLiteral("<b>%1</b> %2").arg(qtText(insight.kind).toHtmlEscaped(), qtText(insight.text).toHtmlEscaped());
  if (!items.isEmpty()) addCard(tr("Insights"))->column()->addWidget(richLabel(bullets(items)));
}

void ReportPage::addProblems() {
  if (report_->problems.empty()) return;
  auto* card = addCard(tr("Problems of the evidence"));
  QStringList items;
  constexpr std::size_t most = 50;
  for (std::size_t index = 0; index < std::min(most, report_->problems.size()); ++index) {
    const auto& problem = report_->problems[index];
    const Place place{Place::Kind::config, qtText(problem.location.file),
                      static_cast<quint64>(std::max(0, problem.location.line))};
    QString item = QStringLiteral("<span style='color:%1'>%2</span> %3")
                       .arg(theme_.theme().severity(problem.severity).name(), qtText(config::severity_name(problem.severity)),
                            qtText(problem.message).toHtmlEscaped());
    if (!problem.location.file.empty()) {
      item += QStringLiteral(" <a href=\"%1\" style='color:%2'>%3</a>")
                  .arg(toLink(place).toHtmlEscaped(), theme_.theme().accent.name(), placeText(place).toHtmlEscaped());
    }
    items << item;
  }
  auto* label = richLabel(bullets(items));
  connect(label, &QLabel::linkActivated, this, [this](const QString& link) {
    if (const auto place = placeFromLink(link)) Q_EMIT placeRequested(*place);
  });
  card->column()->addWidget(label);
  if (report_->problems.size() > most)
    card->column()->addWidget(plainLabel(tr("and %1 more").arg(report_->problems.size() - most), QStringLiteral("muted")));
}

void ReportPage::addReceipt() {
  const auto& receipt = report_->receipt;
  QStringList lines;
  lines
      << tr("Report %1, started %2, took %3").arg(qtText(report_->id), timeText(report_->started), secondsText(report_->seconds));
  for (const auto& input : receipt.inputs)
    lines << QStringLiteral("%1  %2  sha256 %3").arg(qtText(input.path), bytesText(input.bytes), qtText(input.sha256));
  for (const auto& plugin : receipt.plugins)
    lines << tr("plugin %1 %2  sha256 %3").arg(qtText(plugin.name), qtText(plugin.version), qtText(plugin.sha256));
  for (const auto& hook : receipt.hooks)
    lines << (hook.hook == "rule" ? tr("rule %1: %2").arg(qtText(hook.plugin), qtText(hook.change))
                                  : tr("hook %1 of %2: %3").arg(qtText(hook.hook), qtText(hook.plugin), qtText(hook.change)));
  for (const auto& [what, version] : receipt.versions) lines << QStringLiteral("%1 %2").arg(qtText(what), qtText(version));
  auto* text = plainLabel(lines.join(QLatin1Char('\n')));
  text->setStyleSheet(QStringLiteral("font-family: monospace; font-size: 9pt;"));
  auto* card = addCard({});
  card->column()->addWidget(new Fold(tr("Receipt: what went in, so that the verdict can be derived again"), text, theme_));
  if (report_->excerpts.empty()) return;
  QStringList excerpts;
  for (const auto& excerpt : report_->excerpts)
    excerpts << QStringLiteral("%1:%2  %3").arg(qtText(excerpt.source)).arg(excerpt.line).arg(qtText(excerpt.text).left(400));
  auto* quoted = plainLabel(excerpts.join(QLatin1Char('\n')));
  quoted->setStyleSheet(QStringLiteral("font-family: monospace; font-size: 9pt;"));
  card->column()->addWidget(new Fold(tr("Excerpts: the cited lines, kept in the report"), quoted, theme_));
}

}  // namespace conclave::desktop
