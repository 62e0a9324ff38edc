#include "app/desktop/widgets/highlighters_dialog.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QShortcut>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QVBoxLayout>

#include "app/desktop/highlight_colours.h"

namespace conclave::desktop {

namespace {

QIcon swatch(const Theme& theme, int colour) {
  QPixmap pixmap(28, 16);
  pixmap.fill(Qt::transparent);
  QPainter painter(&pixmap);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(theme.border);
  painter.setBrush(highlightColour(theme, colour));
  painter.drawRoundedRect(QRectF(0.5, 0.5, 27, 15), 4, 4);
  return pixmap;
}

// A colour as a swatch with its name; chosen from a list.
class ColourDelegate : public QStyledItemDelegate {
 public:
  ColourDelegate(const ThemeController& theme, QObject* parent) : QStyledItemDelegate(parent), theme_(theme) {}

  QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem&, const QModelIndex&) const override {
    auto* box = new QComboBox(parent);
    for (int colour = 0; colour < highlight_colours; ++colour)
      box->addItem(swatch(theme_.theme(), colour), highlightName(colour));
    connect(box, &QComboBox::activated, this, [this, box] {
      auto* self = const_cast<ColourDelegate*>(this);
      Q_EMIT self->commitData(box);
      Q_EMIT self->closeEditor(box);
    });
    return box;
  }
  void setEditorData(QWidget* editor, const QModelIndex& index) const override {
    auto* box = static_cast<QComboBox*>(editor);
    box->setCurrentIndex(index.data(Qt::EditRole).toInt());
    box->showPopup();
  }
  void setModelData(QWidget* editor, QAbstractItemModel* model, const QModelIndex& index) const override {
    model->setData(index, static_cast<QComboBox*>(editor)->currentIndex());
  }

 protected:
  void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
    QStyledItemDelegate::initStyleOption(option, index);
    option->features |= QStyleOptionViewItem::HasDecoration;
    option->icon = swatch(theme_.theme(), index.data(Qt::EditRole).toInt());
    option->decorationSize = QSize(28, 16);
  }

 private:
  const ThemeController& theme_;
};

// The text as it looks in a log.
class TextDelegate : public QStyledItemDelegate {
 public:
  TextDelegate(const HighlightList& highlights, const ThemeController& theme, QObject* parent)
      : QStyledItemDelegate(parent), highlights_(highlights), theme_(theme) {}

 protected:
  void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
    QStyledItemDelegate::initStyleOption(option, index);
    const auto& each = highlights_.all().at(static_cast<std::size_t>(index.row()));
    const bool isBad = !highlights_.problemOf(index.row()).isEmpty();
    if (isBad) option->palette.setColor(QPalette::Text, theme_.theme().bad);
    if (!each.isOn) option->palette.setColor(QPalette::Text, theme_.theme().muted);
    if (each.isOn && !isBad) option->backgroundBrush = highlightColour(theme_.theme(), each.colour);
  }

 private:
  const HighlightList& highlights_;
  const ThemeController& theme_;
};

}  // namespace

