#include "app/desktop/judgements.h"

#include <algorithm>
#include <set>
#include <utility>

#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {

using store::JudgementRow;

Result<Judged> readHistory(const std::filesystem::path& file) {
  Judged judged;
  std::error_code error;
  if (file.empty() || !std::filesystem::exists(file, error)) return judged;
  const auto history = store::Store::open(file);
  if (!history) return tl::unexpected<Error>(history.error());
  auto rows = (*history)->judgements();
  if (!rows) return tl::unexpected<Error>(rows.error());
  judged.rows = std::move(*rows);
  const auto lessons = lessons_of(**history);
  if (!lessons) return tl::unexpected<Error>(lessons.error());
  std::map<consensus::VerdictList, std::vector<consensus::Lesson>> by_question;
  for (const auto& lesson : *lessons) by_question[lesson.question].push_back(lesson);
  for (const auto& [question, own] : by_question) {
    auto learned = consensus::learn(own, question);
    if (!learned) return tl::unexpected<Error>(learned.error());
    Taught taught;
    taught.learned = std::move(*learned);
    taught.records = consensus::track_records(own);
    std::erase_if(taught.records, [](const auto& record) { return !record.scope.empty(); });
    taught.verdicts = consensus::judged_verdicts(own);
    taught.answers = consensus::judged_answers(own);
    std::set<std::string> reports;
    for (const auto& lesson : own) reports.insert(lesson.report);
    taught.reports = reports.size();
    judged.questions.push_back(std::move(taught));
  }
  std::stable_sort(judged.questions.begin(), judged.questions.end(),
                   [](const Taught& a, const Taught& b) { return a.reports > b.reports; });
  return judged;
}

bool isOf(const JudgementRow& row, const std::string& report, const std::string& scope) {
  return row.report_id == report && row.scope == scope;
}

}  // namespace

const consensus::TrackRecord* Taught::recordOf(const std::string& expert) const {
  const auto found = std::find_if(records.begin(), records.end(), [&](const auto& record) { return record.expert == expert; });
  return found == records.end() ? nullptr : &*found;
}

const JudgementRow* Judged::of(const std::string& report, const std::string& scope) const {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return isOf(row, report, scope); });
  return found == rows.end() ? nullptr : &*found;
}

const Taught* Judged::about(const consensus::Question& question) const {
  const consensus::VerdictList list{question.verdicts, question.ordered};
  const auto found =
      std::find_if(questions.begin(), questions.end(), [&](const Taught& each) { return each.learned.question == list; });
  return found == questions.end() ? nullptr : &*found;
}

Judgements::Judgements(Jobs& jobs, std::filesystem::path history, QObject* parent)
    : QObject(parent), jobs_(jobs), history_(std::move(history)) {}

void Judgements::publish(Judged judged) {
  judged_ = std::make_shared<const Judged>(std::move(judged));
  Q_EMIT changed();
}

void Judgements::read() {
  jobs_.run<Judged>(
      {tr("Reading what was judged"), this, QStringLiteral("read"), true}, [file = history_](Job&) { return readHistory(file); },
      [this](Result<Judged> read) {
        if (read) return publish(std::move(*read));
        Judged judged = judged_ ? *judged_ : Judged();
        judged.trouble = tr("What was judged cannot be read: %1").arg(qtText(read.error().text()));
        publish(std::move(judged));
      });
}

void Judgements::enqueue(Change change) {
  changes_.push_back(std::move(change));
  if (changes_.size() == 1) next();
}

void Judgements::next() {
  jobs_.run<std::vector<JudgementRow>>(
      {changes_.front().title, this, {}, true},
      [file = history_, work = changes_.front().work](Job&) -> Result<std::vector<JudgementRow>> {
        const auto history = store::Store::open(file);
        if (!history) return tl::unexpected<Error>(history.error());
        return work(**history);
      },
      [this](Result<std::vector<JudgementRow>> rows) {
        const Change change = std::move(changes_.front());
        changes_.pop_front();
        if (!changes_.empty()) next();
        if (!rows) return Q_EMIT failed(change.trouble, qtText(rows.error().text()));
        change.done(std::move(*rows));
        read();
      });
}

