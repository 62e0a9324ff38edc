#include "app/desktop/pages/welcome_page.h"

#include <QDir>
#include <QFileInfo>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QVBoxLayout>

#include "app/desktop/recent.h"
#include "app/desktop/widgets/start_button.h"

namespace conclave::desktop {

namespace {
constexpr int content_width = 860;
constexpr int mark_size = 64;
}  // namespace

WelcomePage::WelcomePage(Session& session, const ThemeController& theme, QWidget* parent)
    : Page(parent),
      session_(session),
      theme_(theme),
      mark_(new QLabel),
      drop_(new QLabel),
      recentTitle_(new QLabel(tr("Recent cases"))) {
  auto* content = new QWidget;
  content->setMaximumWidth(content_width);
  auto* column = new QVBoxLayout(content);
  column->setSpacing(20);
  column->addStretch(2);

  auto* head = new QHBoxLayout;
  head->setSpacing(18);
  auto* title = new QLabel(tr("Conclave"));
  title->setObjectName(QStringLiteral("title"));
  auto* sub = new QLabel(tr("Bring logs, services and configuration. A circle of experts judges them and says why."));
  sub->setObjectName(QStringLiteral("muted"));
  sub->setWordWrap(true);
  auto* words = new QVBoxLayout;
  words->setSpacing(2);
  words->addStretch();
  words->addWidget(title);
  words->addWidget(sub);
  words->addStretch();
  head->addWidget(mark_);
  head->addLayout(words, 1);
  column->addLayout(head);

  auto* lists = new QHBoxLayout;
  lists->setSpacing(28);
  starts_ = new QVBoxLayout;
  starts_->setSpacing(10);
  auto* machine =
      addStart(QStringLiteral("machine"), tr("Check &this machine"), tr("Its logs and listening services, no file needed"));
  auto* example =
      addStart(QStringLiteral("example"), tr("Open the &example incident"), tr("Four services, a deploy, and a fault to find"));
  auto* open = addStart(QStringLiteral("open"), tr("&Open a case"), tr("A case file or a finished report"));
  auto* fresh = addStart(QStringLiteral("new"), tr("&New case"), tr("From log files, folders and configuration"));
  starts_->addStretch();
  connect(machine, &QPushButton::clicked, &session_, &Session::checkThisMachine);
  connect(example, &QPushButton::clicked, &session_, &Session::openExample);
  connect(open, &QPushButton::clicked, this, &WelcomePage::openRequested);
  connect(fresh, &QPushButton::clicked, this, &WelcomePage::newRequested);
  lists->addLayout(starts_, 3);

  auto* right = new QVBoxLayout;
  recentTitle_->setObjectName(QStringLiteral("heading"));
  recentTitle_->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  right->addWidget(recentTitle_);
  recent_ = new QVBoxLayout;
  recent_->setSpacing(2);
  right->addLayout(recent_);
  right->addStretch();
  lists->addLayout(right, 2);
  column->addLayout(lists);

  drop_->setText(tr("Drop log files, folders or a case file anywhere in this window"));
  drop_->setAlignment(Qt::AlignCenter);
  drop_->setMinimumHeight(84);
  column->addWidget(drop_);
  column->addStretch(3);

  auto* middle = new QWidget;
  auto* row = new QHBoxLayout(middle);
  row->setContentsMargins(32, 16, 32, 16);
  row->addStretch(1);
  row->addWidget(content, 100);
  row->addStretch(1);
  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setWidget(middle);
  auto* whole = new QVBoxLayout(this);
  whole->setContentsMargins(0, 0, 0, 0);
  whole->addWidget(scroll);
  refreshRecent();
  WelcomePage::applyTheme(theme.theme());
}

QPushButton* WelcomePage::addStart(const QString& icon, const QString& title, const QString& text) {
  auto* button = new StartButton(icon, title, text, theme_);
  starts_->addWidget(button);
  return button;
}

void WelcomePage::applyTheme(const Theme& theme) {
  mark_->setPixmap(QIcon(QStringLiteral(":/icons/conclave.svg")).pixmap(QSize(mark_size, mark_size)));
  drop_->setStyleSheet(
      QStringLiteral("border: 1px dashed %1; border-radius: 8px; color: %2;").arg(theme.border.name(), theme.muted.name()));
}

void WelcomePage::showEvent(QShowEvent* event) {
  refreshRecent();
  Page::showEvent(event);
}

void WelcomePage::refreshRecent() {
  while (auto* item = recent_->takeAt(0)) {
    if (auto* old = item->widget()) {
      old->hide();
      old->deleteLater();
    }
    delete item;
  }
  const QStringList cases = recentCases();
  if (cases.isEmpty()) {
    auto* none = new QLabel(tr("Cases you open are listed here."));
    none->setObjectName(QStringLiteral("muted"));
    recent_->addWidget(none);
  }
  for (const auto& path : cases) {
    const QFileInfo file(path);
    auto* button = new QPushButton(
        QString(file.dir().dirName() + QLatin1Char('/') + file.fileName()).replace(QLatin1Char('&'), QLatin1String("&&")));
    button->setObjectName(QStringLiteral("flat"));
    button->setToolTip(path);
    button->setCursor(Qt::PointingHandCursor);
    connect(button, &QPushButton::clicked, this, [this, path] { session_.open({path}); });
    recent_->addWidget(button);
  }
}

}  // namespace conclave::desktop
