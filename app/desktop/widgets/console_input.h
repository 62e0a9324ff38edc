// Where Python is typed: one to eight lines, history, completion. It knows no Python: it asks its owner.
#pragma once

#include <QPlainTextEdit>
#include <QStringList>

class QCompleter;
class QStringListModel;

namespace conclave::desktop {

// Enter submits (Shift+Enter starts a new line), Up and Down walk the history from the first and last line, Ctrl+R searches it
// from the newest (again: the next older; Enter submits, Escape goes back), Tab completes, Ctrl+C without a selection interrupts.
// Dropped files insert their paths as Python strings. While it answers a question of the program that runs, Ctrl+D ends the input
// and neither history nor completion is offered.
class ConsoleInput : public QPlainTextEdit {
  Q_OBJECT
 public:
  explicit ConsoleInput(QWidget* parent = nullptr);

  void setHistory(QStringList history);
  [[nodiscard]] const QStringList& history() const { return history_; }
  void remember(const QString& source);  // newest last, no repetition of the last one, at most 1,000
  // Proposals for the dotted name before the cursor, each in full; one is inserted, several are offered.
  void offer(const QStringList& names);
  void setAnswers(bool answers);
  [[nodiscard]] QString textBeforeCursor() const;
  [[nodiscard]] QSize sizeHint() const override;
  [[nodiscard]] QSize minimumSizeHint() const override { return sizeHint(); }

 Q_SIGNALS:
  void submitted(const QString& source);
  void completionWanted(const QString& textBeforeCursor);
  void interruptWanted();
  void endOfInputWanted();
  void escaped();
  void searching(const QString& pattern, bool found);
  void searchEnded();

 protected:
  bool event(QEvent* event) override;  // keys of the search are not the window's shortcuts
  void keyPressEvent(QKeyEvent* event) override;
  bool canInsertFromMimeData(const QMimeData* source) const override;
  void insertFromMimeData(const QMimeData* source) override;

 private:
  void walk(int step);
  void insertName(const QString& name);
  [[nodiscard]] QString nameBeforeCursor() const;
  bool handleEditing(QKeyEvent* event);
  bool handleSearch(QKeyEvent* event);
  void beginSearch();
  void search(qsizetype newest);
  void endSearch();

  QStringList history_;
  qsizetype position_ = 0;  // in history_; history_.size() is what is being typed
  QString draft_;
  bool answers_ = false;
  bool searching_ = false;
  QString pattern_;
  qsizetype found_ = 0;  // in history_, what the search shows
  QStringListModel* names_;
  QCompleter* completer_;
};

// 'it''s' as Python writes it: quotes and escapes chosen so that the text is read back unchanged.
[[nodiscard]] QString pythonString(const QString& text);

}  // namespace conclave::desktop
