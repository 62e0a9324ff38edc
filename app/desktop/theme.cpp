#include "app/desktop/theme.h"

#include <QApplication>
#include <QFile>
#include <QPainter>
#include <QSettings>
#include <QStyleFactory>
#include <QSvgRenderer>
#include <QToolTip>
#include <algorithm>

// The icons live in a static library, whose resources nobody would register otherwise. Must stand outside any namespace.
static void registerIcons() { Q_INIT_RESOURCE(icons); }

namespace conclave::desktop {

namespace {

constexpr auto settings_key = "window/theme";

QColor mixed(const QColor& under, const QColor& over, double share) {
  const auto mix = [share](int a, int b) { return static_cast<int>(a + (b - a) * share); };
  return {mix(under.red(), over.red()), mix(under.green(), over.green()), mix(under.blue(), over.blue())};
}

// Qt 6.4 cannot say whether the desktop is dark: its own palette, or the variable that GTK programs obey, can.
bool isEnvironmentDark() {
  const QString gtk = qEnvironmentVariable("GTK_THEME");
  if (!gtk.isEmpty()) return gtk.contains(QLatin1String("dark"), Qt::CaseInsensitive);
  const QPalette palette = QGuiApplication::palette();
  return palette.color(QPalette::Window).lightness() < palette.color(QPalette::WindowText).lightness();
}

QPixmap drawn(const QByteArray& svg, const QColor& colour, int size) {
  QByteArray coloured = svg;
  coloured.replace("currentColor", colour.name().toLatin1());
  QSvgRenderer renderer(coloured);
  QPixmap pixmap(size, size);
  pixmap.fill(Qt::transparent);
  QPainter painter(&pixmap);
  renderer.render(&painter);
  return pixmap;
}

}  // namespace

Theme Theme::light() {
  Theme theme;
  theme.window = QColor(0xf3f4f7);
  theme.base = QColor(0xffffff);
  theme.raised = QColor(0xf8f9fb);
  theme.border = QColor(0xd5d9e1);
  theme.text = QColor(0x1b2230);
  theme.muted = QColor(0x596273);
  theme.accent = QColor(0x2f5bc7);
  theme.onAccent = QColor(0xffffff);
  theme.selection = QColor(0xd6e2fb);
  theme.good = QColor(0x17713f);
  theme.fair = QColor(0x8a5200);
  theme.bad = QColor(0xb3261e);
  theme.unknown = QColor(0x4f596b);
  return theme;
}

Theme Theme::darkTheme() {
  Theme theme;
  theme.dark = true;
  theme.window = QColor(0x15181e);
  theme.base = QColor(0x1b1f27);
  theme.raised = QColor(0x212631);
  theme.border = QColor(0x333a48);
  theme.text = QColor(0xe3e7ee);
  theme.muted = QColor(0x9aa5b6);
  theme.accent = QColor(0x86a8ff);
  theme.onAccent = QColor(0x10131a);
  theme.selection = QColor(0x2d3f68);
  theme.good = QColor(0x4ec98b);
  theme.fair = QColor(0xf0b545);
  theme.bad = QColor(0xff7a70);
  theme.unknown = QColor(0xa3adbd);
  return theme;
}

QColor Theme::level(logs::Level level) const {
  switch (level) {
    case logs::Level::fatal:
    case logs::Level::error:
      return bad;
    case logs::Level::warning:
      return fair;
    case logs::Level::trace:
    case logs::Level::debug:
      return muted;
    case logs::Level::info:
    case logs::Level::unknown:
      break;
  }
  return text;
}

QColor Theme::state(scan::State state, scan::State expected) const {
  if (state == scan::State::cancelled || state == scan::State::local_error) return unknown;
  if (state == scan::State::suspect) return fair;
  return state == expected ? good : bad;
}

QColor Theme::severity(config::Severity severity) const {
  switch (severity) {
    case config::Severity::error:
      return bad;
    case config::Severity::warning:
      return fair;
    case config::Severity::note:
      return accent;
  }
  return text;
}

QColor Theme::status(consensus::Status status) const {
  switch (status) {
    case consensus::Status::answered:
      return good;
    case consensus::Status::abstained:
    case consensus::Status::cancelled:
      return unknown;
    case consensus::Status::refused:
      return fair;
    case consensus::Status::failed:
    case consensus::Status::timed_out:
    case consensus::Status::killed:
      return bad;
  }
  return text;
}

QColor Theme::verdict(int position, int count) const {
  if (position < 0 || count <= 0) return unknown;
  if (position == 0) return good;
  return position + 1 >= count ? bad : fair;
}

QColor Theme::tint(const QColor& colour, double strength) const { return mixed(base, colour, strength); }

QPalette Theme::palette() const {
  QPalette palette;
  palette.setColor(QPalette::Window, window);
  palette.setColor(QPalette::WindowText, text);
  palette.setColor(QPalette::Base, base);
  palette.setColor(QPalette::AlternateBase, raised);
  palette.setColor(QPalette::Text, text);
  palette.setColor(QPalette::PlaceholderText, muted);
  palette.setColor(QPalette::Button, raised);
  palette.setColor(QPalette::ButtonText, text);
  palette.setColor(QPalette::BrightText, bad);
  palette.setColor(QPalette::ToolTipBase, raised);
  palette.setColor(QPalette::ToolTipText, text);
  palette.setColor(QPalette::Link, accent);
  palette.setColor(QPalette::LinkVisited, accent);
  palette.setColor(QPalette::Highlight, selection);
  palette.setColor(QPalette::HighlightedText, text);
  palette.setColor(QPalette::Light, mixed(raised, text, 0.04));
  palette.setColor(QPalette::Midlight, raised);
  palette.setColor(QPalette::Mid, border);
  palette.setColor(QPalette::Dark, mixed(border, text, 0.25));
  palette.setColor(QPalette::Shadow, dark ? QColor(0x0b0d11) : mixed(border, text, 0.35));
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::HighlightedText}) {
    palette.setColor(QPalette::Disabled, role, mixed(window, muted, 0.65));
  }
  return palette;
}

