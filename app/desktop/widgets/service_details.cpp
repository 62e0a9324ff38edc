#include "app/desktop/widgets/service_details.h"

#include <QHBoxLayout>
#include <QScrollArea>
#include <QTextDocumentFragment>
#include <QVBoxLayout>

#include "app/desktop/models/service_words.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/card.h"
#include "app/desktop/widgets/scan_timeline.h"

namespace conclave::desktop {

namespace {

// A table of names and values, as HTML. Values are text of others.
class Lines {
 public:
  explicit Lines(const Theme& theme) : theme_(theme) {}
  void add(const QString& name, const QString& value, const QColor& colour) {
    if (value.isEmpty()) return;
    html_ += QStringLiteral(
                 "<tr><td style='color:%1; padding:1px 12px 1px 0; white-space:nowrap'>%2</td>"
                 "<td style='color:%3; padding:1px 0'>%4</td></tr>")
                 .arg(theme_.muted.name(), name.toHtmlEscaped(), colour.name(),
                      value.toHtmlEscaped().replace(QLatin1Char('\n'), QLatin1String("<br>")));
  }
  void add(const QString& name, const QString& value) { add(name, value, theme_.text); }
  void add(const QString& name, const std::string& value) { add(name, qtText(value)); }
  [[nodiscard]] QString html() const { return QStringLiteral("<table cellspacing='0'>%1</table>").arg(html_); }

