// The packages that a plugin needs: whether its virtual environment is there, and a button that makes it.
#pragma once

#include "app/desktop/session.h"
#include "app/desktop/widgets/card.h"
#include "scripting/environments.h"

class QPushButton;

namespace conclave::desktop {

// Files are read and packages installed in jobs, which end with the card; progress is in the jobs dock. GUI thread.
class EnvironmentCard : public Card {
  Q_OBJECT
 public:
  EnvironmentCard(Session& session, scripting::PluginInfo plugin, QWidget* parent = nullptr);

 private:
  void look();
  void show(const scripting::EnvironmentState& state);
  void make();

  Session& session_;
  const scripting::PluginInfo plugin_;
  QLabel* state_;
  QPushButton* make_;
  bool ready_ = false;
};

}  // namespace conclave::desktop
