#include "app/desktop/models/record_table.h"

#include <cmath>

#include "app/desktop/text.h"
#include "app/desktop/widgets/interval_bar.h"
#include "engine/case/report_words.h"
#include "engine/consensus/reliability/weights.h"

namespace conclave::desktop {

namespace {

constexpr double unknown = -1;  // sorts below every share

std::size_t judgedAnswers(const consensus::TrackRecord& record) { return record.right + record.wrong; }

QString percentText(double share) { return qtText(percent(share)); }

// What it says of itself, on average, where it is known whether it was right; nothing: never.
std::optional<double> meanConfidence(const Taught& taught, const std::string& expert) {
  const auto found = taught.answers.find(expert);
  if (found == taught.answers.end() || found->second.empty()) return std::nullopt;
  double sum = 0;
  for (const auto& answer : found->second) sum += answer.confidence;
  return sum / static_cast<double>(found->second.size());
}

}  // namespace

QString recordText(const consensus::TrackRecord& record) {
  if (judgedAnswers(record) == 0) return {};
  const auto [low, high] = record.interval;
  return RecordTable::tr("%1 (%2 to %3), %4 of %5 judged")
      .arg(percentText(record.mean), percentText(low), percentText(high), countText(record.right),
           countText(judgedAnswers(record)));
}

void RecordTable::show(const JudgedPtr& judged, std::size_t question) {
  beginResetModel();
  judged_ = judged;
  question_ = question;
  endResetModel();
}

const Taught* RecordTable::taught() const {
  return judged_ && question_ < judged_->questions.size() ? &judged_->questions[question_] : nullptr;
}

std::string RecordTable::expert(int row) const {
  const Taught* taught = this->taught();
  return taught && row >= 0 && row < rowCount() ? taught->records[static_cast<std::size_t>(row)].expert : std::string();
}

int RecordTable::rowCount(const QModelIndex& parent) const {
  const Taught* taught = this->taught();
  return parent.isValid() || !taught ? 0 : static_cast<int>(taught->records.size());
}

int RecordTable::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : column_count; }

double RecordTable::weight(const consensus::TrackRecord& record) const {
  const auto& weights = taught()->learned.weights;
  const auto found = weights.find(record.expert);
  return found == weights.end() ? 1 : found->second;
}

QString RecordTable::text(const consensus::TrackRecord& record, int column) const {
  const auto judged = judgedAnswers(record);
  const auto& learned = taught()->learned;
  switch (column) {
    case name_column:
      return qtText(record.expert);
    case right_column: {
      if (judged == 0) return tr("not known");
      const auto [low, high] = record.interval;
      return tr("%1, %2 to %3").arg(percentText(record.mean), percentText(low), percentText(high));
    }
    case judged_column:
      return judged == 0 ? QString() : tr("%1 of %2").arg(countText(record.right), countText(judged));
    case confidence_column: {
      const auto mean = meanConfidence(*taught(), record.expert);
      return mean ? percentText(*mean) : QString();
    }
    case claims_column:
      return record.claims == 0 ? QString() : tr("%1 of %2").arg(countText(record.verified_claims), countText(record.claims));
    case silent_column: {
      QStringList words;
      if (record.abstained > 0) words << tr("abstained %1").arg(countText(record.abstained));
      if (record.failed > 0) words << tr("failed %1").arg(countText(record.failed));
      return words.join(QStringLiteral(", "));
    }
    case weight_column:
      if (learned.weights.empty()) return tr("1");
      return weight(record) <= consensus::silenced ? tr("silenced") : QString::number(weight(record), 'f', 2);
    default:
      return {};
  }
}

QVariant RecordTable::number(const consensus::TrackRecord& record, int column) const {
  switch (column) {
    case name_column:
      return qtText(record.expert);
    case right_column:
      return judgedAnswers(record) == 0 ? unknown : record.mean;
    case judged_column:
      return QVariant::fromValue(static_cast<quint64>(judgedAnswers(record)));
    case confidence_column: {
      const auto mean = meanConfidence(*taught(), record.expert);
      return mean.value_or(unknown);
    }
    case claims_column:
      return record.claims == 0 ? unknown : static_cast<double>(record.verified_claims) / static_cast<double>(record.claims);
    case silent_column:
      return QVariant::fromValue(static_cast<quint64>(record.abstained + record.failed));
    case weight_column:
      return weight(record);
    default:
      return {};
  }
}

QVariant RecordTable::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const auto& record = taught()->records[static_cast<std::size_t>(index.row())];
  switch (role) {
    case Qt::DisplayRole:
      return text(record, index.column());
    case sort_role:
      return number(record, index.column());
    case IntervalDelegate::interval_role:
      if (index.column() != right_column || judgedAnswers(record) == 0) return {};
      return QVariant::fromValue(Interval{record.mean, record.interval});
    case Qt::ToolTipRole:
      return headerData(index.column(), Qt::Horizontal, Qt::ToolTipRole);
    default:
      return {};
  }
}

QVariant RecordTable::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= column_count) return {};
  if (role == Qt::DisplayRole) {
    static const char* const titles[column_count] = {QT_TR_NOOP("Expert"),          QT_TR_NOOP("Is right (95 % interval)"),
                                                     QT_TR_NOOP("Was right"),       QT_TR_NOOP("Says of itself"),
                                                     QT_TR_NOOP("Claims verified"), QT_TR_NOOP("Silent"),
                                                     QT_TR_NOOP("Weight")};
    return tr(titles[section]);
  }
  if (role != Qt::ToolTipRole) return {};
  switch (section) {
    case right_column:
      return tr(
          "How likely it is that it is right, and between which bounds that lies with 95 %.\n"
          "A beta distribution that begins with one right and one wrong.");
    case judged_column:
      return tr("Of its answers of which it is known whether they were right");
    case confidence_column:
      return tr("Its own confidence in these answers, on average");
    case claims_column:
      return tr("Claims whose citations were all found in the evidence");
    case silent_column:
      return tr("Judged reports in which it abstained, failed, was late or was killed");
    case weight_column: {
      const Taught* taught = this->taught();
      if (!taught) return {};
      if (!taught->learned.weights.empty())
        return tr("What its vote weighs in the next consultation, learned from %1 judged answers of the circle")
            .arg(taught->learned.judged);
      return taught->learned.judged < consensus::least_for_weights
                 ? tr("All weigh alike until %1 answers of the circle were judged; there are %2")
                       .arg(consensus::least_for_weights)
                       .arg(taught->learned.judged)
                 : tr("All weigh alike: in judged answers their votes told nothing of the truth");
    }
    default:
      return {};
  }
}

}  // namespace conclave::desktop
