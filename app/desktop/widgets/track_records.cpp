#include "app/desktop/widgets/track_records.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QMessageBox>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QTreeView>
#include <QVBoxLayout>
#include <algorithm>

#include "app/desktop/text.h"
#include "app/desktop/widgets/card.h"
#include "app/desktop/widgets/interval_bar.h"
#include "app/desktop/widgets/reliability_plot.h"
#include "engine/consensus/reliability/weights.h"

namespace conclave::desktop {

namespace {

QString verdictsText(const consensus::VerdictList& question) {
  QStringList labels;
  for (const auto& label : question.labels) labels << qtText(label);
  return labels.join(QStringLiteral(", "));
}

QString summaryOf(const Taught& taught) {
  const auto& weights = taught.learned.weights;
  const auto& calibration = taught.learned.calibration;
  const std::size_t judged = taught.learned.judged;
  using Method = consensus::Calibration::Method;
  const QString confidence = calibration.method == Method::none
                                 ? TrackRecords::tr("Confidence is uncalibrated: %1 of the %2 judged verdicts that it takes.")
                                       .arg(calibration.judged)
                                       .arg(consensus::least_for_platt)
                                 : TrackRecords::tr("Confidence is calibrated by %1.")
                                       .arg(calibration.method == Method::platt ? TrackRecords::tr("Platt scaling")
                                                                                : TrackRecords::tr("isotonic regression"));
  const QString weighing =
      !weights.empty() ? TrackRecords::tr("Experts are weighed by %1.").arg(counted(judged, "judged answer", "judged answers"))
      : judged < consensus::least_for_weights
          ? TrackRecords::tr("Experts weigh alike: %1 of the %2 judged answers that it takes.")
                .arg(judged)
                .arg(consensus::least_for_weights)
          : TrackRecords::tr("Experts weigh alike: in %1 their votes told nothing of the truth.")
                .arg(counted(judged, "judged answer", "judged answers"));
  QStringList said = {counted(taught.reports, "judged report", "judged reports") + QLatin1Char('.'), confidence, weighing};
  for (const auto& copies : taught.learned.copies) {
    QStringList names;
    for (const std::string& name : copies) names << qtText(name);
    said << TrackRecords::tr("%1 repeat each other and share one vote.").arg(names.join(TrackRecords::tr(", ")));
  }
  return said.join(QLatin1Char(' '));
}

}  // namespace

TrackRecords::TrackRecords(Judgements& judgements, const ThemeController& theme, QWidget* parent)
    : QWidget(parent),
      judgements_(judgements),
      theme_(theme),
      stack_(new QStackedWidget),
      questions_(new QComboBox),
      summary_(plainLabel({}, QStringLiteral("muted"))),
      trouble_(plainLabel({}, QStringLiteral("trouble"))),
      view_(new QTreeView),
      ofExpert_(new ReliabilityPlot(theme)),
      ofCircle_(new ReliabilityPlot(theme)),
      reset_(new QPushButton(tr("Reset learning ..."))) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 8, 0, 0);
  column->addWidget(trouble_);
  column->addWidget(stack_);
  stack_->addWidget(makeEmpty());
  stack_->addWidget(makeRecords());
  connect(&judgements_, &Judgements::changed, this, &TrackRecords::refresh);
  refresh();
}

QWidget* TrackRecords::makeEmpty() {
  auto* page = new QWidget;
  auto* column = new QVBoxLayout(page);
  column->setContentsMargins(0, 0, 0, 0);
  auto* card = new Card(tr("No report has been judged yet"));
  card->column()->addWidget(plainLabel(
      tr("Say of a report whether its verdict was right: one click below the verdict, Alt+R or Alt+W, today or when you know. On "
         "the command line: conclave history judge REPORT right|wrong|LABEL.")));
  card->column()->addWidget(plainLabel(
      tr("Then this page shows how often each expert was right, how far its confidence can be believed, and what its vote "
         "weighs. From %1 judged verdicts on confidence is calibrated, from %2 judged answers on experts are weighed.")
          .arg(consensus::least_for_platt)
          .arg(consensus::least_for_weights),
      QStringLiteral("muted")));
  auto* row = new QHBoxLayout;
  auto* go = new QPushButton(tr("Go to the report"));
  go->setObjectName(QStringLiteral("primary"));
  connect(go, &QPushButton::clicked, this, &TrackRecords::reportWanted);
  undos_.push_back(new QPushButton);
  row->addWidget(go);
  row->addWidget(undos_.back());
  row->addStretch();
  card->column()->addLayout(row);
  column->addWidget(card);
  column->addStretch();
  return page;
}

