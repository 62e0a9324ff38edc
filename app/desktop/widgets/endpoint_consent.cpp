#include "app/desktop/widgets/endpoint_consent.h"

#include <QPushButton>
#include <QUrl>
#include <QVBoxLayout>

#include "app/desktop/endpoints.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/card.h"
#include "engine/case/policy.h"

namespace conclave::desktop {

namespace {

// By the policy in force, three small files; empty: it is not.
QString whyForbidden(const QString& endpoint) {
  const auto policy = policy_in_force();
  return qtText(policy ? policy->forbids_endpoint(endpoint.toStdString()) : policy.error().text());
}

}  // namespace

EndpointConsent::EndpointConsent(nlohmann::json settings, QWidget* parent)
    : QWidget(parent),
      settings_(std::move(settings)),
      state_(plainLabel({}, QStringLiteral("consent_state"))),
      agree_(new QPushButton),
      withdraw_(new QPushButton),
      others_(richLabel({})) {
  agree_->setObjectName(QStringLiteral("consent_agree"));
  withdraw_->setObjectName(QStringLiteral("consent_withdraw"));
  others_->setObjectName(QStringLiteral("consent_others"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(state_);
  column->addWidget(agree_, 0, Qt::AlignLeft);
  column->addWidget(withdraw_, 0, Qt::AlignLeft);
  column->addWidget(others_);
  connect(agree_, &QPushButton::clicked, this, [this] {
    agreeToEndpoint(endpoint_);
    Q_EMIT decided(endpoint_, true);
    refresh();
  });
  connect(withdraw_, &QPushButton::clicked, this, [this] { withdraw(endpoint_); });
  connect(others_, &QLabel::linkActivated, this,
          [this](const QString& endpoint) { withdraw(QUrl::fromPercentEncoding(endpoint.toUtf8())); });
  refresh();
}

void EndpointConsent::withdraw(const QString& endpoint) {
  withdrawEndpoint(endpoint);
  Q_EMIT decided(endpoint, false);
  refresh();
}

void EndpointConsent::setSettings(nlohmann::json settings) {
  settings_ = std::move(settings);
  refresh();
}

void EndpointConsent::refresh() {
  const EndpointWanted wanted = endpointWanted(settings_);
  endpoint_ = wanted.endpoint;
  QStringList agreed = agreedEndpoints();
  const bool allowed = agreed.removeAll(endpoint_) > 0;
  const QString forbidden = endpoint_.isEmpty() ? QString() : whyForbidden(endpoint_);
  if (endpoint_.isEmpty()) {
    state_->setText(tr("Nothing is sent: %1").arg(wanted.trouble.isEmpty() ? tr("no provider is set.") : wanted.trouble));
  } else if (!forbidden.isEmpty()) {
    state_->setText(tr("Nothing is sent to %1: %2.").arg(endpoint_, forbidden));
  } else if (allowed) {
    state_->setText(tr("You agreed that every consultation that asks this expert sends redacted evidence to %1.").arg(endpoint_));
  } else {
    QString text =
        tr("Nothing is sent to %1 until you agree. Then every consultation that asks this expert sends it the question "
           "and a summary of the evidence: kinds of log lines with counts and times, single log lines, states of "
           "services and problems of the configuration, as much as max_tokens allows. Passwords, keys, mail addresses and the "
           "like are taken out by "
           "rules, which cannot know every secret. The report keeps the exact text that was sent. You can withdraw "
           "here at any time.")
            .arg(endpoint_);
    if (wanted.openToReaders) text += QLatin1Char(' ') + tr("This connection is not encrypted: others on the way can read it.");
    state_->setText(text);
  }
  agree_->setText(tr("Agree to send redacted evidence to %1").arg(endpoint_));
  agree_->setVisible(!endpoint_.isEmpty() && !allowed && forbidden.isEmpty());
  withdraw_->setText(tr("Withdraw: send nothing more to %1").arg(endpoint_));
  withdraw_->setVisible(allowed);
  showOthers(agreed);
}

void EndpointConsent::showOthers(const QStringList& endpoints) {
  QStringList parts;
  for (const QString& endpoint : endpoints) {
    parts << tr("%1 (<a href=\"%2\">withdraw</a>)")
                 .arg(endpoint.toHtmlEscaped(), QString::fromLatin1(QUrl::toPercentEncoding(endpoint)));
  }
  others_->setText(tr("You also agreed to: %1").arg(parts.join(QStringLiteral(", "))));
  others_->setVisible(!parts.isEmpty());
}

}  // namespace conclave::desktop
