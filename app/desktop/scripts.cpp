#include "app/desktop/scripts.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QPointer>
#include <QRegularExpression>

#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {
constexpr int drain_interval_ms = 50;
constexpr int watch_interval_ms = 500;
constexpr qint64 stuck_after_ms = 5000;
constexpr qsizetype most_pending = 256 << 10;
}  // namespace

// Shared between the script thread, which adds, and the GUI thread, which takes.
struct Scripts::Collector {
  std::mutex mutex;
  std::vector<OutputPiece> pieces;
  qsizetype characters = 0;
  bool dropped = false;

  void add(scripting::Stream stream, std::string_view text, std::string_view origin) {
    const QString piece = qtText(text);
    const QString from = qtText(origin);
    const std::lock_guard lock(mutex);
    characters += piece.size();
    if (characters > most_pending) {
      pieces.clear();
      characters = piece.size();
      dropped = true;
    }
    if (!pieces.empty() && pieces.back().stream == stream && pieces.back().origin == from) {
      pieces.back().text += piece;
    } else {
      pieces.push_back({stream, piece, from});
    }
    if (piece.size() > most_pending) pieces.back().text = piece.right(most_pending);
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
          watchTimer_.start();
          readCatalog();
        } else {
          trouble_ = qtText(host.error().text());
          state_ = State::unavailable;
        }
        Q_EMIT stateChanged();
      });
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

void Scripts::interrupt() {
  if (host_) host_->interrupt();
}

void Scripts::drain() {
  std::vector<OutputPiece> pieces;
  {
    const std::lock_guard lock(collector_->mutex);
    if (collector_->dropped) pieces.push_back({scripting::Stream::err, tr("... output dropped: too much at once ...\n"), {}});
    pieces.insert(pieces.end(), std::make_move_iterator(collector_->pieces.begin()),
                  std::make_move_iterator(collector_->pieces.end()));
    collector_->pieces.clear();
    collector_->characters = 0;
    collector_->dropped = false;
  }
  if (!pieces.empty()) Q_EMIT output(pieces);
}

void Scripts::watch() {
  static const QRegularExpression digits(QStringLiteral("[0-9.]+"));
  const QString now = qtText(host_->busy_with());
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
