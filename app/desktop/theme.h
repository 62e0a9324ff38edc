// Every colour of the window, in one place: light and dark palettes, level, state and verdict colours, icons in the text colour.
#pragma once

#include <QColor>
#include <QIcon>
#include <QObject>
#include <QPalette>
#include <QString>

#include "engine/config/problem.h"
#include "engine/consensus/response.h"
#include "engine/logs/level.h"
#include "engine/scan/scanner.h"

namespace conclave::desktop {

// A plain value. Text colours have a contrast of at least 4.5 : 1 against window, base and raised (tested).
struct Theme {
  bool dark = false;
  QColor window, base, raised, border, text, muted, accent, onAccent, selection;
  QColor good, fair, bad, unknown;  // text and icons
  [[nodiscard]] static Theme light();
  [[nodiscard]] static Theme darkTheme();

  [[nodiscard]] QColor level(logs::Level level) const;
  [[nodiscard]] QColor state(scan::State state, scan::State expected = scan::State::open) const;
  [[nodiscard]] QColor severity(config::Severity severity) const;
  [[nodiscard]] QColor status(consensus::Status status) const;
  // `position` in an ordered list of `count` verdicts, best first; negative: no verdict.
  [[nodiscard]] QColor verdict(int position, int count) const;
  // A quiet background for something in `colour`: the colour mixed into base.
  [[nodiscard]] QColor tint(const QColor& colour, double strength = 0.12) const;

  [[nodiscard]] QPalette palette() const;
  [[nodiscard]] QString styleSheet() const;
};

// Owner: main(). Applies the theme to the application and remembers the choice. GUI thread.
class ThemeController : public QObject {
  Q_OBJECT
 public:
  enum class Mode { light, dark, environment };
  explicit ThemeController(QObject* parent = nullptr);

  void setMode(Mode mode);   // and remembers it
  void showOnly(Mode mode);  // for this run
  [[nodiscard]] Mode mode() const { return mode_; }
  [[nodiscard]] const Theme& theme() const { return theme_; }
  // An SVG of resources/icons drawn in the theme's text colour (accent when checked, muted when disabled).
  [[nodiscard]] QIcon icon(const QString& name) const;
  [[nodiscard]] QIcon icon(const QString& name, const QColor& colour) const;

 Q_SIGNALS:
  void changed(const conclave::desktop::Theme& theme);

 private:
  void apply();
  bool environmentIsDark_;
  Mode mode_ = Mode::environment;
  Theme theme_;
};

}  // namespace conclave::desktop
