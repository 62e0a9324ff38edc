// The plugin manager.
#include <QAbstractItemModelTester>
#include <QApplication>
#include <QDir>
#include <QDropEvent>
#include <QFile>
#include <QLabel>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTest>
#include <QTreeView>
#include <QUrl>

#include "app/desktop/pages/experts_page.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/linked_text.h"
#include "app/desktop/widgets/plugins_dialog.h"
#include "engine/case/case.h"
#include "scripting/consent.h"
#include "scripting/plugin_switches.h"
#include "tests/app/desktop/fakes.h"

using namespace conclave;
using namespace conclave::desktop;

namespace {

constexpr const char* mine =
    "# /// script\n# [tool.conclave]\n# scope = \"disk\"\n# summary = \"Looks at disks.\"\n# [tool.conclave.permissions]\n"
    "# network = [\"api.example.com:443\"]\n# ///\nimport conclave\n\n@conclave.expert\ndef assess(evidence, job):\n    return "
    "None\n";

}  // namespace

class PluginsTest : public DesktopTest {
  Q_OBJECT

 private:
  // A case whose experts are a plugin of its own, one that is broken, and one that is not there.
  QString openCaseWithPlugins() {
    QDir(folder_->path()).mkdir(QStringLiteral("broken"));
    write("app.log", "2026-03-01T12:00:00Z INFO start\n");
    write("mine.py", mine);
    write("broken/plugin.toml", "name = \"broken\"\nversion = 7\n");
    const QString file = write(
        "case.yaml", "question: Is it well?\nlogs: [app.log]\nexperts: [./mine.py, ./broken, ./missing.py, error_bursts]\n");
    session_->open({file});
    (void)QTest::qWaitFor([this] { return session_->subject() != nullptr; });
    return file;
  }

  static QString textOf(const QWidget& widget) {
    QStringList text;
    for (const auto* label : widget.findChildren<QLabel*>()) text << label->text();
    return text.join(QLatin1Char('\n'));
  }
  static QPushButton* button(const QWidget& widget, const char* begin) {
    for (auto* found : widget.findChildren<QPushButton*>()) {
      if (found->text().startsWith(QLatin1String(begin))) return found;
    }
    return nullptr;
  }
  static QTreeView* view(const PluginsDialog& dialog) { return dialog.findChild<QTreeView*>(); }
  // -1: not there.
  static int rowOf(const PluginsDialog& dialog, const QString& name) {
    const auto* model = view(dialog)->model();
    for (int row = 0; row < model->rowCount(); ++row) {
      if (model->index(row, PluginList::name_column).data().toString() == name) return row;
    }
    return -1;
  }
  static QString cell(const PluginsDialog& dialog, const QString& name, int column) {
    return view(dialog)->model()->index(rowOf(dialog, name), column).data().toString();
  }
  static void choose(PluginsDialog& dialog, const QString& name) {
    view(dialog)->setCurrentIndex(view(dialog)->model()->index(rowOf(dialog, name), 0));
  }

 private Q_SLOTS:
  void shipped_ones_and_those_of_folders_and_case_are_in_one_list() {
    startPython();
    openCaseWithPlugins();
    ExpertsPage page(*session_, *theme_);
    PluginsDialog dialog(*session_, page.experts(), *theme_);
    dialog.show();
    const QAbstractItemModelTester tester(view(dialog)->model());
    QTRY_VERIFY(rowOf(dialog, QStringLiteral("mine")) >= 0);
    QTRY_VERIFY(rowOf(dialog, QStringLiteral("error_bursts")) >= 0);
    QCOMPARE(cell(dialog, QStringLiteral("error_bursts"), PluginList::from_column), QStringLiteral("Conclave"));
    QCOMPARE(cell(dialog, QStringLiteral("mine"), PluginList::from_column), QStringLiteral("this case"));
    QCOMPARE(cell(dialog, QStringLiteral("mine"), PluginList::state_column), QStringLiteral("not agreed to"));
    QCOMPARE(cell(dialog, QStringLiteral("broken"), PluginList::state_column), QStringLiteral("cannot be used"));
    QCOMPARE(cell(dialog, QStringLiteral("missing.py"), PluginList::state_column), QStringLiteral("cannot be used"));
    choose(dialog, QStringLiteral("mine"));
    const QString text = textOf(dialog);
    for (const char* part : {"Looks at disks.", "Connects to api.example.com:443.", "redacted", "Writes no files.",
                             "a process of its own", "nobody agreed"}) {
      QVERIFY2(text.contains(QLatin1String(part)), part);
    }
    choose(dialog, QStringLiteral("broken"));
    QVERIFY(textOf(dialog).contains(QLatin1String("plugin.toml:2:")));
  }

