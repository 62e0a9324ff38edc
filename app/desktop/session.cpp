#include "app/desktop/session.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QMetaMethod>
#include <QPointer>
#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "app/desktop/endpoints.h"
#include "app/desktop/opening.h"
#include "app/desktop/text.h"
#include "engine/case/command_consent.h"
#include "engine/case/judging.h"
#include "engine/case/past.h"
#include "engine/case/policy.h"
#include "engine/case/scan_history.h"
#include "engine/scan/probe/prober.h"

namespace conclave::desktop {

namespace fs = std::filesystem;

namespace {

struct Verdict {
  Report report;
  std::optional<Error> noHistory;  // the report is fine, but the history could not be read or written
  std::optional<Error> notAudited;
  std::optional<Error> notRemembered;  // what the user decided on commands
};

// Remembers what was decided for good; what is decided for this time. In a job: others may hold the file.
CommandOptions decided(const std::vector<CommandDecision>& decisions, const fs::path& folder, std::vector<AuditLine>& audit,
                       std::optional<Error>& notRemembered) {
  using enum CommandDecision::How;
  CommandOptions options;
  const std::string where = ", in " + command_folder(folder).string();
  for (const auto& [line, how] : decisions) {
    if (how == snapshot) options.from_snapshots.push_back(line);
    if (how == once || how == always) options.allowed.push_back(line);
    Result<bool> changed = false;
    if (how == always) {
      if (const auto agreed = agree_to_command(folder, line); !agreed) changed = tl::unexpected<Error>(agreed.error());
    } else if (how != snapshot) {
      changed = withdraw_command(folder, line);
    }
    if (!changed) notRemembered = changed.error();
    if (how == once || how == always)
      audit.push_back(audit_of_command_consent(line, true, (how == once ? "for this run" : "from now on") + where));
    else if (changed && *changed)
      audit.push_back(audit_of_command_consent(line, false, "from now on" + where));
  }
  return options;
}

// Nothing for a case that was drafted here: the next draft is another one.
Result<std::optional<std::string>> lastReport(const Case& subject, const fs::path& history, bool drafted) {
  std::error_code error;
  if (drafted || history.empty() || !fs::exists(history, error)) return std::nullopt;
  const auto store = store::Store::open(history);
  if (!store) return tl::unexpected<Error>(store.error());
  return last_report_json(**store, subject);
}

Result<ServicesPast> servicesPast(const fs::path& history, const Case& subject) {
  std::error_code error;
  if (subject.services.empty() || history.empty() || !fs::exists(history, error)) return ServicesPast();
  const auto store = store::Store::open(history);
  if (!store) return tl::unexpected<Error>(store.error());
  return past_of_services(**store, subject);
}

Result<consensus::Learned> learnedFrom(const fs::path& history, const Case& subject) {
  std::error_code error;
  if (history.empty() || !fs::exists(history, error)) return consensus::Learned();
  const auto store = store::Store::open(history);
  if (!store) return tl::unexpected<Error>(store.error());
  return learned_from(**store, subject.question);
}

Result<void> keep(const Report& report, const Case& subject, const fs::path& history) {
  if (history.empty()) return {};
  auto store = store::Store::open(history);
  if (!store) return tl::unexpected<Error>(store.error());
  return keep_report(**store, subject, report);
}

Result<void> writeAudit(const std::vector<AuditLine>& lines, const fs::path& file) {
  return file.empty() ? Result<void>() : write_audit(lines, file);
}

}  // namespace

Session::Session(Jobs& jobs, Scripts& scripts, Folders folders, QObject* parent)
    : QObject(parent), jobs_(jobs), scripts_(scripts), folders_(std::move(folders)), judgements_(jobs, folders_.history) {
  connect(&judgements_, &Judgements::failed, this, &Session::failed);
  connect(&judgements_, &Judgements::written, this, [this](const AuditLine& line) { audit({line}); });
  connect(&scripts_, &Scripts::stateChanged, this, [this] {
    tellConsole();
    callOpenedHooks();
  });
}

void Session::tellConsole() {
  if (const auto host = scripts_.host()) host->publish({case_, report_, gathered_ ? gathered_->evidence : nullptr});
}

QString Session::caseTitle() const {
  if (!case_) return {};
  if (!case_->name.empty()) return qtText(case_->name);
  return case_->file.empty() ? tr("New case") : QFileInfo(qtPath(case_->file)).completeBaseName();
}

void Session::open(const QStringList& paths) {
  std::vector<fs::path> files;
  for (const auto& path : paths) files.push_back(fsPath(path));
  jobs_.run<Opened>(
      {tr("Opening %1")
           .arg(paths.size() == 1 ? QFileInfo(paths.front()).fileName()
                                  : counted(static_cast<quint64>(paths.size()), "file", "files")),
       this, QStringLiteral("open")},
      [files](Job&) { return openPaths(files); },
      [this, paths](Result<Opened> opened) {
        if (!opened)
          return Q_EMIT failed(tr("Cannot open %1").arg(paths.join(QLatin1String(", "))), qtText(opened.error().text()));
        adopt(std::move(*opened));
      });
}

void Session::adopt(Opened opened) {
  setCase(std::move(opened.subject));
  draftedFrom_ = std::move(opened.draftedFrom);
  if (!opened.problems.empty()) Q_EMIT caseProblems(opened.problems);
  if (!opened.report) {
    hooksAreDue_ = true;
    callOpenedHooks();
    return lookBack();
  }
  publish(std::move(*opened.report), ReportOrigin::file);
}

void Session::publish(Report report, ReportOrigin origin) {
  report_ = std::make_shared<const Report>(std::move(report));
  origin_ = origin;
  judgements_.read();
  tellConsole();
  Q_EMIT reportReady();
}

scripting::CircleRequest Session::request() const {
  scripting::CircleRequest request{{}, scripts_.pluginDirs()};
  request.keys = keys_.ring();
  request.trusted = scripts_.trusted();
  for (const QString& endpoint : agreedEndpoints()) request.allowed_endpoints.push_back(endpoint.toStdString());
  return request;
}

void Session::callOpenedHooks() {
  if (!hooksAreDue_ || !scripts_.host()) return;
  hooksAreDue_ = false;
  struct Said {
    OpenedCase opened;
    std::optional<Error> notAudited;
  };
  telling_ = jobs_.run<Said>(
      {tr("Telling plugins of the case"), this, QStringLiteral("case opened"), true},
      [subject = case_, hooks = openedHooks_, host = scripts_.host(), request = request(),
       file = folders_.audit](Job& job) -> Result<Said> {
        const Hooks functions = host->hooks(*subject, request);
        Said said;
        if (const auto written = writeAudit(audit_of_plugins(functions.plugins), file); !written)
          said.notAudited = written.error();
        auto opened = hooks->call(*subject, functions, job);
        if (!opened) return tl::unexpected<Error>(opened.error());
        said.opened = std::move(*opened);
        return said;
      },
      [this, subject = case_](Result<Said> said) {
        if (!said || subject != case_) return;  // stopped: by the next case, or by the end of the window
        auto problems = std::move(said->opened.notes);
        for (auto& failure : failures_of(said->opened.hooks)) problems.push_back(std::move(failure));
        if (!problems.empty()) Q_EMIT caseProblems(problems);
        complain(said->notAudited);
      });
}

void Session::lookBack() {
  jobs_.run<std::optional<Report>>(
      {tr("Looking for the last report"), this, QStringLiteral("look back"), true},
      [subject = case_, history = folders_.history, drafted = !draftedFrom_.empty()](Job&) -> Result<std::optional<Report>> {
        const auto text = lastReport(*subject, history, drafted);
        if (!text) return tl::unexpected<Error>(text.error());
        if (!*text) return std::nullopt;
        const auto json = nlohmann::json::parse(**text, nullptr, false);
        if (json.is_discarded()) return fail(ErrorKind::serialization, "the last report is damaged", history.string());
        auto report = report_from_json(json);
        if (!report) return tl::unexpected<Error>(report.error());
        return std::optional<Report>(std::move(*report));
      },
      [this, subject = case_](Result<std::optional<Report>> past) {
        if (subject != case_ || report_) return;
        if (!past) return Q_EMIT failed(tr("The last report cannot be shown"), qtText(past.error().text()));
        if (*past) publish(std::move(**past), ReportOrigin::history);
      });
}

void Session::audit(std::vector<AuditLine> lines) {
  jobs_.run<void>(
      {tr("Writing the audit log"), this, {}, true},
      [lines = std::move(lines), file = folders_.audit](Job&) { return writeAudit(lines, file); },
      [this](const Result<void>& written) {
        if (!written) complain(written.error());
      });
}

void Session::complain(const std::optional<Error>& audit) {
  if (!audit || complained_) return;
  complained_ = true;
  Q_EMIT failed(tr("The audit log cannot be written"), qtText(audit->text()));
}

void Session::setCase(Case subject) {
  cancel();
  ++serial_;
  if (consulting_) {
    jobs_.drop(consulting_);
    consulting_ = 0;
    Q_EMIT consultEnded(false);
  }
  case_ = std::make_shared<const Case>(std::move(subject));
  gathered_.reset();
  report_.reset();
  answers_.clear();
  experts_.reset();
  draftedFrom_.clear();
  jobs_.drop(telling_);
  openedHooks_ = std::make_shared<OpenedHooks>();
  hooksAreDue_ = false;
  tellConsole();
  Q_EMIT caseOpened();
}

void Session::checkThisMachine() {
  jobs_.run<Case>(
      {tr("Looking at this machine"), this, QStringLiteral("open")},
      [](Job& job) -> Result<Case> { return case_of_this_machine(job); },
      [this](Result<Case> subject) {
        if (!subject) return Q_EMIT failed(tr("Cannot look at this machine"), qtText(subject.error().text()));
        setCase(std::move(*subject));
        lookBack();
        consult();
      });
}

void Session::openExample() {
  const fs::path generator = folders_.resources / "example" / "make_example.py";
  const fs::path folder = folders_.cache / "example";
  jobs_.run<Opened>(
      {tr("Making the example incident"), this, QStringLiteral("open")},
      [generator, folder](Job& job) -> Result<Opened> {
        const auto file = makeExample(generator, folder, job);
        if (!file) return tl::unexpected<Error>(file.error());
        return openPaths({*file});
      },
      [this](Result<Opened> opened) {
        if (!opened) {
          if (opened.error().kind == ErrorKind::cancelled) return;
          return Q_EMIT failed(tr("Cannot make the example incident"), qtText(opened.error().text()));
        }
        adopt(std::move(*opened));
        consult();
      });
}

void Session::saveDraft(const QString& file) {
  const fs::path target = fsPath(file);
  jobs_.run<void>(
      {tr("Saving the case"), this, QStringLiteral("save"), true},
      [target, from = draftedFrom_](Job&) -> Result<void> {
        const auto yaml = draft_case(from, target.parent_path());
        if (!yaml) return tl::unexpected<Error>(yaml.error());
        return writeFile(target, *yaml);
      },
      [this, file](Result<void> saved) {
        if (!saved) return Q_EMIT failed(tr("Cannot save the case"), qtText(saved.error().text()));
        open({file});
      });
}

Case Session::asked() const {
  Case subject = *case_;
  if (experts_) subject.experts = *experts_;
  return subject;
}

Session::AskServices Session::askServices() const {
  return [subject = case_ ? asked() : Case{}, host = scripts_.host(), request = request()](
             std::vector<scan::Target> targets, const std::string& probe, const auto& on_result,
             Job& job) -> Result<std::vector<scan::ScanResult>> {
    const auto policy = policy_in_force();
    if (!policy) return tl::unexpected<Error>(policy.error());
    std::unordered_map<std::string_view, const scan::Target*> named;
    for (const scan::Target& service : subject.services) named.emplace(service.name, &service);
    bool any = false;
    for (scan::Target& target : targets) {
      if (const auto service = named.find(target.name); service != named.end()) {
        target.probe = service->second->probe;
        target.needs = service->second->needs;
        target.p95_ms = service->second->p95_ms;
      }
      any = any || !target.probe.empty();
    }
    Probes probes;
    if (any && host) {
      auto circle = host->circle(subject, request);
      if (!circle) return tl::unexpected<Error>(circle.error());
      probes = std::move(circle->probes);
    }
    const scan::ScanOptions options = policy->within({});
    auto results = scan::scan(targets, options, job, on_result);
    scan::probe(results, {probe}, options, job);
    for (const scan::ScanResult& result : results)
      if (result.facts) on_result(result);
    if (probes.empty() || job.stopped()) return results;
    auto probed = ask_probes(results, probes, options, job);
    if (!probed)
      return job.stopped() ? Result<std::vector<scan::ScanResult>>(std::move(results)) : tl::unexpected<Error>(probed.error());
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (probed->changes[i].is_null()) continue;
      results[i] = with_change(std::move(results[i]), probed->changes[i]);
      on_result(results[i]);
    }
    return results;
  };
}

