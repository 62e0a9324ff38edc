#include "app/desktop/scripts.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QPointer>
#include <QRegularExpression>
#include <atomic>
#include <deque>
#include <mutex>

#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {
constexpr int drain_interval_ms = 50;
constexpr int watch_interval_ms = 500;
constexpr qint64 stuck_after_ms = 5000;
// What a text view lays out in a few milliseconds.
constexpr qsizetype most_characters = 64 << 10;
constexpr qsizetype most_lines = 400;
constexpr int most_requests = 100;
constexpr qsizetype piece_size = 4096;  // so that what is left out is little more than must be
}  // namespace

// Shared between the script thread, which adds, and the GUI thread, which takes.
struct Scripts::Collector {
  std::mutex mutex;
  std::deque<OutputPiece> pieces;
  qsizetype characters = 0;
  qsizetype lines = 0;
  quint64 linesLeftOut = 0;

  void add(scripting::Stream stream, std::string_view text, std::string_view origin) {
    OutputPiece piece{stream, qtText(text), qtText(origin)};
    const qsizetype newLines = piece.text.count(QLatin1Char('\n'));
    const std::lock_guard lock(mutex);
    characters += piece.text.size();
    lines += newLines;
    OutputPiece* last = pieces.empty() ? nullptr : &pieces.back();
    if (last && last->stream == stream && last->origin == piece.origin && last->text.size() < piece_size) {
      last->text += piece.text;
    } else {
      pieces.push_back(std::move(piece));
    }
    while (pieces.size() > 1 && isTooMuch()) leaveOut(pieces.front().text.size());
    if (isTooMuch()) shortenLast();
  }

  [[nodiscard]] bool isTooMuch() const { return characters > most_characters || lines > most_lines; }

  // The beginning of the first piece.
  void leaveOut(qsizetype count) {
    QString& text = pieces.front().text;
    const qsizetype gone = QStringView(text).left(count).count(QLatin1Char('\n'));
    characters -= count;
    lines -= gone;
    linesLeftOut += static_cast<quint64>(gone);
    if (count == text.size()) {
      pieces.pop_front();
    } else {
      text.remove(0, count);
    }
  }

  void shortenLast() {
    const QString& text = pieces.front().text;
    qsizetype begin = std::max<qsizetype>(text.size() - most_characters, 0);
    qsizetype lineEnd = text.size();
    for (qsizetype kept = 0; kept <= most_lines && lineEnd >= begin && lineEnd > 0; ++kept) {
      lineEnd = text.lastIndexOf(QLatin1Char('\n'), lineEnd - 1);
    }
    leaveOut(std::max(begin, lineEnd + 1));
  }
};

Scripts::Scripts(Jobs& jobs, QObject* parent) : QObject(parent), jobs_(jobs), collector_(std::make_shared<Collector>()) {
  drainTimer_.setInterval(drain_interval_ms);
  connect(&drainTimer_, &QTimer::timeout, this, &Scripts::drain);
  watchTimer_.setInterval(watch_interval_ms);
  connect(&watchTimer_, &QTimer::timeout, this, &Scripts::watch);
}

Scripts::~Scripts() = default;

void Scripts::start(Starter starter) {
  state_ = State::starting;
  Q_EMIT stateChanged();
  drainTimer_.start();
  using Host = std::shared_ptr<scripting::ScriptHost>;
  jobs_.run<Host>(
      {tr("Starting Python"), this, QStringLiteral("start"), true},
      [starter = std::move(starter), collector = collector_](Job&) -> Result<Host> {
        auto host = starter([collector](scripting::Stream stream, std::string_view text, std::string_view origin) {
          collector->add(stream, text, origin);
        });
        if (!host) return tl::unexpected<Error>(host.error());
        return Host(std::move(*host));
      },
      [this](Result<Host> host) {
        if (host) {
          host_ = *host;
          state_ = State::ready;
          attach();
          watchTimer_.start();
          readCatalog();
        } else {
          trouble_ = qtText(host.error().text());
          state_ = State::unavailable;
        }
        Q_EMIT stateChanged();
      });
}

void Scripts::attach() {
  const auto post = [self = QPointer<Scripts>(this)](auto call) {
    QMetaObject::invokeMethod(
        qApp,
        [self, call = std::move(call)] {
          if (self) call(*self);
        },
        Qt::QueuedConnection);
  };
  scripting::Frontend frontend;
  frontend.asks_line = [post](scripting::Asks what) {
    post([what](Scripts& self) {
      self.drain();  // the question comes before the answer
      self.asking_ = what != scripting::Asks::nothing;
      Q_EMIT self.asked(what);
    });
  };
  // A script that asks without end must not keep the window from everything else.
  frontend.requests = [post, waiting = std::make_shared<std::atomic<int>>(0)](std::string_view what, nlohmann::json argument) {
    if (++*waiting > most_requests) {
      --*waiting;
      return;
    }
    post([what = qtText(what), argument = std::move(argument), waiting](Scripts& self) {
      --*waiting;
      Q_EMIT self.requested(what, argument);
    });
  };
  host_->attach(std::move(frontend));
}

void Scripts::setPluginDirs(std::vector<std::filesystem::path> dirs) {
  pluginDirs_ = std::move(dirs);
  readCatalog();
}

