// The user's agreement that a language model is sent evidence: given and withdrawn here, never asked during a consultation.
#pragma once

#include <QWidget>
#include <nlohmann/json.hpp>

class QLabel;
class QPushButton;

namespace conclave::desktop {

// Follows the settings of language_model as they are edited. GUI thread.
class EndpointConsent : public QWidget {
  Q_OBJECT
 public:
  explicit EndpointConsent(nlohmann::json settings, QWidget* parent = nullptr);
  void setSettings(nlohmann::json settings);

 Q_SIGNALS:
  void decided(const QString& endpoint, bool allowed);

 private:
  void withdraw(const QString& endpoint);
  void refresh();
  void showOthers(const QStringList& endpoints);

  nlohmann::json settings_;
  QString endpoint_;  // what agree_ and withdraw_ are about
  QLabel* state_;
  QPushButton* agree_;
  QPushButton* withdraw_;
  QLabel* others_;
};

}  // namespace conclave::desktop
