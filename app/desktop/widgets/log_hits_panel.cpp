#include "app/desktop/widgets/log_hits_panel.h"

#include <QFontDatabase>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QStyledItemDelegate>
#include <QToolButton>
#include <QTreeView>
#include <QVBoxLayout>

#include "app/desktop/text.h"
#include "app/desktop/widgets/log_view_layout.h"
#include "app/desktop/widgets/tool_button.h"

namespace conclave::desktop {

namespace {

constexpr int panel_height = 240;

// Lines in the colour of their level, as in the log.
class HitDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  Theme theme = Theme::light();

 protected:
  void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
    QStyledItemDelegate::initStyleOption(option, index);
    if (!index.parent().isValid()) {
      option->font.setBold(true);
      return;
    }
    option->font = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    const auto level = static_cast<logs::Level>(index.data(Qt::UserRole).toInt());
    if (level >= logs::Level::warning) option->palette.setColor(QPalette::Text, theme.level(level));
  }
};

}  // namespace

LogHitsPanel::LogHitsPanel(Jobs& jobs, QWidget* parent)
    : QFrame(parent),
      hits_(jobs),
      tree_(new QTreeView),
      status_(new QLabel),
      stop_(toolButton(tr("Stop"), tr("Stop the search; what was found stays"))) {
  auto* close = toolButton(tr("Close"), tr("Close what was found (Escape)"));
  status_->setTextFormat(Qt::PlainText);
  status_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  tree_->setModel(&hits_);
  tree_->setItemDelegate(new HitDelegate(tree_));
  tree_->setAccessibleName(tr("Lines found in all logs"));
  tree_->setHeaderHidden(true);
  tree_->setUniformRowHeights(true);
  tree_->setTextElideMode(Qt::ElideRight);
  tree_->header()->setStretchLastSection(true);
  tree_->installEventFilter(this);
  auto* head = new QHBoxLayout;
  head->addWidget(status_, 1);
  head->addWidget(stop_);
  head->addWidget(close);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(12, 6, 12, 6);
  column->setSpacing(4);
  column->addLayout(head);
  column->addWidget(tree_);
  setFixedHeight(panel_height);
  hide();

  connect(&hits_, &LogHits::changed, this, &LogHitsPanel::refresh);
  connect(&hits_, &QAbstractItemModel::rowsInserted, this, [this](const QModelIndex& under, int row) {
    if (!under.isValid()) tree_->expand(hits_.index(row, 0));
  });
  connect(tree_, &QTreeView::doubleClicked, this, &LogHitsPanel::go);
  connect(stop_, &QToolButton::clicked, this, [this] { hits_.stop(); });
  connect(close, &QToolButton::clicked, this, &LogHitsPanel::close);
}

void LogHitsPanel::search(const MatcherPtr& matcher, const QString& what, const std::vector<LogHits::Log>& logs) {
  logs_ = logs.size();
  what_ = menuText(what).replace(QLatin1String("&&"), QLatin1String("&"));
  setVisible(true);
  hits_.search(matcher, logs);
  tree_->setFocus(Qt::ShortcutFocusReason);
}

void LogHitsPanel::refresh() {
  stop_->setVisible(hits_.isSearching());
  const QString lines = counted(hits_.found(), "line", "lines");
  status_->setText(
      hits_.isSearching()
          ? tr("\"%1\": %2 so far, %3 of %4 logs searched ...")
                .arg(what_, lines, countText(static_cast<quint64>(hits_.logsSearched())), countText(logs_))
          : tr("\"%1\": %2 in %3").arg(what_, lines, counted(static_cast<quint64>(hits_.logsSearched()), "log", "logs")));
  if (!tree_->currentIndex().isValid() && hits_.rowCount() > 0) {
    const QModelIndex first = hits_.index(0, 0, hits_.index(0, 0));
    if (first.isValid()) tree_->setCurrentIndex(first);
  }
}

QString LogHitsPanel::status() const { return status_->text(); }

void LogHitsPanel::go() {
  const auto place = hits_.placeOf(tree_->currentIndex());
  if (place && place->line) Q_EMIT lineRequested(place->path, place->line);
}

void LogHitsPanel::close() {
  setVisible(false);
  hits_.clear();
  Q_EMIT closed();
}

void LogHitsPanel::applyTheme(const Theme& theme) {
  static_cast<HitDelegate*>(tree_->itemDelegate())->theme = theme;
  tree_->viewport()->update();
}

bool LogHitsPanel::eventFilter(QObject* watched, QEvent* event) {
  const auto type = event->type();
  if (type != QEvent::KeyPress && type != QEvent::ShortcutOverride) return QFrame::eventFilter(watched, event);
  const int key = static_cast<QKeyEvent*>(event)->key();
  if (key == Qt::Key_Escape) {
    event->accept();
    if (type == QEvent::KeyPress) close();
    return true;
  }
  if (type == QEvent::KeyPress && (key == Qt::Key_Return || key == Qt::Key_Enter)) {
    go();
    return true;
  }
  return QFrame::eventFilter(watched, event);
}

}  // namespace conclave::desktop
