#include "app/desktop/widgets/judgement_bar.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QTimer>
#include <QVBoxLayout>
#include <algorithm>

#include "app/desktop/text.h"
#include "app/desktop/verdict_look.h"
#include "app/desktop/widgets/card.h"
#include "app/desktop/widgets/flow_layout.h"
#include "engine/consensus/reliability/weights.h"

namespace conclave::desktop {

namespace {

constexpr qsizetype longest_label = 32;
constexpr int age_interval_ms = 30'000;
constexpr int most_keys = 9;

std::optional<std::string> verdictOf(const Report& report, const std::string& scope) {
  if (scope.empty()) return report.consensus.verdict;
  for (const auto& each : report.consensus.scopes) {
    if (each.scope == scope) return each.verdict;
  }
  return std::nullopt;
}

bool has(const std::vector<std::string>& labels, const std::string& word) {
  return std::find(labels.begin(), labels.end(), word) != labels.end();
}

QString shortened(const QString& label) {
  return label.size() > longest_label ? label.left(longest_label) + QStringLiteral(" ...") : label;
}

QString escaped(QString text) { return text.replace(QLatin1Char('&'), QLatin1String("&&")); }

}  // namespace

std::vector<JudgementAnswer> answersTo(const Report& report, const std::string& scope, const Theme& theme) {
  const auto& question = report.receipt.question;
  const auto& labels = question.verdicts;
  std::vector<JudgementAnswer> answers;
  if (labels.size() < 2) return answers;
  const auto verdict = verdictOf(report, scope);
  if (verdict) {
    // A label that is called so is meant before these words.
    answers.push_back({has(labels, "right") ? *verdict : "right", JudgementBar::tr("Right"),
                       JudgementBar::tr("It was %1, as the circle said").arg(qtText(*verdict)), QStringLiteral("good"),
                       theme.good});
    if (!has(labels, "wrong"))
      answers.push_back({"wrong", JudgementBar::tr("Wrong"), JudgementBar::tr("It was not %1").arg(qtText(*verdict)),
                         QStringLiteral("bad"), theme.bad});
  }
  const auto others = std::count_if(labels.begin(), labels.end(), [&](const auto& label) { return label != verdict; });
  if (verdict && others < 2 && !has(labels, "wrong")) return answers;
  for (const auto& label : labels) {
    if (label == verdict) continue;
    const VerdictLook look = lookOf(label, question, theme);
    answers.push_back({label, qtText(label), JudgementBar::tr("It was truly %1").arg(qtText(label)), look.icon, look.colour});
  }
  return answers;
}

const JudgementAnswer* standing(const std::vector<JudgementAnswer>& answers, const Report& report,
                                const store::JudgementRow& row) {
  const auto verdict = verdictOf(report, row.scope);
  const auto& labels = report.receipt.question.verdicts;
  const bool saysRight = row.answer == verdict || (row.answer == "right" && !has(labels, "right"));
  for (const auto& each : answers) {
    if (each.answer == row.answer || (saysRight && (each.answer == "right" || each.answer == verdict))) return &each;
  }
  // Of two labels the other one is what wrong means.
  const bool saysOther = has(labels, row.answer) && row.answer != verdict;
  for (const auto& each : answers) {
    if (saysOther && each.answer == "wrong") return &each;
  }
  return nullptr;
}

JudgementBar::JudgementBar(Judgements& judgements, ReportPtr report, const ThemeController& theme, QWidget* parent)
    : QFrame(parent),
      judgements_(judgements),
      report_(std::move(report)),
      answers_(answersTo(*report_, {}, theme.theme())),
      undo_(new QPushButton(tr("&Undo"))),
      state_(plainLabel({}, QStringLiteral("judgement_state"))) {
  setObjectName(QStringLiteral("card"));
  setAccessibleName(tr("Your judgement"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(16, 10, 16, 12);
  column->setSpacing(6);
  auto* line = new QWidget;
  auto* flow = new FlowLayout(line);
  flow->setContentsMargins(0, 0, 0, 0);
  flow->setSpacing(8);
  const bool verdict = report_->consensus.verdict.has_value();
  auto* question = new QLabel(verdict ? tr("Was this verdict right?") : tr("What was true?"));
  question->setStyleSheet(QStringLiteral("font-weight: 600;"));
  flow->addWidget(question);
  const auto& labels = report_->receipt.question.verdicts;
  bool labelsBegan = false;
  for (const auto& answer : answers_) {
    const auto label = std::find(labels.begin(), labels.end(), answer.answer);
    if (verdict && label != labels.end() && answer.answer != *report_->consensus.verdict && !labelsBegan) {
      labelsBegan = true;
      auto* or_ = new QLabel(tr("or it was"));
      or_->setObjectName(QStringLiteral("muted"));
      flow->addWidget(or_);
    }
    auto* button = new QPushButton(theme.icon(answer.icon, answer.colour), escaped(shortened(answer.text)));
    QKeySequence keys;
    if (answer.answer == "wrong")
      keys = QKeySequence(tr("Alt+W"));
    else if (verdict && buttons_.empty())
      keys = QKeySequence(tr("Alt+R"));
    else if (label - labels.begin() < most_keys)
      keys = QKeySequence(QStringLiteral("Alt+%1").arg(label - labels.begin() + 1));
    button->setShortcut(keys);
    button->setCheckable(true);
    button->setObjectName(QStringLiteral("choice"));
    button->setProperty("answer", qtText(answer.answer));
    button->setToolTip(keys.isEmpty() ? answer.tip
                                      : QStringLiteral("%1 (%2)").arg(answer.tip, keys.toString(QKeySequence::NativeText)));
    button->setAccessibleDescription(answer.tip);
    connect(button, &QPushButton::clicked, this, [this, answer = answer.answer] {
      judgements_.judge(report_, {answer, {}, {}});
      refresh();
    });
    flow->addWidget(button);
    buttons_.push_back(button);
  }
  undo_->setObjectName(QStringLiteral("undo_judgement"));
  undo_->setToolTip(tr("Take your judgement back (Alt+U)"));
  connect(undo_, &QPushButton::clicked, this, [this] { judgements_.takeBack(report_->id, {}); });
  flow->addWidget(undo_);
  column->addWidget(line);
  column->addWidget(state_);
  connect(&judgements_, &Judgements::changed, this, &JudgementBar::refresh);
  connect(&judgements_, &Judgements::failed, this, &JudgementBar::refresh);
  auto* timer = new QTimer(this);  // "3 minutes ago" grows old
  connect(timer, &QTimer::timeout, this, &JudgementBar::refresh);
  timer->start(age_interval_ms);
  refresh();
}

void JudgementBar::refresh() {
  const auto& judged = judgements_.judged();
  const auto* row = judged ? judged->of(report_->id, {}) : nullptr;
  const auto* stands = row ? standing(answers_, *report_, *row) : nullptr;
  const bool can = judgements_.canJudge() && !report_->id.empty();
  for (std::size_t index = 0; index < buttons_.size(); ++index) {
    buttons_[index]->setChecked(stands == &answers_[index]);
    buttons_[index]->setEnabled(can);
  }
  undo_->setVisible(row != nullptr);
  QStringList words;
  if (answers_.empty()) {
    words << tr("A question with one verdict leaves nothing to judge.");
  } else if (!can) {
    words << tr("Without a history a judgement could not be kept.");
  } else if (row) {
    const QString said =
        row->answer == "right" || row->answer == "wrong" ? qtText(row->answer) : tr("it was %1").arg(qtText(row->answer));
    words << tr("You judged it %1: %2.").arg(agoText(row->judged), said);
    if (!row->note.empty()) words << tr("Your note: %1").arg(qtText(row->note));
    if (!row->counts) words << tr("It counts no longer, as learning was reset since. Judge again to make it count.");
  } else {
    words << tr("Not judged. Judge when you know: that is how experts get their weight and confidence its meaning.");
  }
  if (judged && !judged->trouble.isEmpty()) words << judged->trouble;
  const Taught* taught = judged ? judged->about(report_->receipt.question) : nullptr;
  if (can && taught && row && row->counts) {
    const auto answers = taught->learned.judged;
    const auto verdicts = taught->learned.calibration.judged;
    words << tr("Learned from %1 of such questions so far%2.")
                 .arg(counted(taught->reports, "judged report", "judged reports"),
                      answers < consensus::least_for_weights ? tr("; experts are weighed from %1 judged answers on (now %2), "
                                                                  "confidence is calibrated from %3 verdicts on (now %4)")
                                                                   .arg(consensus::least_for_weights)
                                                                   .arg(answers)
                                                                   .arg(consensus::least_for_platt)
                                                                   .arg(verdicts)
                                                             : QString());
  }
  state_->setText(words.join(QLatin1Char(' ')));
}

ScopeJudgement::ScopeJudgement(Judgements& judgements, ReportPtr report, std::string scope, const ThemeController& theme,
                               QWidget* parent)
    : QToolButton(parent),
      judgements_(judgements),
      report_(std::move(report)),
      scope_(std::move(scope)),
      answers_(answersTo(*report_, scope_, theme.theme())),
      theme_(theme),
      menu_(new QMenu(this)) {
  setObjectName(QStringLiteral("judge_scope"));
  setPopupMode(QToolButton::InstantPopup);
  setMenu(menu_);
  setFocusPolicy(Qt::StrongFocus);
  setToolTip(tr("Say what was true of %1 alone").arg(qtText(scope_)));
  setAccessibleName(tr("Judge %1").arg(qtText(scope_)));
  setEnabled(judgements_.canJudge() && !report_->id.empty() && !answers_.empty());
  connect(menu_, &QMenu::aboutToShow, this, &ScopeJudgement::fill);
  connect(&judgements_, &Judgements::changed, this, &ScopeJudgement::refresh);
  fill();
  refresh();
}

void ScopeJudgement::fill() {
  menu_->clear();
  for (const auto& answer : answers_) {
    auto* action = menu_->addAction(theme_.icon(answer.icon, answer.colour), escaped(shortened(answer.text)));
    action->setToolTip(answer.tip);
    connect(action, &QAction::triggered, this, [this, answer = answer.answer] {
      judgements_.judge(report_, {answer, scope_, {}});
    });
  }
  if (!judgements_.judged() || !judgements_.judged()->of(report_->id, scope_)) return;
  menu_->addSeparator();
  connect(menu_->addAction(tr("Undo")), &QAction::triggered, this, [this] { judgements_.takeBack(report_->id, scope_); });
}

void ScopeJudgement::refresh() {
  const auto& judged = judgements_.judged();
  const auto* row = judged ? judged->of(report_->id, scope_) : nullptr;
  const auto* stands = row ? standing(answers_, *report_, *row) : nullptr;
  setText(row ? tr("Judged: %1").arg(stands ? shortened(stands->text) : shortened(qtText(row->answer))) : tr("Judge"));
}

}  // namespace conclave::desktop