 private:
  const Theme& theme_;
  QString html_;
};

void addService(Lines& lines, const scan::Service& service) {
  lines.add(ServiceDetails::tr("Answers"), answersText(service));
  lines.add(ServiceDetails::tr("Says of itself"), service.detail);
  lines.add(ServiceDetails::tr("First words"), service.banner);
}

void addTls(Lines& lines, const scan::Tls& tls, const Theme& theme) {
  QStringList how = {qtText(tls.version), qtText(tls.cipher)};
  how.removeAll(QString());
  if (!tls.start_tls.empty()) how << ServiceDetails::tr("asked for in %1").arg(qtText(tls.start_tls));
  if (tls.handshake_ms) how << ServiceDetails::tr("in %1").arg(millisecondsText(tls.handshake_ms));
  lines.add(ServiceDetails::tr("TLS"), how.join(QLatin1String(", ")));
  lines.add(ServiceDetails::tr("TLS failed"), qtText(tls.error), theme.bad);
  const Expiry expiry = expiryOf(tls, ServiceTable::near_days);
  if (!tls.chain.empty())
    lines.add(ServiceDetails::tr("Certificate"), expiryText(tls),
              expiry == Expiry::past   ? theme.bad
              : expiry == Expiry::near ? theme.fair
                                       : theme.text);
  lines.add(ServiceDetails::tr("Not trusted"), qtText(tls.verify_error), theme.fair);
  QStringList names;
  for (const std::string& name : tls.names) names << qtText(name);
  lines.add(ServiceDetails::tr("Names"), names.join(QLatin1String(", ")));
  QStringList key = {qtText(tls.key), qtText(tls.signature)};
  key.removeAll(QString());
  lines.add(ServiceDetails::tr("Key"), key.join(QLatin1String(", ")));
  QStringList chain;
  for (const scan::Certificate& each : tls.chain)
    chain << ServiceDetails::tr("%1, %2 to %3, by %4")
                 .arg(qtText(each.subject), timeText(each.not_before).left(10), timeText(each.not_after).left(10),
                      each.issuer == each.subject ? ServiceDetails::tr("itself") : qtText(each.issuer));
  lines.add(ServiceDetails::tr("Chain"), chain.join(QLatin1Char('\n')));
}

void addHttp(Lines& lines, const scan::Http& http, const Theme& theme) {
  const QColor colour = http.status >= 500 || http.status == 0 ? theme.bad : http.status >= 400 ? theme.fair : theme.text;
  if (http.status != 0)
    lines.add(ServiceDetails::tr("HTTP"),
              ServiceDetails::tr("%1 %2 to GET %3").arg(http.status).arg(qtText(http.reason), qtText(http.path)), colour);
  lines.add(ServiceDetails::tr("HTTP failed"), qtText(http.error), theme.bad);
  lines.add(ServiceDetails::tr("Leads to"), http.redirect);
  lines.add(ServiceDetails::tr("Server"), http.server);
  QString body = qtText(http.content_type);
  if (http.body_bytes > 0)
    body += (body.isEmpty() ? QString() : QStringLiteral(", ")) + bytesText(http.body_bytes) +
            (http.truncated ? ServiceDetails::tr(" and more") : QString());
  lines.add(ServiceDetails::tr("Content"), body);
  if (http.status != 0) lines.add(ServiceDetails::tr("Took"), phasesText(http));
}

}  // namespace

ServiceDetails::ServiceDetails(const ThemeController& theme, QWidget* parent)
    : QWidget(parent),
      theme_(theme),
      title_(plainLabel({}, QStringLiteral("heading"))),
      facts_(richLabel({})),
      past_(plainLabel({}, QStringLiteral("muted"))),
      timeline_(new ScanTimeline) {
  title_->setWordWrap(false);
  title_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  facts_->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  facts_->setAccessibleName(tr("Details of the service"));
  auto* scroll = new QScrollArea;
  scroll->setWidget(facts_);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  auto* left = new QVBoxLayout;
  left->addWidget(title_);
  left->addWidget(scroll, 1);
  auto* right = new QVBoxLayout;
  right->addWidget(timeline_, 1);
  right->addWidget(past_);
  auto* across = new QHBoxLayout(this);
  across->setContentsMargins(0, 8, 0, 0);
  across->setSpacing(16);
  across->addLayout(left, 1);
  across->addLayout(right, 1);
}

void ServiceDetails::show(const ServiceTable::Row& row) {
  const Theme& theme = theme_.theme();
  title_->setText(qtText(row.target.name));
  Lines lines(theme);
  QString state = row.state ? stateText(*row.state) : tr("not asked yet");
  if (row.latency_ms) state += tr(" in %1").arg(millisecondsText(row.latency_ms));
  if (!row.address.isEmpty()) state += tr(", at %1").arg(row.address);
  const QStringList flaws = row.flaws();
  const bool wrong = row.state && row.state != scan::State::cancelled && row.state != row.expected();
  const QColor colour = !row.state                 ? theme.muted
                        : flaws.isEmpty() || wrong ? theme.state(*row.state, row.expected())
                                                   : theme.fair;
  lines.add(tr("State"), state, colour);
  if (wrong) lines.add(tr("Expected"), stateText(row.expected()), theme.bad);
  lines.add(tr("Not as expected"), flaws.join(QLatin1Char('\n')), theme.bad);
  if (row.isAsExpected()) lines.add(tr("Expected"), tr("%1; it holds").arg(stateText(row.expected())), theme.good);
  lines.add(tr("Cause"), row.detail);
  if (row.facts) {
    addService(lines, row.facts->service);
    if (row.facts->http) addHttp(lines, *row.facts->http, theme);
    if (row.facts->tls) addTls(lines, *row.facts->tls, theme);
  } else if (row.state == scan::State::open) {
    lines.add(tr("Answers"), tr("not asked: choose a probe and ask again"), theme.muted);
  }
  facts_->setText(lines.html());
  past_->setText(row.history ? sinceText(*row.history) + QLatin1String(", ") + uptimeText(*row.history) + QLatin1Char('\n') +
                                   pastText(*row.history)
                             : QString());
  timeline_->setTheme(theme);
}

QString ServiceDetails::text() const {
  return title_->text() + QLatin1Char('\n') + QTextDocumentFragment::fromHtml(facts_->text()).toPlainText() + QLatin1Char('\n') +
         past_->text();
}

}  // namespace conclave::desktop
