#include "app/desktop/pages/config_page.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QInputDialog>
#include <QLabel>
#include <QSettings>
#include <QSplitter>
#include <QStackedWidget>
#include <QTextBlock>
#include <QTreeView>
#include <QVBoxLayout>
#include <algorithm>
#include <limits>

#include "app/desktop/text.h"
#include "app/desktop/widgets/card.h"
#include "app/desktop/widgets/dot_delegate.h"
#include "app/desktop/widgets/find_bar.h"
#include "app/desktop/widgets/marked_text.h"
#include "app/desktop/widgets/notice.h"
#include "app/desktop/widgets/searches.h"

namespace conclave::desktop {

namespace {

const auto across_key = QStringLiteral("config/across");
const auto down_key = QStringLiteral("config/down");
constexpr int mark_size = 12;
constexpr int indentation = 14;
constexpr int expanded_rows = 500;  // a longer tree starts folded

QTreeView* makeView(QAbstractItemModel& model, const char* objectName, const QString& name) {
  auto* view = new QTreeView;
  view->setModel(&model);
  view->setUniformRowHeights(true);
  view->setAlternatingRowColors(true);
  view->setObjectName(QLatin1String(objectName));
  view->setAccessibleName(name);
  view->setStyleSheet(QStringLiteral("QTreeView::item { padding: 3px 0; }"));  // sideways it would draw dots twice
  view->setItemDelegateForColumn(0, new DotDelegate(view));
  return view;
}

// The text, with the key of the line that was found; the tree alone when there is no text to read any more.
class ConfigSearch : public Searchable {
 public:
  ConfigSearch(MarkedText& text, QTreeView& keys, const ConfigTree& tree)
      : text_(text), keys_(keys), tree_(tree), inText_(text), inKeys_(keys) {}
  std::vector<Match> matches(const LineMatcher& matcher) override {
    hasText_ = !text_.document()->isEmpty();
    return chosen().matches(matcher);
  }
  Match here() const override { return hasText_ ? inText_.here() : inKeys_.here(); }
  void show(const Match& match) override {
    chosen().show(match);
    const QModelIndex key = hasText_ ? tree_.indexOfLine(match.piece + 1) : QModelIndex();
    if (!key.isValid()) return;
    keys_.setCurrentIndex(key);
    keys_.scrollTo(key);
  }
  QWidget& widget() override { return chosen().widget(); }

 private:
  Searchable& chosen() { return hasText_ ? static_cast<Searchable&>(inText_) : inKeys_; }

