#include "app/desktop/widgets/messages_panel.h"

#include <QAction>
#include <QClipboard>
#include <QGuiApplication>
#include <QHeaderView>
#include <QTreeView>
#include <QVBoxLayout>

namespace conclave::desktop {

MessagesPanel::MessagesPanel(Messages& messages, QWidget* parent) : QWidget(parent), messages_(messages), view_(new QTreeView) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(view_);
  view_->setModel(&messages_);
  view_->setRootIsDecorated(false);
  view_->setUniformRowHeights(true);
  view_->setSelectionMode(QAbstractItemView::ExtendedSelection);
  view_->setAccessibleName(tr("Messages"));
  view_->header()->setStretchLastSection(false);
  view_->header()->setSectionResizeMode(2, QHeaderView::Stretch);
  connect(view_, &QTreeView::activated, this, [this](const QModelIndex& index) {
    const auto& place = messages_.at(index.row()).place;
    if (place) Q_EMIT placeRequested(*place);
  });
  connect(&messages_, &QAbstractItemModel::rowsInserted, view_, &QTreeView::scrollToBottom, Qt::QueuedConnection);
  auto* copy = new QAction(tr("Copy"), this);
  copy->setShortcut(QKeySequence::Copy);
  copy->setShortcutContext(Qt::WidgetWithChildrenShortcut);
  connect(copy, &QAction::triggered, this, &MessagesPanel::copySelected);
  auto* clear = new QAction(tr("Clear"), this);
  connect(clear, &QAction::triggered, &messages_, &Messages::clear);
  view_->addActions({copy, clear});
  view_->setContextMenuPolicy(Qt::ActionsContextMenu);
}

void MessagesPanel::copySelected() {
  QStringList lines;
  for (const auto& index : view_->selectionModel()->selectedRows()) {
    QStringList cells;
    for (int column = 0; column < messages_.columnCount(); ++column) cells << index.siblingAtColumn(column).data().toString();
    lines << cells.join(QLatin1Char('\t'));
  }
  QGuiApplication::clipboard()->setText(lines.join(QLatin1Char('\n')));
}

}  // namespace conclave::desktop
