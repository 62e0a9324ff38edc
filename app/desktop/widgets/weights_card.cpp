#include "app/desktop/widgets/weights_card.h"

#include <QGridLayout>
#include <QVBoxLayout>
#include <algorithm>

#include "app/desktop/models/record_table.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/expert_card.h"
#include "app/desktop/widgets/probability_bar.h"
#include "engine/case/report_words.h"
#include "engine/consensus/reliability/weights.h"

namespace conclave::desktop {

namespace {

constexpr int bar_width = 150;

double shareOf(const Report& report, const std::string& expert) {
  const auto found = report.consensus.weights.find(expert);
  return found == report.consensus.weights.end() ? 0 : found->second;
}

QString number(double value) { return QString::number(value, 'g', 3); }

QString learningOf(const Report& report) {
  const auto& learned = report.receipt.learned;
  if (!learned.weights.empty())
    return WeightsCard::tr("Experts were weighed by %1.").arg(counted(learned.judged, "judged answer", "judged answers"));
  return learned.judged < consensus::least_for_weights
             ? WeightsCard::tr("Nothing was learned yet: experts are weighed from %1 judged answers on, and there were %2.")
                   .arg(consensus::least_for_weights)
                   .arg(learned.judged)
             : WeightsCard::tr("All weighed alike: in %1 judged answers their votes told nothing of the truth.")
                   .arg(learned.judged);
}

}  // namespace

WeightsCard::WeightsCard(Judgements& judgements, ReportPtr report, const Theme& theme, QWidget* parent)
    : Card(tr("Whose say counted how much"), parent), judgements_(judgements), report_(std::move(report)) {
  column()->addWidget(plainLabel(learningOf(*report_), QStringLiteral("muted")));
  std::vector<const consensus::ExpertResponse*> sorted;
  for (const auto& response : report_->responses) sorted.push_back(&response);
  std::stable_sort(sorted.begin(), sorted.end(), [&](const auto* a, const auto* b) {
    return shareOf(*report_, a->expert_name) > shareOf(*report_, b->expert_name);
  });
  auto* grid = new QGridLayout;
  grid->setHorizontalSpacing(16);
  grid->setVerticalSpacing(6);
  grid->setColumnStretch(3, 1);
  for (const auto* response : sorted) {
    const double share = shareOf(*report_, response->expert_name);
    const QString words = tr("%1 of all votes that count").arg(qtText(percent(share)));
    auto* name = richLabel(expertLinks({response->expert_name}, theme));
    name->setWordWrap(false);
    connect(name, &QLabel::linkActivated, this, [this](const QString& link) {
      if (const auto place = placeFromLink(link)) Q_EMIT placeRequested(*place);
    });
    auto* bar = new ProbabilityBar({{theme.accent, share}}, words, theme);
    bar->setFixedWidth(bar_width);
    auto* figure = new QLabel(qtText(percent(share)));
    figure->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    figure->setToolTip(words);
    auto* reason = plainLabel({}, QStringLiteral("muted"));
    const int row = grid->rowCount();
    grid->addWidget(name, row, 0);
    grid->addWidget(bar, row, 1);
    grid->addWidget(figure, row, 2);
    grid->addWidget(reason, row, 3);
    reasons_.emplace_back(response, reason);
  }
  column()->addLayout(grid);
  connect(&judgements_, &Judgements::changed, this, &WeightsCard::refresh);
  refresh();
}

void WeightsCard::refresh() {
  for (const auto& [response, label] : reasons_) label->setText(why(*response));
}

QString WeightsCard::why(const consensus::ExpertResponse& response) const {
  QStringList words;
  if (response.status != consensus::Status::answered) {
    words << qtText(consensus::status_name(response.status)).replace(QLatin1Char('_'), QLatin1Char(' '));
  } else if (shareOf(*report_, response.expert_name) <= 0) {
    words << (response.verdict ? tr("its verdict did not count: see its claims and the insights") : tr("text without a verdict"));
  } else {
    const auto& learned = report_->receipt.learned.weights;
    const auto factor = learned.find(response.expert_name);
    if (factor == learned.end())
      words << tr("weight %1").arg(number(response.weight));
    else if (factor->second <= consensus::silenced)
      words << tr("silenced: proven worse than chance");
    else
      words << tr("weight %1: %2 of the case times %3 learned")
                   .arg(number(response.weight), number(response.weight / factor->second), number(factor->second));
  }
  const auto& judged = judgements_.judged();
  const Taught* taught = judged ? judged->about(report_->receipt.question) : nullptr;
  const auto* record = taught ? taught->recordOf(response.expert_name) : nullptr;
  const QString track = record ? recordText(*record) : QString();
  words << (track.isEmpty() ? tr("never judged") : tr("is right in %1").arg(track));
  return words.join(QStringLiteral(" · "));
}

}  // namespace conclave::desktop