HighlightersDialog::HighlightersDialog(HighlightList& highlights, const ThemeController& theme, QWidget* parent)
    : QDialog(parent),
      highlights_(highlights),
      theme_(theme),
      table_(new QTableView),
      problem_(new QLabel),
      remove_(new QPushButton(tr("&Remove"))),
      up_(new QPushButton(tr("&Up"))),
      down_(new QPushButton(tr("&Down"))) {
  setWindowTitle(tr("Highlighters"));
  resize(620, 380);
  auto* hint =
      new QLabel(tr("Marked in every log, the first above the others. Double-click a text or a colour to change it. "
                    "What is clearly a query, such as level>=error, becomes one."));
  hint->setObjectName(QStringLiteral("muted"));
  hint->setWordWrap(true);
  table_->setModel(&highlights_);
  table_->setAccessibleName(tr("Highlighters"));
  table_->setItemDelegateForColumn(HighlightList::text_column, new TextDelegate(highlights_, theme_, this));
  table_->setItemDelegateForColumn(HighlightList::colour_column, new ColourDelegate(theme_, this));
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  table_->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed |
                          QAbstractItemView::AnyKeyPressed);
  table_->setShowGrid(false);
  table_->verticalHeader()->hide();
  table_->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 14);
  table_->horizontalHeader()->setSectionResizeMode(HighlightList::text_column, QHeaderView::Stretch);
  for (const int column :
       {HighlightList::expression_column, HighlightList::case_column, HighlightList::query_column, HighlightList::line_column}) {
    table_->horizontalHeader()->setSectionResizeMode(column, QHeaderView::ResizeToContents);
  }
  table_->setColumnWidth(HighlightList::colour_column, 130);
  table_->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  problem_->setTextFormat(Qt::PlainText);
  problem_->setWordWrap(true);

  auto* add = new QPushButton(tr("&Add"));
  add->setToolTip(tr("Another highlighter"));
  remove_->setToolTip(tr("Remove the selected one (Delete)"));
  up_->setToolTip(tr("Paint it above the one before it (Alt+Up)"));
  down_->setToolTip(tr("Paint it below the one after it (Alt+Down)"));
  auto* close = new QDialogButtonBox(QDialogButtonBox::Close);
  auto* buttons = new QHBoxLayout;
  for (auto* button : {add, remove_, up_, down_}) {
    button->setAutoDefault(false);
    buttons->addWidget(button);
  }
  buttons->addStretch(1);
  buttons->addWidget(close);
  close->button(QDialogButtonBox::Close)->setAutoDefault(false);
  auto* column = new QVBoxLayout(this);
  column->addWidget(hint);
  column->addWidget(table_, 1);
  column->addWidget(problem_);
  column->addLayout(buttons);

  connect(add, &QPushButton::clicked, this, &HighlightersDialog::add);
  connect(remove_, &QPushButton::clicked, this, &HighlightersDialog::remove);
  connect(up_, &QPushButton::clicked, this, [this] { move(-1); });
  connect(down_, &QPushButton::clicked, this, [this] { move(1); });
  connect(close, &QDialogButtonBox::rejected, this, &QDialog::reject);
  const auto key = [this](const QKeySequence& keys, auto act) {
    auto* shortcut = new QShortcut(keys, table_);
    shortcut->setContext(Qt::WidgetShortcut);
    connect(shortcut, &QShortcut::activated, this, act);
  };
  key(QKeySequence(Qt::Key_Delete), [this] { remove(); });
  key(QKeySequence(Qt::ALT | Qt::Key_Up), [this] { move(-1); });
  key(QKeySequence(Qt::ALT | Qt::Key_Down), [this] { move(1); });
  connect(table_->selectionModel(), &QItemSelectionModel::currentChanged, this, &HighlightersDialog::refresh);
  connect(&highlights_, &HighlightList::marksChanged, this, &HighlightersDialog::refresh);
  connect(&highlights_, &HighlightList::dataChanged, this, &HighlightersDialog::refresh);
  applyTheme();
  refresh();
}

void HighlightersDialog::open(int row) {
  show();
  raise();
  activateWindow();
  if (row < 0 && highlights_.rowCount() == 0) return add();
  table_->setFocus();
  if (row >= 0 || !table_->currentIndex().isValid()) {
    table_->setCurrentIndex(highlights_.index(std::max(row, 0), HighlightList::text_column));
  }
}

void HighlightersDialog::applyTheme() {
  QPalette palette = problem_->palette();
  palette.setColor(QPalette::WindowText, theme_.theme().bad);
  problem_->setPalette(palette);
  table_->viewport()->update();
}

void HighlightersDialog::add() {
  const QModelIndex text = highlights_.index(highlights_.add({}), HighlightList::text_column);
  table_->setFocus();
  table_->setCurrentIndex(text);
  table_->edit(text);
}

void HighlightersDialog::remove() {
  if (table_->currentIndex().isValid()) highlights_.remove(table_->currentIndex().row());
}

void HighlightersDialog::move(int by) {
  if (table_->currentIndex().isValid()) highlights_.move(table_->currentIndex().row(), by);
}

void HighlightersDialog::refresh() {
  const QModelIndex current = table_->currentIndex();
  remove_->setEnabled(current.isValid());
  up_->setEnabled(current.isValid() && current.row() > 0);
  down_->setEnabled(current.isValid() && current.row() + 1 < highlights_.rowCount());
  problem_->setText(current.isValid() ? highlights_.problemOf(current.row()) : QString());
}

}  // namespace conclave::desktop
