// One plugin in full: what it is, its last failure, what it may do, its settings; or why it cannot be used.
#pragma once

#include <QWidget>

#include "app/desktop/models/expert_list.h"
#include "app/desktop/plugins.h"
#include "app/desktop/session.h"
#include "app/desktop/theme.h"

namespace conclave::desktop {

class Card;

// Made anew for each row that is shown. GUI thread.
class PluginDetail : public QWidget {
  Q_OBJECT
 public:
  // `row` may be null and is not kept; `session` and `experts`, which keeps the settings of the open case, outlive this.
  PluginDetail(const PluginRow* row, Session& session, ExpertList& experts, const Theme& theme, QWidget* parent = nullptr);

 Q_SIGNALS:
  void trouble(const QString& why);  // a place of the traceback could not be opened

 private:
  Card* about(const PluginRow& row);
  Card* failure(const consensus::ResponseError& error, const Theme& theme);
  Card* settings(const scripting::PluginInfo& plugin, const CasePtr& subject);

  ExpertList& experts_;
};

}  // namespace conclave::desktop
