// What people said of reports, as the history keeps it, and what that taught.
#pragma once

#include <QObject>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/desktop/jobs.h"
#include "engine/case/judging.h"
#include "engine/consensus/reliability/diagram.h"
#include "engine/consensus/reliability/track_record.h"

namespace conclave::desktop {

// What was learned of questions with one list of verdicts.
struct Taught {
  consensus::Learned learned;
  std::vector<consensus::TrackRecord> records;                                            // all scopes of an expert together
  std::vector<consensus::JudgedVerdict> verdicts;                                         // of the circle, before calibration
  std::map<std::string, std::vector<consensus::JudgedVerdict>> answers;                   // by expert
  std::size_t reports = 0;                                                                // that were judged
  [[nodiscard]] const consensus::TrackRecord* recordOf(const std::string& expert) const;  // null: none
};

// Immutable once published.
struct Judged {
  std::vector<store::JudgementRow> rows;  // by report and scope
  std::vector<Taught> questions;          // most judged reports first
  QString trouble;                        // why the history could not be read; empty: it could
  [[nodiscard]] const store::JudgementRow* of(const std::string& report, const std::string& scope) const;  // null: not judged
  [[nodiscard]] const Taught* about(const consensus::Question& question) const;  // null: nothing of such questions
};
using JudgedPtr = std::shared_ptr<const Judged>;

// Owner: Session. GUI thread; the history is read and written in jobs, one change after the other in the order of the calls.
class Judgements : public QObject {
  Q_OBJECT
 public:
  // An empty path: no history is kept, and nothing can be judged.
  Judgements(Jobs& jobs, std::filesystem::path history, QObject* parent = nullptr);

  [[nodiscard]] bool canJudge() const { return !history_.empty(); }
  [[nodiscard]] const JudgedPtr& judged() const { return judged_; }  // null: not read yet
  void read();                                                       // again: others may have judged in the meantime

  void judge(std::shared_ptr<const Report> report, Judgement judgement);
  void takeBack(const std::string& report, const std::string& scope);
  // Nothing is learned from what was judged so far. Until the window closes it can be taken back, but for what was judged anew.
  void reset();
  [[nodiscard]] std::size_t forgotten() const { return forgotten_.size(); }  // that undoReset() would bring back
  void undoReset();

 Q_SIGNALS:
  void changed();                                 // judged() is another one
  void written(const conclave::AuditLine& line);  // what goes into the audit log
  void failed(const QString& what, const QString& why);

 private:
  struct Change {
    QString title;
    QString trouble;  // what is said when it fails
    std::function<Result<std::vector<store::JudgementRow>>(store::Store&)> work;
    std::function<void(std::vector<store::JudgementRow>)> done;
  };
  void enqueue(Change change);
  void next();
  void publish(Judged judged);

  Jobs& jobs_;
  std::filesystem::path history_;
  JudgedPtr judged_;
  std::vector<store::JudgementRow> forgotten_;
  std::deque<Change> changes_;  // the first one runs
};

}  // namespace conclave::desktop