QWidget* TrackRecords::makeRecords() {
  auto* page = new QWidget;
  auto* column = new QVBoxLayout(page);
  column->setContentsMargins(0, 0, 0, 0);
  questions_->setAccessibleName(tr("Verdicts"));
  questions_->setToolTip(tr("What is learned of one list of verdicts is never used for another"));
  reset_->setToolTip(tr("Learn nothing from what was judged so far; the judgements stay in the history"));
  reset_->setObjectName(QStringLiteral("reset_learning"));
  undos_.push_back(new QPushButton);
  auto* head = new QHBoxLayout;
  head->addWidget(questions_);
  head->addWidget(summary_, 1);
  head->addWidget(undos_.back());
  head->addWidget(reset_);
  column->addLayout(head);

  sorted_.setSourceModel(&records_);
  sorted_.setSortRole(RecordTable::sort_role);
  view_->setModel(&sorted_);
  view_->setItemDelegateForColumn(RecordTable::right_column, new IntervalDelegate(theme_, view_));
  view_->setRootIsDecorated(false);
  view_->setUniformRowHeights(true);
  view_->setAlternatingRowColors(true);
  view_->setSortingEnabled(true);
  view_->setAccessibleName(tr("Track records"));
  view_->header()->setStretchLastSection(false);
  view_->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
  view_->header()->setSectionResizeMode(RecordTable::name_column, QHeaderView::Stretch);
  view_->header()->setSortIndicator(RecordTable::right_column, Qt::DescendingOrder);

  auto* plots = new QWidget;
  auto* row = new QHBoxLayout(plots);
  row->setContentsMargins(0, 0, 0, 0);
  for (auto* plot : {ofExpert_, ofCircle_}) {
    auto* card = new Card;
    card->column()->addWidget(plot, 1);
    row->addWidget(card, 1);
  }
  auto* splitter = new QSplitter(Qt::Vertical);
  splitter->addWidget(view_);
  splitter->addWidget(plots);
  splitter->setChildrenCollapsible(false);
  splitter->setStretchFactor(0, 2);
  splitter->setStretchFactor(1, 3);
  column->addWidget(splitter, 1);

  for (auto* undo : undos_) {
    undo->setObjectName(QStringLiteral("undo_reset"));
    connect(undo, &QPushButton::clicked, &judgements_, &Judgements::undoReset);
  }
  connect(reset_, &QPushButton::clicked, this, &TrackRecords::confirmReset);
  connect(questions_, &QComboBox::currentIndexChanged, this, &TrackRecords::showQuestion);
  connect(view_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &TrackRecords::showExpert);
  return page;
}

void TrackRecords::preferQuestion(const consensus::Question& question) {
  preferred_ = {question.verdicts, question.ordered};
  const int at = questions_->findData(verdictsText(preferred_));
  if (at >= 0) questions_->setCurrentIndex(at);
}

void TrackRecords::refresh() {
  const auto& judged = judgements_.judged();
  const std::size_t count = judged ? judged->questions.size() : 0;
  const QString before = questions_->currentData().toString();
  const QString wanted = before.isEmpty() ? verdictsText(preferred_) : before;
  {
    const QSignalBlocker quiet(questions_);
    questions_->clear();
    for (std::size_t index = 0; index < count; ++index) {
      const QString verdicts = verdictsText(judged->questions[index].learned.question);
      questions_->addItem(verdicts.size() > 60 ? verdicts.left(60) + QStringLiteral(" ...") : verdicts, verdicts);
    }
    questions_->setCurrentIndex(std::max(0, questions_->findData(wanted)));
    questions_->setVisible(count > 1);
  }
  for (auto* undo : undos_) {
    undo->setText(tr("Undo the reset of %1").arg(counted(judgements_.forgotten(), "judgement", "judgements")));
    undo->setVisible(judgements_.forgotten() > 0);
  }
  trouble_->setText(judged ? judged->trouble : QString());
  trouble_->setVisible(!trouble_->text().isEmpty());
  stack_->setCurrentIndex(count > 0 ? 1 : 0);
  showQuestion();
}

void TrackRecords::showQuestion() {
  const auto& judged = judgements_.judged();
  const auto index = static_cast<std::size_t>(std::max(0, questions_->currentIndex()));
  const std::string chosen = records_.expert(sorted_.mapToSource(view_->currentIndex()).row());
  records_.show(judged, index);
  if (!judged || index >= judged->questions.size()) return;
  const Taught& taught = judged->questions[index];
  summary_->setText(summaryOf(taught));
  ofCircle_->show(tr("The circle: its verdicts"), taught.verdicts, taught.learned.calibration);
  QModelIndex current = sorted_.index(0, 0);
  for (int row = 0; row < sorted_.rowCount(); ++row) {
    if (records_.expert(sorted_.mapToSource(sorted_.index(row, 0)).row()) == chosen) current = sorted_.index(row, 0);
  }
  view_->setCurrentIndex(current);
  showExpert();
}

void TrackRecords::showExpert() {
  const auto& judged = judgements_.judged();
  const auto index = static_cast<std::size_t>(std::max(0, questions_->currentIndex()));
  if (!judged || index >= judged->questions.size()) return;
  const std::string expert = records_.expert(sorted_.mapToSource(view_->currentIndex()).row());
  const auto& answers = judged->questions[index].answers;
  const auto found = answers.find(expert);
  ofExpert_->show(expert.empty() ? tr("Choose an expert") : tr("%1: its answers").arg(qtText(expert)),
                  found == answers.end() ? std::span<const consensus::JudgedVerdict>() : found->second);
}

void TrackRecords::confirmReset() {
  const auto& judged = judgements_.judged();
  if (!judged) return;
  const auto counting =
      static_cast<quint64>(std::count_if(judged->rows.begin(), judged->rows.end(), [](const auto& row) { return row.counts; }));
  auto* box =
      new QMessageBox(QMessageBox::Question, tr("Reset learning"),
                      tr("Learn nothing any longer from %1, of all questions?").arg(counted(counting, "judgement", "judgements")),
                      QMessageBox::Cancel, this);
  box->setInformativeText(
      tr("All experts weigh alike again, and confidence is uncalibrated. The judgements stay in the history, and "
         "until the window is closed the reset can be undone."));
  auto* reset = box->addButton(tr("Reset"), QMessageBox::DestructiveRole);
  box->setDefaultButton(QMessageBox::Cancel);
  box->setAttribute(Qt::WA_DeleteOnClose);
  connect(reset, &QPushButton::clicked, &judgements_, &Judgements::reset);
  box->open();
}

void TrackRecords::applyTheme() {
  ofExpert_->applyTheme();
  ofCircle_->applyTheme();
}

}  // namespace conclave::desktop
