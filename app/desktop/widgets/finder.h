// Finding text on a page: what the find bar asks for, in whatever the page shows.
#pragma once

#include <QObject>
#include <memory>
#include <vector>

#include "app/desktop/models/line_matcher.h"

namespace conclave::desktop {

class FindBar;

// What can be searched, in the order of reading. GUI thread.
class Searchable {
 public:
  // `piece` is a row, a label, a line: whatever it is that the searchable has several of.
  struct Match {
    int piece = 0;
    int begin = 0;
    int length = 0;
    auto operator<=>(const Match&) const = default;  // NOLINT(modernize-use-nullptr): a false alarm of clang-tidy 14
  };
  virtual ~Searchable() = default;
  [[nodiscard]] virtual std::vector<Match> matches(const LineMatcher& matcher) = 0;  // ascending
  [[nodiscard]] virtual Match here() const = 0;                                      // where the reader is
  virtual void show(const Match& match) = 0;  // of the latest matches(): selects it and brings it into view
  virtual QWidget& widget() = 0;              // that gets the focus back
};

// Owner: the page. Goes to matches as the bar is used and says which of how many it is at.
class Finder : public QObject {
  Q_OBJECT
 public:
  Finder(FindBar& bar, std::unique_ptr<Searchable> searched);
  ~Finder() override;
  void open(const QString& text = {});  // Ctrl+F

 private:
  enum class From { here, after, before };
  void go(From from);

  FindBar& bar_;
  std::unique_ptr<Searchable> searched_;
  MatcherPtr matcher_;
};

}  // namespace conclave::desktop
