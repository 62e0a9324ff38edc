#include <QVBoxLayout>

#include "app/desktop/pages/config_page.h"
#include "app/desktop/pages/experts_page.h"
#include "app/desktop/pages/logs_page.h"
#include "app/desktop/pages/page.h"
#include "app/desktop/pages/report_page.h"
#include "app/desktop/pages/services_page.h"
#include "app/desktop/pages/welcome_page.h"

namespace conclave::desktop {

void Page::putTogether(QLayout* shown, QWidget* bar) {
  auto* whole = new QVBoxLayout(this);
  whole->setContentsMargins(0, 0, 0, 0);
  whole->setSpacing(0);
  whole->addLayout(shown, 1);
  whole->addWidget(bar);
}

std::vector<PageEntry> makePages(Session& session, const ThemeController& theme, QWidget* parent) {
  const auto say = [](const char* text) { return QObject::tr(text); };
  return {
      {"welcome", say("Welcome"), "welcome", say("Start here"), new WelcomePage(session, theme, parent)},
      {"report", say("Report"), "report", say("Verdict, reasons and evidence"), new ReportPage(session, theme, parent)},
      {"logs", say("Logs"), "logs", say("Lines of the logs, and when they were written"), new LogsPage(session, theme, parent)},
      {"services", say("Services"), "services", say("What should be up, and whether it is"),
       new ServicesPage(session, theme, parent)},
      {"config", say("Configuration"), "config", say("The infrastructure file and its problems"),
       new ConfigPage(session, theme, parent)},
      {"experts", say("Experts"), "experts", say("Who is asked, and what each said"), new ExpertsPage(session, theme, parent)},
  };
}

}  // namespace conclave::desktop
