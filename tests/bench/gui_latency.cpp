// How late a 1 ms timer on the GUI thread fires while scripts spin in pure Python in the same process.
//
//     QT_QPA_PLATFORM=offscreen build/release/bin/bench_gui_latency [SECONDS]
//
// Prints p50, p99 and the longest wait in milliseconds: first without scripts, then with four hot Python threads.

#include <QApplication>
#include <QElapsedTimer>
#include <QTimer>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <vector>

#include "scripting/script_host.h"

namespace {

constexpr auto spin_in_python = R"(
import threading
def spin():
    n = 0
    while not stop:
        n += 1
stop = False
spinners = [threading.Thread(target=spin, daemon=True) for _ in range(4)]
for spinner in spinners: spinner.start()

)";

// Milliseconds between one shot of a 1 ms timer and the next, less the millisecond.
std::vector<double> late_by(int seconds) {
  std::vector<double> waits;
  QElapsedTimer clock;
  QElapsedTimer whole;
  QTimer timer;
  timer.setTimerType(Qt::PreciseTimer);
  QObject::connect(&timer, &QTimer::timeout, [&] {
    waits.push_back(std::max(0.0, static_cast<double>(clock.nsecsElapsed()) / 1e6 - 1.0));
    clock.restart();
    if (whole.elapsed() > seconds * 1000) QCoreApplication::quit();
  });
  clock.start();
  whole.start();
  timer.start(1);
  QCoreApplication::exec();
  return waits;
}

void print(const char* what, std::vector<double> waits) {
  std::sort(waits.begin(), waits.end());
  const auto at = [&](double share) { return waits[static_cast<std::size_t>(share * static_cast<double>(waits.size() - 1))]; };
  std::printf("%-28s p50 %6.2f ms   p99 %6.2f ms   max %6.2f ms   (%zu shots)\n", what, at(0.5), at(0.99), at(1.0), waits.size());
}

}  // namespace

int main(int argc, char** argv) {
  const QApplication application(argc, argv);
  const int seconds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 10;
  auto host = conclave::scripting::ScriptHost::start(conclave::scripting::HostPaths::of_this_program(), {});
  if (!host) {
    std::fprintf(stderr, "%s\n", host.error().text().c_str());
    return 2;
  }
  print("no scripts", late_by(seconds));
  std::promise<bool> spinning;
  (*host)->execute(spin_in_python, [&](const conclave::scripting::ConsoleReply& reply) {
    spinning.set_value(reply.state == conclave::scripting::ConsoleReply::State::complete);
  });
  if (!spinning.get_future().get()) {
    std::fprintf(stderr, "the scripts did not start\n");
    (*host)->exit(2);
  }
  print("four hot Python threads", late_by(seconds));
  std::fflush(stdout);
  (*host)->exit(0);
}
