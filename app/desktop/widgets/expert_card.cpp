#include "app/desktop/widgets/expert_card.h"

#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>

#include "app/desktop/text.h"
#include "app/desktop/verdict_look.h"

namespace conclave::desktop {

namespace {

constexpr std::size_t first_claims = 8;
constexpr qsizetype most_excerpt = 240;
constexpr qsizetype most_content = 20'000;

QString chip(const QString& text, const QColor& colour, const Theme& theme) {
  return QStringLiteral("<span style='color:%1; background-color:%2;'>&nbsp;%3&nbsp;</span>")
      .arg(colour.name(), theme.tint(colour).name(), text.toHtmlEscaped());
}

QString statusText(const consensus::ExpertResponse& response) {
  return qtText(consensus::status_name(response.status)).replace(QLatin1Char('_'), QLatin1Char(' '));
}

}  // namespace

QString citationHtml(const consensus::Citation& citation, const Theme& theme) {
  const auto place = placeOf(citation);
  const bool byId = place && place->kind == Place::Kind::logTemplate;  // the kind is written before it already
  const QString name = byId ? place->id.left(8) : place ? placeText(*place) : qtText(citation.source);
  QString html =
      QStringLiteral("<span style='color:%1'>%2</span> ").arg(theme.muted.name(), qtText(citation.kind).toHtmlEscaped());
  html += place ? QStringLiteral("<a href=\"%1\" style='color:%2'>%3</a>")
                      .arg(toLink(*place).toHtmlEscaped(), theme.accent.name(), name.toHtmlEscaped())
                : name.toHtmlEscaped();
  if (!citation.verified.value_or(false)) html += QLatin1Char(' ') + chip(QObject::tr("⚠ not verified"), theme.fair, theme);
  if (!citation.excerpt.empty()) {
    QString excerpt = qtText(citation.excerpt).simplified();
    if (excerpt.size() > most_excerpt) excerpt = excerpt.left(most_excerpt) + QStringLiteral(" ...");
    html += QStringLiteral("<br>&nbsp;&nbsp;&nbsp;&nbsp;<span style='font-family:monospace; color:%1'>%2</span>")
                .arg(theme.muted.name(), excerpt.toHtmlEscaped());
  }
  return html;
}

QString expertLinks(const std::vector<std::string>& names, const Theme& theme) {
  QStringList links;
  for (const auto& name : names) {
    links << QStringLiteral("<a href=\"%1\" style='color:%2'>%3</a>")
                 .arg(toLink({Place::Kind::expert, qtText(name)}).toHtmlEscaped(), theme.accent.name(),
                      qtText(name).toHtmlEscaped());
  }
  return links.join(QStringLiteral(", "));
}

QString claimHtml(const consensus::Claim& claim, const Theme& theme) {
  const QColor colour = claim.severity >= 0.7 ? theme.bad : claim.severity >= 0.35 ? theme.fair : theme.muted;
  const QString grade = claim.severity >= 0.7    ? QObject::tr("grave")
                        : claim.severity >= 0.35 ? QObject::tr("notable")
                                                 : QObject::tr("minor");
  QString html =
      QStringLiteral("<p style='margin:0 0 6px 0'>%1 %2").arg(chip(grade, colour, theme), qtText(claim.text).toHtmlEscaped());
  if (claim.stance != consensus::Stance::supports) {
    html += QStringLiteral(" <i>(%1)</i>").arg(qtText(consensus::stance_name(claim.stance)));
  }
  if (claim.evidence.empty()) html += QLatin1Char(' ') + chip(QObject::tr("⚠ no evidence cited"), theme.fair, theme);
  for (const auto& citation : claim.evidence)
    html += QStringLiteral("<br>&nbsp;&nbsp;&nbsp;&nbsp;") + citationHtml(citation, theme);
  return html + QStringLiteral("</p>");
}

ExpertCard::ExpertCard(const consensus::ExpertResponse& response, const consensus::Question& question,
                       const ThemeController& theme, QWidget* parent)
    : Card({}, parent), theme_(theme) {
  addHead(response, question);
  const QString content = qtText(response.content);
  if (!content.isEmpty())
    column()->addWidget(
        plainLabel(content.size() > most_content ? content.left(most_content) + QStringLiteral(" ...") : content));
  if (response.error) addError(*response.error);
  addClaims(response.claims);
}

void ExpertCard::addHead(const consensus::ExpertResponse& response, const consensus::Question& question) {
  auto* row = new QHBoxLayout;
  row->setSpacing(10);
  const bool answered = response.status == consensus::Status::answered;
  const VerdictLook look = lookOf(response.verdict, question, theme_.theme());
  const QColor colour =
      answered ? (response.verdict ? look.colour : theme_.theme().unknown) : theme_.theme().status(response.status);
  const QString word = !answered ? statusText(response) : response.verdict ? look.word : tr("text only");
  const QString icon = answered ? (response.verdict ? look.icon : QStringLiteral("messages"))
                       : response.status == consensus::Status::abstained ? QStringLiteral("unknown")
                                                                         : QStringLiteral("problem");
  auto* mark = new QLabel;
  mark->setPixmap(theme_.icon(icon, colour).pixmap(20, 20));
  row->addWidget(mark);
  auto* name = new QLabel(qtText(response.expert_name));
  name->setTextFormat(Qt::PlainText);
  name->setStyleSheet(QStringLiteral("font-weight: 600;"));
  row->addWidget(name);
  auto* verdict = new QLabel(word);
  verdict->setTextFormat(Qt::PlainText);
  verdict->setStyleSheet(QStringLiteral("font-weight: 600; color: %1;").arg(colour.name()));
  row->addWidget(verdict);
  row->addStretch();
  QStringList figures;
  figures << qtText(response.scope);
  if (answered) figures << tr("confidence %1").arg(response.confidence, 0, 'f', 2);
  figures << tr("weight %1").arg(response.weight, 0, 'g', 3) << secondsText(response.seconds);
  auto* detail = new QLabel(figures.join(QStringLiteral("  ·  ")));
  detail->setTextFormat(Qt::PlainText);
  detail->setObjectName(QStringLiteral("muted"));
  row->addWidget(detail);
  column()->addLayout(row);
}

void ExpertCard::addClaims(const std::vector<consensus::Claim>& claims) {
  if (claims.empty()) return;
  const auto html = [&claims, this](std::size_t count) {
    QString text;
    for (std::size_t index = 0; index < count; ++index) text += claimHtml(claims[index], theme_.theme());
    return text;
  };
  auto* label = richLabel(html(std::min(claims.size(), first_claims)));
  label->setObjectName(QStringLiteral("claims"));
  connect(label, &QLabel::linkActivated, this, [this](const QString& link) {
    if (const auto place = placeFromLink(link)) Q_EMIT placeRequested(*place);
  });
  column()->addWidget(label);
  if (claims.size() <= first_claims) return;
  more_ = new QPushButton(tr("Show all %1 claims").arg(claims.size()));
  more_->setObjectName(QStringLiteral("flat"));
  connect(more_, &QPushButton::clicked, this, [this, label, all = html(claims.size())] {
    label->setText(all);
    more_->hide();
  });
  column()->addWidget(more_, 0, Qt::AlignLeft);
}

void ExpertCard::showAllClaims() {
  if (more_ && !more_->isHidden()) more_->click();
}

void ExpertCard::addError(const consensus::ResponseError& error) {
  const QString type = qtText(error.type);
  column()->addWidget(
      plainLabel(type.isEmpty() ? qtText(error.message) : QStringLiteral("%1: %2").arg(type, qtText(error.message))));
  if (error.traceback.empty()) return;
  auto* trace = plainLabel(qtText(error.traceback), QStringLiteral("traceback"));
  trace->setWordWrap(false);
  trace->setStyleSheet(QStringLiteral("font-family: monospace; background: %1; padding: 8px;").arg(theme_.theme().raised.name()));
  column()->addWidget(new Fold(tr("Traceback"), trace, theme_));
}

}  // namespace conclave::desktop
