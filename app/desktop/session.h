// What the window is about: the current case, its evidence and its report. The one owner of state that pages share.
#pragma once

#include <QObject>
#include <QStringList>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "app/desktop/jobs.h"
#include "app/desktop/judgements.h"
#include "app/desktop/keys.h"
#include "app/desktop/opened_hooks.h"
#include "app/desktop/scripts.h"
#include "engine/case/audit.h"
#include "engine/case/case.h"
#include "engine/case/consult.h"
#include "engine/case/report.h"
#include "engine/scan/history.h"

namespace conclave::desktop {

struct Opened;

using CasePtr = std::shared_ptr<const Case>;
using GatheredPtr = std::shared_ptr<const Gathered>;
using ReportPtr = std::shared_ptr<const Report>;

// Where the report came from: judged here and now, or of an earlier time and perhaps no longer true.
enum class ReportOrigin { now, history, file };

// What the user says of a command that a log of the case comes from. `refuse` and `once` also take an earlier `always` back.
struct CommandDecision {
  enum class How { refuse, once, always, snapshot };
  std::string line;
  How how = How::refuse;
};

// Owner: main(). GUI thread; everything slow runs as a job and ends in a signal. Values are immutable once published.
class Session : public QObject {
  Q_OBJECT
 public:
  struct Folders {
    std::filesystem::path resources;  // holds example/make_example.py
    std::filesystem::path cache;      // example incidents are made here
    std::filesystem::path history;    // database of reports; empty: none is kept
    std::filesystem::path audit;      // the audit log; empty: none is kept
  };

  Session(Jobs& jobs, Scripts& scripts, Folders folders, QObject* parent = nullptr);

  [[nodiscard]] Jobs& jobs() { return jobs_; }
  [[nodiscard]] Scripts& scripts() { return scripts_; }
  [[nodiscard]] Keys& keys() { return keys_; }
  [[nodiscard]] Judgements& judgements() { return judgements_; }
  [[nodiscard]] CasePtr subject() const { return case_; }           // null: none is open
  [[nodiscard]] GatheredPtr gathered() const { return gathered_; }  // null: not gathered yet
  [[nodiscard]] ReportPtr report() const { return report_; }        // null: none yet
  [[nodiscard]] ReportOrigin reportOrigin() const { return origin_; }
  [[nodiscard]] const std::vector<consensus::ExpertResponse>& answers() const { return answers_; }  // of the running consultation
  [[nodiscard]] bool isConsulting() const { return consulting_ != 0; }
  [[nodiscard]] QString caseTitle() const;

  // A case file, a report as JSON, or anything else: files and folders of which a case is drafted.
  void open(const QStringList& paths);
  void checkThisMachine();  // opens and consults
  void openExample();       // makes the example incident if needed, opens and consults
  void setCase(Case subject);
  // The YAML of the current case when it was drafted here and not saved yet.
  [[nodiscard]] const std::vector<std::filesystem::path>& draftedFrom() const { return draftedFrom_; }
  void saveDraft(const QString& file);

  // Connects once to services of the open case, named as there, and asks its probes, within the policy. For another thread.
  // `probe`: of the engine, for the services of which the case names none; empty: only those that it names. `on_result`: as soon
  // as a result is known; a second time if a probe knows more.
  using AskServices = std::function<Result<std::vector<scan::ScanResult>>(
      std::vector<scan::Target>, const std::string& probe, const std::function<void(const scan::ScanResult&)>& on_result, Job&)>;
  [[nodiscard]] AskServices askServices() const;
  // What the history knows of each of the services, the newest scan included, which it keeps first unless there is none. For
  // another thread. Where no history is kept nothing is known, and that is no error.
  struct ServicePast {
    std::optional<scan::History> history = {};   // of all scans that are looked at
    std::vector<scan::Observation> newest = {};  // so many of them, oldest first
  };
  using LookBack = std::function<Result<std::vector<ServicePast>>(
      const std::vector<scan::Target>& services, const std::vector<scan::ScanResult>& newest, std::size_t most, Job&)>;
  [[nodiscard]] LookBack lookBackAtServices() const;

  // Where logs of the case come from commands that nobody agreed to, commandsWanted() instead; consultWith() goes on from there.
  void consult();
  void consultWith(const std::vector<CommandDecision>& decisions);
  void cancel();  // asks the consultation to stop
  // Replaces what the case says about its experts for the next consultations; nothing: as the case says.
  void setExperts(std::optional<std::vector<ExpertChoice>> experts) { experts_ = std::move(experts); }
  [[nodiscard]] const std::optional<std::vector<ExpertChoice>>& experts() const { return experts_; }

  // Into the audit log, soon. That it cannot be written is said, once.
  void audit(std::vector<AuditLine> lines);

 Q_SIGNALS:
  void caseOpened();                                                          // evidence and report are gone
  void caseProblems(const std::vector<conclave::config::Problem>& problems);  // and what hooks note on it
  void commandsWanted();                                                      // the user has to say whether they may run
  void consultStarted();
  void gatheredReady();  // while experts may still think
  void answered();       // one more expert ended
  void reportReady();
  void consultEnded(bool ok);
  void failed(const QString& what, const QString& why);

 private:
  void adopt(Opened opened);
  void lookBack();
  void publish(Report report, ReportOrigin origin);
  void complain(const std::optional<Error>& audit);
  [[nodiscard]] Case asked() const;
  [[nodiscard]] bool wantsConsent() const;
  void tellConsole();  // the names case, evidence and report
  void callOpenedHooks();
  [[nodiscard]] scripting::CircleRequest request() const;

  Jobs& jobs_;
  Scripts& scripts_;
  Folders folders_;
  Keys keys_;
  Judgements judgements_;
  CasePtr case_;
  GatheredPtr gathered_;
  ReportPtr report_;
  ReportOrigin origin_ = ReportOrigin::now;
  bool complained_ = false;  // about the audit log
  std::vector<consensus::ExpertResponse> answers_;
  std::optional<std::vector<ExpertChoice>> experts_;
  std::vector<std::filesystem::path> draftedFrom_;
  std::shared_ptr<OpenedHooks> openedHooks_;  // of case_
  bool hooksAreDue_ = false;                  // a case was opened, and Python is not ready yet
  Jobs::Id telling_ = 0;                      // them of it
  Jobs::Id consulting_ = 0;
  quint64 serial_ = 0;  // of the latest consultation: what earlier ones post is stale
};

}  // namespace conclave::desktop