// What is known at once is shown at once; what it teaches comes with the next reading.
void Judgements::judge(std::shared_ptr<const Report> report, Judgement judgement) {
  enqueue({tr("Keeping your judgement"), tr("Your judgement could not be kept"),
           [report = std::move(report),
            judgement = std::move(judgement)](store::Store& history) -> Result<std::vector<JudgementRow>> {
             auto row = conclave::judge(history, *report, judgement);
             if (!row) return tl::unexpected<Error>(row.error());
             return std::vector{std::move(*row)};
           },
           [this](std::vector<JudgementRow> rows) {
             const JudgementRow& row = rows.front();
             const auto same = [&](const JudgementRow& each) { return isOf(each, row.report_id, row.scope); };
             Judged judged = judged_ ? *judged_ : Judged();
             std::erase_if(judged.rows, same);
             std::erase_if(forgotten_, same);
             judged.rows.push_back(row);
             Q_EMIT written(audit_of_judgement(row, false));
             publish(std::move(judged));
           }});
}

void Judgements::takeBack(const std::string& report, const std::string& scope) {
  enqueue({tr("Taking your judgement back"), tr("Your judgement could not be taken back"),
           [report, scope](store::Store& history) -> Result<std::vector<JudgementRow>> {
             const auto rows = history.judgements();
             if (!rows) return tl::unexpected<Error>(rows.error());
             const auto found =
                 std::find_if(rows->begin(), rows->end(), [&](const auto& row) { return isOf(row, report, scope); });
             if (found == rows->end()) return fail(ErrorKind::not_found, "it is not there any longer");
             const auto removed = history.remove_judgement(report, scope);
             if (!removed) return tl::unexpected<Error>(removed.error());
             return std::vector{*found};
           },
           [this](std::vector<JudgementRow> rows) {
             const auto same = [&](const JudgementRow& each) { return isOf(each, rows.front().report_id, rows.front().scope); };
             Judged judged = judged_ ? *judged_ : Judged();
             std::erase_if(judged.rows, same);
             std::erase_if(forgotten_, same);
             Q_EMIT written(audit_of_judgement(rows.front(), true));
             publish(std::move(judged));
           }});
}

void Judgements::reset() {
  enqueue({tr("Forgetting what was learned"), tr("What was learned could not be reset"),
           [](store::Store& history) -> Result<std::vector<JudgementRow>> {
             auto rows = history.judgements();
             if (!rows) return tl::unexpected<Error>(rows.error());
             const auto reset = history.forget_judgements();
             if (!reset) return tl::unexpected<Error>(reset.error());
             std::erase_if(*rows, [](const JudgementRow& row) { return !row.counts; });
             return std::move(*rows);
           },
           [this](std::vector<JudgementRow> rows) {
             Q_EMIT written(audit_of_reset(rows.size()));
             forgotten_.insert(forgotten_.end(), rows.begin(), rows.end());
           }});
}

void Judgements::undoReset() {
  enqueue(
      {tr("Learning again from what was judged"), tr("The reset could not be taken back"),
       [forgotten = forgotten_](store::Store& history) -> Result<std::vector<JudgementRow>> {
         const auto now = history.judgements();
         if (!now) return tl::unexpected<Error>(now.error());
         std::vector<JudgementRow> back;
         for (const JudgementRow& row : forgotten) {
           JudgementRow asLeft = row;
           asLeft.counts = false;
           if (std::find(now->begin(), now->end(), asLeft) == now->end()) continue;  // judged anew, or taken back
           if (const auto kept = history.set_judgement(row); !kept) return tl::unexpected<Error>(kept.error());
           back.push_back(row);
         }
         return back;
       },
       [this](const std::vector<JudgementRow>& rows) {
         forgotten_.clear();
         Q_EMIT written({"history.reset-learning", counted(rows.size(), "judgement", "judgements").toStdString(), "count again"});
       }});
}

}  // namespace conclave::desktop
