#include "app/desktop/widgets/settings_form.h"

#include <QCheckBox>
#include <QDoubleSpinBox>
#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QSpinBox>
#include <limits>

#include "app/desktop/text.h"
#include "app/desktop/widgets/card.h"

namespace conclave::desktop {

namespace {
constexpr double widest = 1e12;
constexpr int decimals = 4;
}  // namespace

SettingsForm::SettingsForm(const std::vector<scripting::Setting>& settings, nlohmann::json values, QWidget* parent)
    : QWidget(parent), values_(values.is_object() ? std::move(values) : nlohmann::json::object()) {
  auto* form = new QGridLayout(this);  // a form layout would give wrapped texts the height of a narrow column
  form->setContentsMargins(0, 0, 0, 0);
  form->setColumnStretch(1, 1);
  for (const auto& setting : settings) {
    const auto given = values_.find(setting.name);
    auto* field = makeField(setting, given == values_.end() ? setting.default_value : *given);
    field->setObjectName(QStringLiteral("setting:") + qtText(setting.name));
    field->setToolTip(qtText(setting.help));
    auto* name = new QLabel(qtText(setting.name));
    name->setBuddy(field);
    const int row = form->rowCount();
    form->addWidget(name, row, 0);
    form->addWidget(field, row, 1);
    if (!setting.help.empty()) form->addWidget(plainLabel(qtText(setting.help), QStringLiteral("muted")), row + 1, 1);
  }
}

QWidget* SettingsForm::makeField(const scripting::Setting& setting, const nlohmann::json& value) {
  const std::string name = setting.name;
  if (setting.type == "bool") {
    auto* box = new QCheckBox;
    box->setChecked(value.is_boolean() && value.get<bool>());
    connect(box, &QCheckBox::toggled, this, [this, name](bool on) { put(name, on); });
    return box;
  }
  if (setting.type == "int") {
    auto* box = new QSpinBox;
    box->setRange(std::numeric_limits<int>::min(), std::numeric_limits<int>::max());
    box->setValue(value.is_number() ? value.get<int>() : 0);
    connect(box, &QSpinBox::valueChanged, this, [this, name](int number) { put(name, number); });
    return box;
  }
  if (setting.type == "float") {
    auto* box = new QDoubleSpinBox;
    box->setDecimals(decimals);
    box->setRange(-widest, widest);
    box->setValue(value.is_number() ? value.get<double>() : 0);
    connect(box, &QDoubleSpinBox::valueChanged, this, [this, name](double number) { put(name, number); });
    return box;
  }
  auto* line = new QLineEdit(value.is_string() ? qtText(value.get<std::string>()) : QString());
  connect(line, &QLineEdit::textEdited, this, [this, name](const QString& text) { put(name, text.toStdString()); });
  return line;
}

void SettingsForm::put(const std::string& name, nlohmann::json value) {
  values_[name] = std::move(value);
  Q_EMIT edited();
}

}  // namespace conclave::desktop