Session::LookBack Session::lookBackAtServices() const {
  return [file = folders_.history, occasion = "asked again, case " + (case_ ? case_->name : std::string())](
             const std::vector<scan::Target>& services, const std::vector<scan::ScanResult>& newest, std::size_t most,
             Job& job) -> Result<std::vector<ServicePast>> {
    std::vector<ServicePast> found(services.size());
    std::error_code error;
    if (file.empty() || (newest.empty() && !fs::exists(file, error))) return found;
    const auto history = store::Store::open(file);
    if (!history) return tl::unexpected<Error>(history.error());
    if (const auto kept = keep_scan(**history, occasion, newest, 0); !kept) return tl::unexpected<Error>(kept.error());
    for (std::size_t i = 0; i < services.size(); ++i) {
      if (job.stopped()) return fail_cancelled();
      const auto known = observations_of(**history, services[i]);
      if (!known) return tl::unexpected<Error>(known.error());
      found[i].history = scan::history_of(*known);
      const auto shown = static_cast<std::ptrdiff_t>(std::min(most, known->size()));
      found[i].newest.assign(known->end() - shown, known->end());
    }
    return found;
  };
}

bool Session::wantsConsent() const {
  const auto& commands = case_->commands;
  return std::any_of(commands.begin(), commands.end(), [&](const LogCommand& command) {
    const auto objection = objection_to(command, *case_, {});
    return objection && objection->rule == "consent";
  });
}

