// How late a 1 ms timer on the GUI thread fires while scripts spin in pure Python: in the same process, and in workers.
//
//     QT_QPA_PLATFORM=offscreen build/release/bin/bench_gui_latency [SECONDS]
//
// Prints p50, p99 and the longest wait in milliseconds: without scripts, with four hot workers, with four hot Python threads.

#include <QApplication>
#include <QElapsedTimer>
#include <QTimer>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "engine/case/consult.h"
#include "scripting/script_host.h"

namespace {

namespace fs = std::filesystem;
using namespace conclave;

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

// Four experts that spin, each in a worker of its own. They end with this.
class HotWorkers {
 public:
  [[nodiscard]] static Result<std::unique_ptr<HotWorkers>> start(scripting::ScriptHost& host) {
    auto self = std::unique_ptr<HotWorkers>(new HotWorkers);
    std::ofstream(self->folder_ / "app.log") << "2026-03-01T12:00:00Z INFO start\n";
    scripting::CircleRequest request;
    for (const char* name : {"a", "b", "c", "d"}) {
      const fs::path file = self->folder_ / (std::string(name) + ".py");
      std::ofstream(file) << "import conclave\n@conclave.expert\ndef assess(evidence, job):\n    job.progress(1, 2)\n"
                             "    while True: pass\n";
      request.only.push_back(file.string());
    }
    Case subject;
    subject.question_text = "?";
    subject.base = self->folder_;
    subject.logs = {"app.log"};
    auto circle = host.circle(subject, request);
    if (!circle) return tl::unexpected(std::move(circle.error()));
    auto gathered = gather(subject, {}, self->job_);
    if (!gathered) return tl::unexpected(std::move(gathered.error()));
    self->asking_ = std::thread([self = self.get(), experts = std::move(circle->experts), evidence = gathered->evidence] {
      (void)ask(experts, evidence, self->job_);
    });
    return self;
  }
  HotWorkers(const HotWorkers&) = delete;
  HotWorkers& operator=(const HotWorkers&) = delete;
  ~HotWorkers() {
    job_.request_stop();
    if (asking_.joinable()) asking_.join();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

 private:
  HotWorkers() {
    std::string name = (fs::temp_directory_path() / "conclave-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) folder_ = name;
  }
  fs::path folder_;
  Job job_{"hot workers"};
  std::thread asking_;
};

}  // namespace

int main(int argc, char** argv) {
  const QApplication application(argc, argv);
  const int seconds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 10;
  auto host = scripting::ScriptHost::start(scripting::HostPaths::of_this_program(), {});
  if (!host) {
    std::fprintf(stderr, "%s\n", host.error().text().c_str());
    return 2;
  }
  print("no scripts", late_by(seconds));
  {
    const auto workers = HotWorkers::start(**host);
    if (!workers) {
      std::fprintf(stderr, "%s\n", workers.error().text().c_str());
      (*host)->exit(2);
    }
    std::this_thread::sleep_for(std::chrono::seconds(2));  // until all of them spin
    print("four hot workers", late_by(seconds));
  }
  std::promise<bool> spinning;
  (*host)->execute(spin_in_python, [&](const scripting::ConsoleReply& reply) {
    spinning.set_value(reply.state == scripting::ConsoleReply::State::complete);
  });
  if (!spinning.get_future().get()) {
    std::fprintf(stderr, "the scripts did not start\n");
    (*host)->exit(2);
  }
  print("four hot Python threads", late_by(seconds));
  std::fflush(stdout);
  (*host)->exit(0);
}
