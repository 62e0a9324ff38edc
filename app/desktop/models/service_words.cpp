#include "app/desktop/models/service_words.h"

#include <QCoreApplication>
#include <QStringList>
#include <QTextDocument>

#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {

QString tr(const char* text) { return QCoreApplication::translate("service_words", text); }

}  // namespace

QString millisecondsText(const std::optional<double>& latency) {
  if (!latency) return {};
  return tr("%1 ms").arg(*latency, 0, 'f', *latency < 10 ? 2 : 0);
}

QString stateText(scan::State state) { return qtText(scan::state_name(state)).replace(QLatin1Char('_'), QLatin1Char(' ')); }

QString answersText(const scan::Service& service) {
  QStringList words;
  for (const std::string* each : {&service.name, &service.product, &service.version})
    if (!each->empty()) words << qtText(*each);
  if (!words.isEmpty()) return words.join(QLatin1Char(' '));
  return service.banner.empty() ? qtText(service.detail) : qtText(service.banner);
}

QString expiryText(const scan::Tls& tls) {
  QString text;
  if (!tls.days_left) {
    text = tls.error.empty() ? tr("no certificate") : tr("failed");
  } else if (*tls.days_left < 0) {
    text = tr("expired %1 ago").arg(counted(static_cast<quint64>(-*tls.days_left), "day", "days"));
  } else {
    text = counted(static_cast<quint64>(*tls.days_left), "day", "days");
  }
  const bool only_expired = tls.days_left && *tls.days_left < 0;
  return tls.verified || tls.chain.empty() || only_expired ? text : tr("%1, not trusted").arg(text);
}

Expiry expiryOf(const scan::Tls& tls, int near_days) {
  if (!tls.days_left || *tls.days_left < 0) return Expiry::past;
  return *tls.days_left < near_days ? Expiry::near : Expiry::fine;
}

QString answerText(const scan::Http& http) {
  if (http.status == 0) return http.error.empty() ? QString() : tr("no answer");
  return tr("%1 in %2").arg(http.status).arg(millisecondsText(http.total_ms));
}

QString phasesText(const scan::Http& http) {
  QStringList phases = {tr("connected %1").arg(millisecondsText(http.connect_ms))};
  if (http.tls_ms) phases << tr("TLS %1").arg(millisecondsText(http.tls_ms));
  phases << tr("first byte %1").arg(millisecondsText(http.first_byte_ms))
         << tr("all of it %1").arg(millisecondsText(http.total_ms));
  return phases.join(QLatin1String(", "));
}

QString uptimeText(const scan::History& history) {
  const QString share = tr("%1 % of %2").arg(history.uptime * 100, 0, 'f', 1).arg(history.scans);
  return history.flapping ? tr("%1, flapping").arg(share) : share;
}

QString sinceText(const scan::History& history) {
  const QString time = timeText(history.since);
  if (history.since_known) return history.up ? tr("up since %1").arg(time) : tr("down since %1").arg(time);
  return history.up ? tr("up since before %1").arg(time) : tr("down since before %1").arg(time);
}

QString pastText(const scan::History& history) {
  QStringList lines = {counted(history.scans, "scan", "scans") + tr(" since %1").arg(timeText(history.first)),
                       counted(history.changes, "change", "changes") +
                           tr(" between up and down, %1 % in the last 21 scans").arg(history.flap_percent, 0, 'f', 1)};
  if (history.p50_ms)
    lines << tr("latency p50 %1, p95 %2, p99 %3")
                 .arg(millisecondsText(history.p50_ms), millisecondsText(history.p95_ms), millisecondsText(history.p99_ms));
  return lines.join(QLatin1Char('\n'));
}

QString tipText(const QString& text) {
  if (!Qt::mightBeRichText(text)) return text;
  return text.toHtmlEscaped().replace(QLatin1Char('\n'), QLatin1String("<br>"));
}

}  // namespace conclave::desktop