void Session::consult() {
  if (!case_ || isConsulting()) return;
  const bool somebodyAsks = isSignalConnected(QMetaMethod::fromSignal(&Session::commandsWanted));
  if (somebodyAsks && wantsConsent()) return Q_EMIT commandsWanted();
  consultWith({});
}

void Session::consultWith(const std::vector<CommandDecision>& decisions) {
  if (!case_ || isConsulting()) return;
  const quint64 serial = ++serial_;
  gathered_.reset();
  answers_.clear();
  const auto post = [self = QPointer<Session>(this), serial](auto change) {
    QMetaObject::invokeMethod(
        qApp,
        [self, serial, change = std::move(change)] {
          if (self && serial == self->serial_) change();
        },
        Qt::QueuedConnection);
  };
  auto work = [this, post, decisions, subject = asked(), host = scripts_.host(), request = request(), folders = folders_,
               opened = openedHooks_, drafted = !draftedFrom_.empty()](Job& job) -> Result<Verdict> {
    std::vector<ExpertPtr> experts;
    ConsultOptions options;
    Verdict verdict;
    std::vector<AuditLine> audit;
    options.commands = decided(decisions, subject.base, audit, verdict.notRemembered);
    const auto note = [](std::optional<Error>& trouble, const auto& result) {
      if (!result) trouble = result.error();
    };
    auto previous = lastReport(subject, folders.history, drafted);
    note(verdict.noHistory, previous);
    if (previous) options.previous = std::move(*previous);
    auto past = servicesPast(folders.history, subject);
    note(verdict.noHistory, past);
    if (past) options.services_past = std::move(*past);
    auto learned = learnedFrom(folders.history, subject);
    note(verdict.noHistory, learned);
    if (learned) options.learned = std::move(*learned);
    if (host) {
      auto circle = host->circle(subject, request);
      if (!circle) return tl::unexpected<Error>(circle.error());
      experts = std::move(circle->experts);
      options.refused = std::move(circle->refused);
      options.problems = std::move(circle->problems);
      options.embedding = std::move(circle->embedding);
      options.probes = std::move(circle->probes);
      options.hooks = host->hooks(subject, request);
      options.commands.secrets = std::move(circle->secrets);
    }
    options.commands.on_run = [&](const CommandRun& run) {
      note(verdict.notAudited, writeAudit({audit_of_command(run)}, folders.audit));
    };
    note(verdict.notAudited, writeAudit(audit, folders.audit));
    note(verdict.notAudited, writeAudit(audit_of_consultation(subject, experts, options), folders.audit));
    auto said = opened->call(subject, options.hooks, job);
    if (!said) return tl::unexpected<Error>(said.error());
    options.opened = std::move(*said);
    options.on_gathered = [this, post](const Gathered& gathered) {
      post([this, value = std::make_shared<const Gathered>(gathered)] {
        gathered_ = value;
        tellConsole();
        Q_EMIT gatheredReady();
      });
    };
    options.on_response = [this, post](const consensus::ExpertResponse& response) {
      post([this, response] {
        answers_.push_back(response);
        Q_EMIT answered();
      });
    };
    auto report = conclave::consult(subject, experts, options, job);
    if (!report) return tl::unexpected<Error>(report.error());
    note(verdict.noHistory, keep(*report, subject, folders.history));
    verdict.report = std::move(*report);
    return verdict;
  };
  consulting_ = jobs_.run<Verdict>(
      {tr("Consulting: %1").arg(caseTitle()), this, QStringLiteral("consult")}, std::move(work), [this](Result<Verdict> verdict) {
        consulting_ = 0;
        if (!verdict) {
          if (verdict.error().kind != ErrorKind::cancelled)
            Q_EMIT failed(tr("The consultation failed"), qtText(verdict.error().text()));
          return Q_EMIT consultEnded(false);
        }
        publish(std::move(verdict->report), ReportOrigin::now);
        if (verdict->noHistory) Q_EMIT failed(tr("The history could not be used"), qtText(verdict->noHistory->text()));
        if (verdict->notRemembered)
          Q_EMIT failed(tr("What you decided on commands is not remembered"), qtText(verdict->notRemembered->text()));
        complain(verdict->notAudited);
        Q_EMIT consultEnded(true);
      });
  Q_EMIT consultStarted();
}

void Session::cancel() {
  if (consulting_) jobs_.cancel(consulting_);
}

}  // namespace conclave::desktop