QString Theme::styleSheet() const {
  QString sheet = QStringLiteral(R"(
QToolTip { background: @raised; color: @text; border: 1px solid @border; padding: 4px 6px; }
QMainWindow::separator { background: @window; width: 5px; height: 5px; }
QMenuBar, QToolBar { background: @window; border: none; }
QToolBar { spacing: 4px; padding: 4px 8px; border-bottom: 1px solid @border; }
QToolBar QToolButton { padding: 5px 10px; border: 1px solid transparent; border-radius: 6px; }
QToolBar QToolButton:hover { background: @raised; border-color: @border; }
QToolBar QToolButton:pressed { background: @selection; }
QToolBar QToolButton#primary { background: @accent; color: @onAccent; font-weight: 600; }
QToolBar QToolButton#primary:disabled { background: @raised; color: @muted; border-color: @border; }
QStatusBar { background: @window; color: @muted; border-top: 1px solid @border; }
QStatusBar::item { border: none; }
QDockWidget { color: @muted; font-weight: 600; }
QDockWidget::title { background: @window; padding: 6px 8px; text-align: left; }
QTreeView, QTableView, QListView, QPlainTextEdit, QTextBrowser { border: 1px solid @border; border-radius: 4px; }
QTreeView::item, QListView::item { padding: 3px 2px; }
QHeaderView::section { background: @window; color: @muted; border: none; border-bottom: 1px solid @border; padding: 4px 8px; }
QTabWidget::pane { border: none; }
QToolButton#judge_scope { padding: 3px 18px 3px 8px; border: 1px solid @border; border-radius: 5px; background: @raised; }
QToolButton#judge_scope:hover, QToolButton#judge_scope:focus { border-color: @accent; }
QLabel#judgement_state { color: @muted; }
QLabel#trouble { color: @bad; }
QFrame#card { background: @base; border: 1px solid @border; border-radius: 8px; }
QLabel#muted { color: @muted; }
QLabel#tip { background: @raised; color: @text; border: 1px solid @border; border-radius: 4px; padding: 3px 6px; }
QLabel#heading { font-weight: 600; font-size: 12pt; }
QLabel#title { font-weight: 600; font-size: 18pt; }
QToolBar#sidebar { padding: 0; spacing: 0; border: none; border-right: 1px solid @border; }
QToolBar#sidebar QToolButton { border: none; border-left: 3px solid transparent; padding: 8px 6px; color: @muted; font-size: 8pt; }
QToolBar#sidebar QToolButton:hover { background: @raised; color: @text; }
QToolBar#sidebar QToolButton:checked { background: @base; color: @accent; border-left-color: @accent; }
QToolBar#sidebar QToolButton:focus { color: @text; }
QFrame#notice { background: @fairTint; border: none; border-bottom: 1px solid @border; }
QFrame#notice[inset="true"] { border: 1px solid @border; border-radius: 8px; }
QPushButton { padding: 6px 14px; border: 1px solid @border; border-radius: 6px; background: @raised; }
QPushButton:hover { border-color: @accent; }
QPushButton:focus { border-color: @accent; }
QPushButton:pressed { background: @selection; }
QPushButton:disabled { color: @muted; }
QPushButton#primary { background: @accent; color: @onAccent; border-color: @accent; font-weight: 600; }
QPushButton#primary:disabled { background: @raised; color: @muted; border-color: @border; }
QPushButton#choice:checked { background: @selection; border-color: @accent; }
QPushButton#choice:focus { border: 2px solid @accent; padding: 5px 13px; }
QPushButton#flat { border: none; background: transparent; padding: 4px 0; color: @accent; text-align: left; }
QPushButton#flat:hover { text-decoration: underline; }
QLineEdit { padding: 4px 6px; border: 1px solid @border; border-radius: 5px; background: @base; }
QLineEdit:focus, QPlainTextEdit:focus { border-color: @accent; }
QProgressBar { border: 1px solid @border; border-radius: 4px; background: @window; text-align: center; max-height: 14px; }
QProgressBar::chunk { background: @accent; border-radius: 3px; }
QScrollArea { border: none; }
QCheckBox::indicator, QTreeView::indicator { width: 14px; height: 14px; border: 1px solid @muted; border-radius: 3px; background: @base; }
QCheckBox::indicator:checked, QTreeView::indicator:checked { background: @accent; border-color: @accent; image: url(:/icons/@check.svg); }
QCheckBox::indicator:focus { border-color: @accent; }
QCheckBox::indicator:disabled { border-color: @border; }
QToolButton#fold { border: none; color: @accent; padding: 2px; }
QTabBar::tab { padding: 6px 12px; background: @window; border: none; color: @muted; border-top: 2px solid transparent; }
QTabBar::tab:selected { background: @base; color: @text; border-top-color: @accent; }
)");
  const std::initializer_list<std::pair<const char*, QColor>> names = {{"@window", window},
                                                                       {"@raised", raised},
                                                                       {"@border", border},
                                                                       {"@text", text},
                                                                       {"@muted", muted},
                                                                       {"@onAccent", onAccent},
                                                                       {"@accent", accent},
                                                                       {"@selection", selection},
                                                                       {"@base", base},
                                                                       {"@bad", bad},
                                                                       {"@fairTint", tint(fair, 0.18)}};
  sheet.replace(QLatin1String("@check"), dark ? QLatin1String("check_dark") : QLatin1String("check_light"));
  for (const auto& [name, colour] : names) sheet.replace(QLatin1String(name), colour.name());
  return sheet;
}

