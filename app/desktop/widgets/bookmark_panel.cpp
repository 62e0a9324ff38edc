#include "app/desktop/widgets/bookmark_panel.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/desktop/widgets/tool_button.h"

namespace conclave::desktop {

namespace {

constexpr int panel_height = 168;

}  // namespace

BookmarkPanel::BookmarkPanel(BookmarkList& bookmarks, QWidget* parent)
    : QFrame(parent),
      bookmarks_(bookmarks),
      table_(new QTableView),
      remove_(toolButton(tr("Remove"), tr("Remove this bookmark (Delete)"))) {
  auto* close = toolButton(tr("Close"), tr("Close the bookmarks (Escape)"));
  auto* hint = new QLabel(tr("Ctrl+F2 sets one, F2 goes to the next, Ctrl+Shift+F2 writes a note"));
  hint->setObjectName(QStringLiteral("muted"));
  hint->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  table_->setModel(&bookmarks_);
  table_->setAccessibleName(tr("Bookmarks"));
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  table_->setEditTriggers(QAbstractItemView::AnyKeyPressed | QAbstractItemView::SelectedClicked);
  table_->setShowGrid(false);
  table_->setWordWrap(false);
  table_->verticalHeader()->hide();
  table_->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 8);
  table_->horizontalHeader()->setSectionResizeMode(BookmarkList::line_column, QHeaderView::ResizeToContents);
  table_->horizontalHeader()->setStretchLastSection(true);
  table_->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  table_->setColumnWidth(BookmarkList::note_column, 220);
  table_->installEventFilter(this);

  auto* head = new QHBoxLayout;
  auto* title = new QLabel(tr("Bookmarks"));
  head->addWidget(title);
  head->addWidget(hint, 1);
  head->addWidget(remove_);
  head->addWidget(close);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(12, 6, 12, 6);
  column->setSpacing(4);
  column->addLayout(head);
  column->addWidget(table_);
  setFixedHeight(panel_height);
  hide();

  connect(table_, &QTableView::doubleClicked, this, &BookmarkPanel::go);
  connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &BookmarkPanel::refresh);
  connect(&bookmarks_, &BookmarkList::linesChanged, this, &BookmarkPanel::refresh);
  connect(remove_, &QToolButton::clicked, this, [this] { bookmarks_.remove(table_->currentIndex().row()); });
  connect(close, &QToolButton::clicked, this, &BookmarkPanel::close);
  refresh();
}

void BookmarkPanel::go() {
  const QModelIndex index = table_->currentIndex();
  if (index.isValid() && !bookmarks_.at(index.row()).isLost) Q_EMIT lineRequested(bookmarks_.at(index.row()).line);
}

void BookmarkPanel::refresh() { remove_->setEnabled(table_->currentIndex().isValid()); }

void BookmarkPanel::open() {
  setVisible(true);
  table_->setFocus(Qt::ShortcutFocusReason);
  if (!table_->currentIndex().isValid()) table_->setCurrentIndex(bookmarks_.index(0, BookmarkList::note_column));
}

void BookmarkPanel::close() {
  setVisible(false);
  Q_EMIT closed();
}

void BookmarkPanel::editNote(int row) {
  open();
  const QModelIndex note = bookmarks_.index(row, BookmarkList::note_column);
  table_->setCurrentIndex(note);
  table_->edit(note);
}

bool BookmarkPanel::eventFilter(QObject* watched, QEvent* event) {
  const auto type = event->type();
  if (type != QEvent::KeyPress && type != QEvent::ShortcutOverride) return QFrame::eventFilter(watched, event);
  const int key = static_cast<QKeyEvent*>(event)->key();
  if (key == Qt::Key_Escape) {
    event->accept();
    if (type == QEvent::KeyPress) close();
    return true;
  }
  if (type == QEvent::KeyPress && key == Qt::Key_Delete) {
    bookmarks_.remove(table_->currentIndex().row());
    return true;
  }
  if (type == QEvent::KeyPress && (key == Qt::Key_Return || key == Qt::Key_Enter)) {
    go();
    return true;
  }
  return QFrame::eventFilter(watched, event);
}

}  // namespace conclave::desktop