  MarkedText& text_;
  QTreeView& keys_;
  const ConfigTree& tree_;
  TextSearch inText_;
  RowSearch inKeys_;
  bool hasText_ = false;
};

}  // namespace

ConfigPage::ConfigPage(Session& session, const ThemeController& theme, QWidget* parent)
    : Page(parent),
      session_(session),
      theme_(theme),
      tree_(theme),
      problems_(theme),
      files_(new QComboBox),
      mark_(new QLabel),
      summary_(plainLabel({}, QStringLiteral("heading"))),
      secrets_(new QCheckBox(tr("Show &secrets"))),
      notice_(new Notice),
      stack_(new QStackedWidget),
      nothing_(plainLabel({}, QStringLiteral("heading"))),
      keys_(makeView(tree_, "keys", tr("Keys and values"))),
      text_(new MarkedText(theme)),
      list_(makeView(problems_, "problems", tr("Problems"))),
      across_(new QSplitter(Qt::Horizontal)),
      down_(new QSplitter(Qt::Vertical)),
      findBar_(new FindBar(*this, tr("Find in this file"), theme)),
      finder_(new Finder(*findBar_, std::make_unique<ConfigSearch>(*text_, *keys_, tree_))) {
  finder_->setParent(this);
  summary_->setWordWrap(false);
  secrets_->setToolTip(tr("Values under keys that look like passwords, secrets, tokens or keys are hidden until you ask"));
  files_->setAccessibleName(tr("File"));
  list_->setRootIsDecorated(false);
  list_->header()->setStretchLastSection(true);
  keys_->header()->setStretchLastSection(false);
  keys_->setIndentation(indentation);

  across_->addWidget(keys_);
  across_->addWidget(text_);
  across_->setStretchFactor(0, 1);
  across_->setStretchFactor(1, 1);
  across_->setSizes({1, 1});
  across_->setChildrenCollapsible(false);
  down_->addWidget(across_);
  down_->addWidget(list_);
  down_->setStretchFactor(0, 4);
  down_->setStretchFactor(1, 1);
  down_->setChildrenCollapsible(false);
  across_->restoreState(QSettings().value(across_key).toByteArray());
  down_->restoreState(QSettings().value(down_key).toByteArray());

  auto* empty = new QWidget;
  auto* hint = new QVBoxLayout(empty);
  hint->setContentsMargins(0, 24, 0, 0);
  hint->addWidget(nothing_);
  hint->addWidget(plainLabel(tr("Name an infrastructure file in the case: config: infra.yaml"), QStringLiteral("muted")));
  hint->addStretch();
  stack_->addWidget(down_);
  stack_->addWidget(empty);

  auto* head = new QHBoxLayout;
  head->addWidget(mark_);
  head->addWidget(summary_);
  head->addWidget(files_);
  head->addStretch();
  head->addWidget(secrets_);
  auto* column = new QVBoxLayout;
  column->setContentsMargins(16, 12, 16, 12);
  column->addLayout(head);
  column->addWidget(notice_);
  column->addWidget(stack_, 1);
  putTogether(column, findBar_);

  connect(files_, &QComboBox::activated, this, [this](int row) { showFile(files_->itemData(row).toString()); });
  connect(secrets_, &QCheckBox::toggled, this, &ConfigPage::showSecrets);
  connect(keys_, &QTreeView::clicked, this, [this](const QModelIndex& index) { text_->goToLine(tree_.lineAt(index)); });
  connect(keys_, &QTreeView::activated, this, [this](const QModelIndex& index) { text_->goToLine(tree_.lineAt(index)); });
  const auto go = [this](const QModelIndex& index) {
    const auto& location = problems_.at(index.row()).location;
    goTo({Place::Kind::config, qtText(location.file), static_cast<quint64>(std::max(0, location.line))});
  };
  connect(list_, &QTreeView::clicked, this, go);
  connect(list_, &QTreeView::activated, this, go);
  reload();
}

ConfigPage::~ConfigPage() {
  QSettings settings;
  settings.setValue(across_key, across_->saveState());
  settings.setValue(down_key, down_->saveState());
}

void ConfigPage::showCase(const CasePtr& subject) {
  case_ = subject;
  gathered_.reset();
  report_.reset();
  secrets_->setChecked(false);
  reload();
}

void ConfigPage::showEvidence(const GatheredPtr& gathered) {
  gathered_ = gathered;
  reload();
}

void ConfigPage::showReport(const ReportPtr& report) {
  report_ = report;
  if (!gathered_) reload();
}

void ConfigPage::applyTheme(const Theme&) {
  refreshSummary();
  findBar_->applyTheme();
}

const std::vector<config::Problem>& ConfigPage::problems() const {
  static const std::vector<config::Problem> none;
  return gathered_ ? gathered_->problems : report_ ? report_->problems : none;
}

void ConfigPage::reload() {
  QStringList files;
  if (gathered_ && gathered_->evidence) {
    for (std::size_t row = 0; row < gathered_->evidence->rows("config.file"); ++row)
      files << qtText(gathered_->evidence->text("config.file", row));
  } else if (report_ && report_->config.is_array()) {
    for (const auto& entry : report_->config) {
      const auto file = entry.is_object() ? entry.find("file") : entry.end();
      if (entry.is_object() && file != entry.end() && file->is_string()) files << qtText(file->get<std::string>());
    }
  }
  if (files.isEmpty() && case_ && !case_->config.empty()) {
    const std::filesystem::path named(case_->config);
    files << qtPath(named.is_absolute() ? named : (case_->base / named).lexically_normal());
  }
  files_->clear();
  for (const auto& file : files) files_->addItem(QFileInfo(file).fileName(), file);
  files_->setVisible(files.size() > 1);
  nothing_->setText(case_ ? tr("This case names no configuration.") : tr("No case is open."));
  stack_->setCurrentIndex(files.isEmpty() ? 1 : 0);
  showFile(files.value(std::max<qsizetype>(0, files.indexOf(file_))));
}

void ConfigPage::showFile(const QString& file) {
  // New evidence of the same file leaves the reader where he is.
  if (file == file_ && wantedLine_ == 0 && text_->currentLine() > 1) wantedLine_ = text_->currentLine();
  file_ = file;
  files_->setCurrentIndex(files_->findData(file));
  std::vector<config::Problem> mine;
  for (const auto& problem : problems()) {
    if (!file.isEmpty() && qtText(problem.location.file) == file) mine.push_back(problem);
  }
  problems_.show(mine);
  tree_.show(gathered_ ? gathered_->evidence : nullptr, file, mine);
  text_->mark(mine);
  list_->setVisible(!mine.empty());
  keys_->setVisible(tree_.rowCount() > 0);
  if (gathered_ && gathered_->evidence && gathered_->evidence->rows("values.path") <= expanded_rows) keys_->expandAll();
  keys_->resizeColumnToContents(ConfigTree::line_column);
  keys_->resizeColumnToContents(ConfigTree::key_column);
  keys_->header()->setSectionResizeMode(ConfigTree::value_column, QHeaderView::Stretch);
  for (int section = 0; section < ProblemList::fix_column; ++section) list_->resizeColumnToContents(section);
  refreshSummary();
  read();
}

void ConfigPage::read() {
  content_ = {};
  text_->showText({});
  notice_->say({});
  const QString file = file_;
  session_.jobs().run<ConfigText>(
      {tr("Reading %1").arg(QFileInfo(file).fileName()), this, QStringLiteral("read"), true},
      [file](Job& job) -> Result<ConfigText> { return file.isEmpty() ? ConfigText{} : readConfigText(fsPath(file), job); },
      [this](const Result<ConfigText>& text) { showText(text); });
}

void ConfigPage::showText(const Result<ConfigText>& text) {
  if (!text) {
    notice_->say(tr("The text cannot be shown: %1. The tree is what the evidence has.").arg(qtText(text.error().text())));
    text_->setPlaceholderText(tr("The file cannot be read now."));
    return;
  }
  content_ = *text;
  QStringList words;
  if (gathered_) {
    for (const auto& input : gathered_->inputs) {
      if (qtText(input.path) == file_ && !input.sha256.empty() && input.sha256 != content_.sha256)
        words << tr("The file was changed after the evidence was gathered: tree and problems are of then, the text is of now.");
    }
  }
  if (content_.isCut) words << tr("The file is long; only its beginning is shown.");
  notice_->say(words.join(QLatin1Char(' ')));
  text_->showText(secrets_->isChecked() ? content_.plain : content_.masked);
  if (wantedLine_ == 0 && problems_.rowCount() > 0) wantedLine_ = problems_.at(0).location.line;
  if (wantedLine_ > 0) text_->goToLine(wantedLine_);
  wantedLine_ = 0;
}

void ConfigPage::showSecrets(bool shown) {
  tree_.setSecretsShown(shown);
  text_->showText(shown ? content_.plain : content_.masked);
}

void ConfigPage::refreshSummary() {
  const Theme& theme = theme_.theme();
  const bool none = file_.isEmpty();
  for (QWidget* widget : {static_cast<QWidget*>(mark_), static_cast<QWidget*>(summary_), static_cast<QWidget*>(secrets_)})
    widget->setVisible(!none);
  const auto count = static_cast<quint64>(problems_.rowCount());
  const bool known = gathered_ || report_;
  auto worst = config::Severity::note;
  for (const auto& problem : problems_.all()) worst = std::max(worst, problem.severity);
  const QColor colour = !known ? theme.unknown : count == 0 ? theme.good : theme.severity(worst);
  mark_->setPixmap(dot(colour, mark_size, devicePixelRatioF()));
  const QString found = !known ? tr("not checked yet") : count == 0 ? tr("no problems") : counted(count, "problem", "problems");
  summary_->setText(QStringLiteral("%1: %2").arg(QFileInfo(file_).fileName(), found));
  summary_->setToolTip(file_);
}

bool ConfigPage::goTo(const Place& place) {
  if (place.kind != Place::Kind::config) return false;
  QString wanted;
  for (int row = 0; row < files_->count(); ++row) {
    const QString file = files_->itemData(row).toString();
    if (file == place.source || (wanted.isEmpty() && QFileInfo(file).fileName() == place.source)) wanted = file;
  }
  // A citation may name the file by the key alone.
  if (wanted.isEmpty() && place.source.isEmpty()) wanted = file_;
  if (wanted.isEmpty()) return false;
  if (wanted != file_) showFile(wanted);
  if (place.line == 0) return true;
  const int line = static_cast<int>(std::min<quint64>(place.line, std::numeric_limits<int>::max()));
  if (content_.plain.isEmpty()) wantedLine_ = line;
  text_->goToLine(line);
  const QModelIndex key = tree_.indexOfLine(line);
  if (key.isValid()) {
    keys_->setCurrentIndex(key);
    keys_->scrollTo(key, QAbstractItemView::PositionAtCenter);
  }
  return true;
}

void ConfigPage::find() {
  if (!file_.isEmpty())
    finder_->open(text_->textCursor().block() == text_->document()->findBlock(text_->textCursor().anchor())
                      ? text_->textCursor().selectedText()
                      : QString());
}

void ConfigPage::goToLine() {
  auto* ask = new QInputDialog(this);
  ask->setAttribute(Qt::WA_DeleteOnClose);
  ask->setInputMode(QInputDialog::IntInput);
  ask->setWindowTitle(tr("Go to line"));
  ask->setLabelText(tr("Line, 1 to %1:").arg(text_->blockCount()));
  ask->setIntRange(1, text_->blockCount());
  ask->setIntValue(text_->currentLine());
  connect(ask, &QInputDialog::intValueSelected, text_, &MarkedText::goToLine);
  ask->open();
}

}  // namespace conclave::desktop