void Scripts::readCatalog() {
  if (!host_) return;
  jobs_.run<scripting::PluginCatalog>(
      {tr("Reading plugins"), this, QStringLiteral("catalog"), true},
      [host = host_, dirs = pluginDirs_](Job&) -> Result<scripting::PluginCatalog> { return host->catalog(dirs); },
      [this](Result<scripting::PluginCatalog> catalog) {
        if (!catalog) return;
        catalog_ = std::make_shared<const scripting::PluginCatalog>(std::move(*catalog));
        Q_EMIT catalogChanged();
      });
}

void Scripts::execute(const QString& source, QObject* context, std::function<void(scripting::ConsoleReply)> done) {
  if (!host_) return;
  QPointer<QObject> target(context);
  QPointer<Scripts> self(this);
  host_->execute(source.toStdString(), [self, target, done = std::move(done)](scripting::ConsoleReply reply) {
    QMetaObject::invokeMethod(
        qApp,
        [self, target, done, reply] {
          if (self) self->drain();  // what it printed comes before the next prompt
          if (target) done(reply);
        },
        Qt::QueuedConnection);
  });
}

void Scripts::complete(const QString& text, QObject* context, std::function<void(QStringList)> done) {
  if (!host_) return;
  QPointer<QObject> target(context);
  host_->complete(text.toStdString(), [target, done = std::move(done)](const std::vector<std::string>& found) {
    QStringList names;
    for (const auto& name : found) names << qtText(name);
    QMetaObject::invokeMethod(
        qApp,
        [target, done, names] {
          if (target) done(names);
        },
        Qt::QueuedConnection);
  });
}

void Scripts::callTip(const QString& text, QObject* context, std::function<void(QString)> done) {
  if (!host_) return;
  QPointer<QObject> target(context);
  host_->call_tip(text.toStdString(), [target, done = std::move(done)](const std::string& tip) {
    QMetaObject::invokeMethod(
        qApp,
        [target, done, tip = qtText(tip)] {
          if (target) done(tip);
        },
        Qt::QueuedConnection);
  });
}

void Scripts::listenForDebugger(std::uint16_t port, QObject* context, std::function<void(Result<std::string>)> done) {
  if (!host_) return;
  host_->listen_for_debugger(port, [self = QPointer<Scripts>(this), target = QPointer<QObject>(context),
                                    done = std::move(done)](Result<std::string> address) {
    QMetaObject::invokeMethod(
        qApp,
        [self, target, done, address = std::move(address)] {
          if (self && address) self->debugger_ = qtText(*address);
          if (target) done(address);
        },
        Qt::QueuedConnection);
  });
}

void Scripts::interrupt() {
  if (host_) host_->interrupt();
}

void Scripts::answer(const std::optional<QString>& line) {
  asking_ = false;
  if (host_) host_->answer(line ? std::optional(line->toStdString()) : std::nullopt);
}

void Scripts::lookAtRunning() {
  if (!host_ || jobs_.isRunning(looking_)) return;
  using List = std::vector<scripting::RunningScript>;
  looking_ = jobs_.run<List>(
      {tr("Looking at scripts"), this, {}, true}, [host = host_](Job&) -> Result<List> { return host->running(); },
      [this](const Result<List>& list) {
        if (list) Q_EMIT running(*list);
      });
}

void Scripts::stop(std::uint64_t id, scripting::StopHow how) {
  if (!host_) return;
  jobs_.run<void>(
      {tr("Stopping a script"), this, {}, true},
      [host = host_, id, how](Job&) -> Result<void> {
        (void)host->stop(id, how);
        return {};
      },
      [this](const Result<void>&) { lookAtRunning(); });
}

void Scripts::stack(std::uint64_t id, QObject* context, std::function<void(Result<std::string>)> done) {
  if (!host_) return;
  jobs_.run<std::string>(
      {tr("Looking at a stack"), context, QStringLiteral("stack"), true},
      [host = host_, id](Job&) -> Result<std::string> { return host->stack(id); }, std::move(done));
}

void Scripts::drain() {
  std::vector<OutputPiece> pieces;
  {
    const std::lock_guard lock(collector_->mutex);
    if (collector_->linesLeftOut > 0) {
      const QString said = tr("... %1 not shown: too much at once\n").arg(counted(collector_->linesLeftOut, "line", "lines"));
      pieces.push_back({scripting::Stream::err, said, {}, true});
    }
    pieces.insert(pieces.end(), std::make_move_iterator(collector_->pieces.begin()),
                  std::make_move_iterator(collector_->pieces.end()));
    collector_->pieces.clear();
    collector_->characters = 0;
    collector_->lines = 0;
    collector_->linesLeftOut = 0;
  }
  if (!pieces.empty()) Q_EMIT output(pieces);
}

void Scripts::watch() {
  static const QRegularExpression digits(QStringLiteral("[0-9.]+"));
  const QString now = asking_ ? QString() : qtText(host_->busy_with());  // what waits for the user is not stuck
  const QString same = QString(now).remove(digits);
  const qint64 time = QDateTime::currentMSecsSinceEpoch();
  if (same != busy_) {
    busy_ = same;
    busySinceMs_ = time;
    if (stuck_) Q_EMIT stuck({});
    stuck_ = false;
  } else if (!same.isEmpty() && time - busySinceMs_ >= stuck_after_ms) {
    stuck_ = true;
    Q_EMIT stuck(now);
  }
}

}  // namespace conclave::desktop
