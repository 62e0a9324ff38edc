#include "app/desktop/session.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QPointer>

#include "app/desktop/endpoints.h"
#include "app/desktop/opening.h"
#include "app/desktop/text.h"
#include "engine/store/store.h"

namespace conclave::desktop {

namespace fs = std::filesystem;

namespace {

struct Verdict {
  Report report;
  std::optional<Error> notKept;  // the report is fine, but the history could not be written
};

std::optional<Error> keep(const Report& report, const Case& subject, const fs::path& history) {
  if (history.empty()) return {};
  auto store = store::Store::open(history);
  if (!store) return store.error();
  store::ReportRow row;
  row.id = report.id;
  row.case_name = report.case_name;
  row.case_key = subject.file.empty() ? report.case_name : subject.file.string();
  row.started = report.started;
  row.verdict = report.consensus.verdict.value_or("");
  row.passed = report.consensus.passed;
  if (report.consensus.verdict) row.confidence = report.consensus.confidence_score;
  const auto added = (*store)->add_report(row, to_json(report).dump());
  return added ? std::nullopt : std::optional<Error>(added.error());
}

}  // namespace

Session::Session(Jobs& jobs, Scripts& scripts, Folders folders, QObject* parent)
    : QObject(parent), jobs_(jobs), scripts_(scripts), folders_(std::move(folders)) {}

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
  if (!opened.report) return;
  report_ = std::make_shared<const Report>(std::move(*opened.report));
  Q_EMIT reportReady();
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
  Q_EMIT caseOpened();
}

void Session::checkThisMachine() {
  jobs_.run<Case>(
      {tr("Looking at this machine"), this, QStringLiteral("open")},
      [](Job& job) -> Result<Case> { return case_of_this_machine(job); },
      [this](Result<Case> subject) {
        if (!subject) return Q_EMIT failed(tr("Cannot look at this machine"), qtText(subject.error().text()));
        setCase(std::move(*subject));
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

void Session::consult() {
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
  scripting::CircleRequest request{{}, scripts_.pluginDirs()};
  request.keys = keys_.ring();
  for (const QString& endpoint : agreedEndpoints()) request.allowed_endpoints.push_back(endpoint.toStdString());
  auto work = [this, post, subject = asked(), host = scripts_.host(), request = std::move(request),
               history = folders_.history](Job& job) -> Result<Verdict> {
    std::vector<ExpertPtr> experts;
    ConsultOptions options;
    if (host) {
      auto circle = host->circle(subject, request);
      if (!circle) return tl::unexpected<Error>(circle.error());
      experts = std::move(circle->experts);
      options.refused = std::move(circle->refused);
      options.problems = std::move(circle->problems);
      options.hooks = host->hooks(request);
    }
    options.on_gathered = [this, post](const Gathered& gathered) {
      post([this, value = std::make_shared<const Gathered>(gathered)] {
        gathered_ = value;
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
    auto notKept = keep(*report, subject, history);
    return Verdict{std::move(*report), std::move(notKept)};
  };
  consulting_ = jobs_.run<Verdict>({tr("Consulting: %1").arg(caseTitle()), this, QStringLiteral("consult")}, std::move(work),
                                   [this](Result<Verdict> verdict) {
                                     consulting_ = 0;
                                     if (!verdict) {
                                       if (verdict.error().kind != ErrorKind::cancelled)
                                         Q_EMIT failed(tr("The consultation failed"), qtText(verdict.error().text()));
                                       return Q_EMIT consultEnded(false);
                                     }
                                     report_ = std::make_shared<const Report>(std::move(verdict->report));
                                     if (gathered_ && scripts_.host()) scripts_.host()->publish(*report_, gathered_->evidence);
                                     Q_EMIT reportReady();
                                     if (verdict->notKept)
                                       Q_EMIT failed(tr("The report is not in the history"), qtText(verdict->notKept->text()));
                                     Q_EMIT consultEnded(true);
                                   });
  Q_EMIT consultStarted();
}

void Session::cancel() {
  if (consulting_) jobs_.cancel(consulting_);
}

}  // namespace conclave::desktop
