// A form made from the settings a plugin declares.
#pragma once

#include <QWidget>
#include <nlohmann/json.hpp>
#include <vector>

#include "scripting/plugin_catalog.h"

namespace conclave::desktop {

class SettingsForm : public QWidget {
  Q_OBJECT
 public:
  // `values` override the declared defaults; keys nobody declared are kept as they are.
  SettingsForm(const std::vector<scripting::Setting>& settings, nlohmann::json values, QWidget* parent = nullptr);
  [[nodiscard]] const nlohmann::json& values() const { return values_; }

 Q_SIGNALS:
  void edited();

 private:
  QWidget* makeField(const scripting::Setting& setting, const nlohmann::json& value);
  void put(const std::string& name, nlohmann::json value);
  nlohmann::json values_;
};

}  // namespace conclave::desktop