ThemeController::ThemeController(QObject* parent) : QObject(parent), environmentIsDark_(isEnvironmentDark()) {
  registerIcons();
  const QString stored = QSettings().value(QLatin1String(settings_key)).toString();
  mode_ = stored == QLatin1String("light") ? Mode::light : stored == QLatin1String("dark") ? Mode::dark : Mode::environment;
  QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
  apply();
}

void ThemeController::setMode(Mode mode) {
  mode_ = mode;
  const char* name = mode == Mode::light ? "light" : mode == Mode::dark ? "dark" : "environment";
  QSettings().setValue(QLatin1String(settings_key), QLatin1String(name));
  apply();
}

void ThemeController::showOnly(Mode mode) {
  mode_ = mode;
  apply();
}

void ThemeController::apply() {
  const bool dark = mode_ == Mode::dark || (mode_ == Mode::environment && environmentIsDark_);
  theme_ = dark ? Theme::darkTheme() : Theme::light();
  QApplication::setPalette(theme_.palette());
  QToolTip::setPalette(theme_.palette());
  qApp->setStyleSheet(theme_.styleSheet());
  Q_EMIT changed(theme_);
}

QIcon ThemeController::icon(const QString& name) const { return icon(name, theme_.text); }

QIcon ThemeController::icon(const QString& name, const QColor& colour) const {
  QFile file(QStringLiteral(":/icons/%1.svg").arg(name));
  QIcon icon;
  if (!file.open(QIODevice::ReadOnly)) return icon;
  const QByteArray svg = file.readAll();
  for (const int size : {16, 20, 24, 32, 48, 64}) {
    icon.addPixmap(drawn(svg, colour, size), QIcon::Normal, QIcon::Off);
    if (colour == theme_.text) icon.addPixmap(drawn(svg, theme_.accent, size), QIcon::Normal, QIcon::On);
    icon.addPixmap(drawn(svg, mixed(theme_.window, theme_.muted, 0.65), size), QIcon::Disabled, QIcon::Off);
  }
  return icon;
}

}  // namespace conclave::desktop