  void the_state_of_an_environment_is_shown_and_a_button_makes_it() {
    qputenv("PIP_NO_INDEX", "1");  // nothing is there to be found
    qputenv("PIP_CONFIG_FILE", "/dev/null");
    qunsetenv("PIP_FIND_LINKS");
    startPython([](FakeHost& host) {
      for (const auto trust : {scripting::Trust::named, scripting::Trust::untrusted}) {
        scripting::PluginInfo plugin;
        plugin.name = trust == scripting::Trust::named ? "needy" : "nobodys";
        plugin.path = "/nowhere/" + plugin.name;
        plugin.trust = trust;
        plugin.requirements = {"there-is-no-such-package"};
        host.more_plugins.push_back(plugin);
      }
    });
    ExpertsPage page(*session_, *theme_);
    PluginsDialog dialog(*session_, page.experts(), *theme_);
    dialog.show();
    QTRY_VERIFY(rowOf(dialog, QStringLiteral("needy")) >= 0);
    choose(dialog, QStringLiteral("nobodys"));
    QTRY_VERIFY(textOf(dialog).contains(QLatin1String("Environment: not made yet")));
    QVERIFY(!button(dialog, "Make its environment")->isEnabled());
    choose(dialog, QStringLiteral("needy"));
    QTRY_VERIFY(textOf(dialog).contains(QLatin1String("Environment: not made yet")));
    QVERIFY(button(dialog, "Make its environment")->isEnabled());
    button(dialog, "Make its environment")->click();
    QVERIFY(textOf(dialog).contains(QLatin1String("Environment: being made")));
    QTRY_VERIFY_WITH_TIMEOUT(textOf(dialog).contains(QLatin1String("the package index has no there-is-no-such-package")), 60'000);
    QVERIFY(button(dialog, "Make its environment")->isEnabled());
    QTRY_VERIFY(audited().contains(QStringLiteral("plugin.environment needy")));
  }

  void what_the_policy_forbids_is_shown_with_its_reason() {
    startPython([](FakeHost& host) {
      scripting::PluginInfo plugin;
      plugin.name = "wild";
      plugin.path = "/nowhere/wild";
      plugin.trust = scripting::Trust::named;
      plugin.forbidden = "/etc/conclave/policy.toml denies plugin 'wild'";
      host.more_plugins.push_back(plugin);
    });
    ExpertsPage page(*session_, *theme_);
    PluginsDialog dialog(*session_, page.experts(), *theme_);
    dialog.show();
    QTRY_VERIFY(rowOf(dialog, QStringLiteral("wild")) >= 0);
    QCOMPARE(cell(dialog, QStringLiteral("wild"), PluginList::state_column), QStringLiteral("forbidden"));
    choose(dialog, QStringLiteral("wild"));
    QVERIFY(textOf(dialog).contains(QLatin1String("Does not run: /etc/conclave/policy.toml denies plugin 'wild'.")));
  }

  void agreeing_writes_the_lock_and_the_audit_log() {
    startPython();
    openCaseWithPlugins();
    Case onlyMine = *session_->subject();
    onlyMine.experts = {{"./mine.py", nlohmann::json::object(), 1.0}};
    session_->setCase(onlyMine);
    ExpertsPage page(*session_, *theme_);
    PluginsDialog dialog(*session_, page.experts(), *theme_);
    dialog.show();
    QTRY_VERIFY(rowOf(dialog, QStringLiteral("mine")) >= 0);
    button(dialog, "Agree")->click();
    QTRY_COMPARE(cell(dialog, QStringLiteral("mine"), PluginList::state_column), QStringLiteral("ready"));
    QVERIFY(!button(dialog, "Agree")->isEnabled());
    QTRY_VERIFY(audited().contains(QStringLiteral("plugin.agree mine")));
    QCOMPARE(scripting::read_lock(fsPath(folder_->path()))->size(), 1U);
    write("mine.py", QByteArray(mine) + "# changed\n");  // other content is not what was agreed to
    button(dialog, "&Reload")->click();
    QTRY_COMPARE(cell(dialog, QStringLiteral("mine"), PluginList::state_column), QStringLiteral("not agreed to"));
  }

  void agreeing_to_what_cannot_be_read_says_why_and_writes_nothing() {
    startPython();
    openCaseWithPlugins();
    ExpertsPage page(*session_, *theme_);
    PluginsDialog dialog(*session_, page.experts(), *theme_);
    dialog.show();
    QTRY_VERIFY(rowOf(dialog, QStringLiteral("mine")) >= 0);
    button(dialog, "Agree")->click();
    QTRY_VERIFY(textOf(dialog).contains(QLatin1String("plugin.toml:2:")));
    QVERIFY(!QFile::exists(path("conclave.lock")));
  }

  void a_failure_is_shown_with_its_traceback() {
    startPython([](FakeHost& host) {
      scripting::PluginInfo plugin;
      plugin.name = "language_model";
      plugin.trust = scripting::Trust::shipped;
      host.more_plugins.push_back(plugin);
    });
    const auto file = write("report.json", QByteArray::fromStdString(to_json(sampleReport()).dump()));
    session_->open({file});
    QTRY_VERIFY(session_->report());
    ExpertsPage page(*session_, *theme_);
    PluginsDialog dialog(*session_, page.experts(), *theme_);
    dialog.show();
    QTRY_VERIFY(rowOf(dialog, QStringLiteral("language_model")) >= 0);
    QCOMPARE(cell(dialog, QStringLiteral("language_model"), PluginList::state_column), QStringLiteral("failed"));
    choose(dialog, QStringLiteral("language_model"));
    QVERIFY(textOf(dialog).contains(QLatin1String("TimeoutError: the endpoint did not answer")));
    QVERIFY(dialog.findChild<LinkedText*>(QStringLiteral("traceback"))->toPlainText().contains(QLatin1String("line 12, in ask")));
  }

  void the_file_that_opens_is_the_one_to_mend() {
    PluginRow broken{
        fsPath(path("broken")), scripting::Origin::subject, {}, path("broken") + QStringLiteral("/plugin.toml:2:11: no")};
    QCOMPARE(placeOf(broken).file, path("broken") + QStringLiteral("/plugin.toml"));
    QCOMPARE(placeOf(broken).line, 2);
    QDir(folder_->path()).mkdir(QStringLiteral("pack"));
    PluginRow folder{fsPath(path("pack")), scripting::Origin::folder, scripting::PluginInfo{}, {}};
    folder.plugin->module = "code";
    QCOMPARE(placeOf(folder).file, path("pack/code/__init__.py"));
    write("pack/code.py", "x = 1\n");
    QCOMPARE(placeOf(folder).file, path("pack/code.py"));
    folder.plugin.reset();
    QCOMPARE(placeOf(folder).file, path("pack/plugin.toml"));
    PluginRow single{fsPath(path("mine.py")), scripting::Origin::subject, {}, QStringLiteral("not UTF-8")};
    QCOMPARE(placeOf(single).file, path("mine.py"));
  }

  void settings_are_edited_for_the_open_case() {
    startPython();
    write("app.log", "2026-03-01T12:00:00Z INFO start\n");
    const QString file = write(
        "case.yaml", "question: Is it well?\nlogs: [app.log]\nexperts: [{name: error_bursts, settings: {window_minutes: 9}}]\n");
    ExpertsPage page(*session_, *theme_);
    connect(session_.get(), &Session::caseOpened, &page, [&] { page.showCase(session_->subject()); });
    session_->open({file});
    QTRY_VERIFY(session_->subject());
    PluginsDialog dialog(*session_, page.experts(), *theme_);
    dialog.show();
    QTRY_VERIFY(rowOf(dialog, QStringLiteral("error_bursts")) >= 0);
    choose(dialog, QStringLiteral("error_bursts"));
    auto* minutes = dialog.findChild<QSpinBox*>(QStringLiteral("setting:window_minutes"));
    QVERIFY(minutes);
    QCOMPARE(minutes->value(), 9);
    minutes->setValue(12);
    QVERIFY(session_->experts());
    QCOMPARE(session_->experts()->at(0).settings["window_minutes"].get<int>(), 12);
    session_->scripts().readCatalog();  // what was edited survives plugins that are read anew
    QSignalSpy read(&session_->scripts(), &Scripts::catalogChanged);
    QTRY_COMPARE(read.count(), 1);
    QCOMPARE(page.experts().choices().at(0).settings["window_minutes"].get<int>(), 12);
    page.showDetail();
    QCOMPARE(page.findChildren<QSpinBox*>(QStringLiteral("setting:window_minutes")).last()->value(), 12);
  }

  void without_a_case_settings_are_only_shown() {
    startPython();
    ExpertsPage page(*session_, *theme_);
    PluginsDialog dialog(*session_, page.experts(), *theme_);
    dialog.show();
    QTRY_VERIFY(rowOf(dialog, QStringLiteral("error_bursts")) >= 0);
    choose(dialog, QStringLiteral("error_bursts"));
    QVERIFY(!dialog.findChild<QSpinBox*>(QStringLiteral("setting:window_minutes")));
    QVERIFY(textOf(dialog).contains(QLatin1String("open one to change them")));
    QVERIFY(textOf(dialog).contains(QLatin1String("window_minutes = 5")));
  }

  void a_plugin_is_switched_off_and_on_again_by_its_box() {
    startPython();
    ExpertsPage page(*session_, *theme_);
    PluginsDialog dialog(*session_, page.experts(), *theme_);
    dialog.show();
    QTRY_VERIFY(rowOf(dialog, QStringLiteral("error_bursts")) >= 0);
    const auto box = [&] {
      return view(dialog)->model()->index(rowOf(dialog, QStringLiteral("error_bursts")), PluginList::on_column);
    };
    QCOMPARE(box().data(Qt::CheckStateRole).toInt(), Qt::Checked);
    QVERIFY(view(dialog)->model()->setData(box(), Qt::Unchecked, Qt::CheckStateRole));
    QTRY_VERIFY(scripting::read_disabled()->contains("error_bursts"));
    QTRY_COMPARE(cell(dialog, QStringLiteral("error_bursts"), PluginList::state_column), QStringLiteral("off"));
    QTRY_VERIFY(!page.experts().at(0).on);
    QTRY_VERIFY(audited().contains(QStringLiteral("plugin.disable error_bursts")));
    QVERIFY(view(dialog)->model()->setData(box(), Qt::Checked, Qt::CheckStateRole));
    QTRY_VERIFY(scripting::read_disabled()->empty());
    QTRY_COMPARE(cell(dialog, QStringLiteral("error_bursts"), PluginList::state_column), QStringLiteral("ready"));
  }

  void a_switch_that_cannot_be_remembered_says_why_and_goes_back() {
    startPython();
    ExpertsPage page(*session_, *theme_);
    PluginsDialog dialog(*session_, page.experts(), *theme_);
    dialog.show();
    QTRY_VERIFY(rowOf(dialog, QStringLiteral("error_bursts")) >= 0);
    (void)QFile::remove(qtPath(scripting::switches_file()));
    QVERIFY(QDir().mkpath(qtPath(scripting::switches_file())));  // a folder is in the way
    const auto box = view(dialog)->model()->index(rowOf(dialog, QStringLiteral("error_bursts")), PluginList::on_column);
    QVERIFY(view(dialog)->model()->setData(box, Qt::Unchecked, Qt::CheckStateRole));
    QTRY_VERIFY(textOf(dialog).contains(QLatin1String("plugins.json")));
    QTRY_COMPARE(cell(dialog, QStringLiteral("error_bursts"), PluginList::state_column), QStringLiteral("ready"));
    QDir().rmdir(qtPath(scripting::switches_file()));
  }

  void a_dropped_plugin_is_installed_after_a_question_and_removed_after_another() {
    startPython();
    ExpertsPage page(*session_, *theme_);
    PluginsDialog dialog(*session_, page.experts(), *theme_);
    dialog.show();
    const QString file = write("mine.py", mine);
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(file)});
    QDragEnterEvent enter({10, 10}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&dialog, &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop({10, 10}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&dialog, &drop);
    QMessageBox* box = nullptr;
    QTRY_VERIFY((box = dialog.findChild<QMessageBox*>()));
    QVERIFY(box->informativeText().contains(QLatin1String("Connects to api.example.com:443.")));
    button(*box, "&Install")->click();
    QTRY_VERIFY(rowOf(dialog, QStringLiteral("mine")) >= 0);
    QCOMPARE(cell(dialog, QStringLiteral("mine"), PluginList::from_column), QStringLiteral("installed"));
    QTRY_VERIFY(audited().contains(QStringLiteral("plugin.install mine")));

    QTRY_VERIFY(!dialog.findChild<QMessageBox*>());
    dialog.install(file);  // it is there already
    QTRY_VERIFY((box = dialog.findChild<QMessageBox*>()));
    QVERIFY(box->text().startsWith(QLatin1String("Replace mine")));
    button(*box, "Cancel")->click();
    QTRY_VERIFY(!dialog.findChild<QMessageBox*>());

    choose(dialog, QStringLiteral("error_bursts"));
    QVERIFY(!button(dialog, "Re&move")->isEnabled());
    choose(dialog, QStringLiteral("mine"));
    button(dialog, "Re&move")->click();
    QTRY_VERIFY((box = dialog.findChild<QMessageBox*>()));
    button(*box, "&Remove")->click();
    QTRY_COMPARE(rowOf(dialog, QStringLiteral("mine")), -1);
    QVERIFY(QFile::exists(file));
  }

  void what_is_no_plugin_is_not_offered() {
    startPython();
    ExpertsPage page(*session_, *theme_);
    PluginsDialog dialog(*session_, page.experts(), *theme_);
    dialog.show();
    dialog.install(write("plain.py", "x = 1\n"));
    QTRY_VERIFY(textOf(dialog).contains(QLatin1String("no expert in it")));
    QVERIFY(!dialog.findChild<QMessageBox*>());
  }

  void without_python_and_case_it_says_that_there_is_nothing() {
    ExpertsPage page(*session_, *theme_);
    PluginsDialog dialog(*session_, page.experts(), *theme_);
    dialog.show();
    QVERIFY(textOf(dialog).contains(QLatin1String("No plugins are known yet.")));
    QVERIFY(!button(dialog, "Open")->isEnabled());
  }
};

QTEST_MAIN(PluginsTest)
#include "plugins_test.moc"
