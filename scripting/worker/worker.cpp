#include "scripting/worker/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "engine/base/byte_text.h"
#include "engine/base/text.h"

namespace conclave::scripting {
namespace {

using namespace std::chrono_literals;
using consensus::ExpertResponse;
using consensus::Status;

constexpr auto time_to_begin = 20s;  // of a busy machine; the expert's own time begins later
constexpr auto time_to_end = 2s;     // from its end of file until the zygote says how it ended, on a busy machine
constexpr auto dump_after = 300ms;
constexpr auto kill_after = 400ms;
constexpr auto kill_after_stop = 800ms;
constexpr auto interrupt_after_stop = 300ms;  // GRACE_S in conclave/_worker.py
constexpr auto memory_interval = 100ms;
constexpr std::size_t most_words = 65536;

std::string seconds_text(double seconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g s", seconds);
  return text.data();
}

std::string signal_text(int signal) {
  const char* name = ::sigabbrev_np(signal);
  const char* meaning = ::sigdescr_np(signal);
  std::string text = name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(signal);
  if (meaning != nullptr) text += " (" + std::string(meaning) + ")";
  return text;
}

void send_signal(int process, int signal) { ::syscall(SYS_pidfd_send_signal, process, signal, nullptr, 0); }

}  // namespace

Worker::Worker(std::uint64_t id, IsolatedTask task, std::function<void()> wake)
    : id_(id),
      task_(std::move(task)),
      budget_{task_.plugin.output_kb * 1024},
      out_(budget_, [this](std::string_view text) { task_.output(1, text); }),
      err_(budget_, [this](std::string_view text) { task_.output(2, text); }),
      begun_(Clock::now()) {
  on_stop_.emplace(task_.job->token(), std::move(wake));
}

void Worker::start(Zygote& zygote) {
  begun_ = Clock::now();
  kill_at_ = begun_ + time_to_begin;
  if (!task_.plugin.network.empty()) {
    auto connections = Connections::allow(task_.plugin.network);
    if (!connections) return give_up(Status::failed, "ValueError", connections.error().text());
    connections_.emplace(std::move(*connections));
  }
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return give_up(Status::failed, "OSError", fail_io("cannot start a worker", {}, errno).value().message);
  }
  channel_.reset(ends[0]);
  const Descriptor theirs(ends[1]);
  const Descriptor out = out_.open();
  const Descriptor err = err_.open();
  words_.reset(::memfd_create("conclave-words", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!out || !err || !words_ || ::ftruncate(words_.get(), most_words) != 0) {
    return give_up(Status::failed, "OSError", fail_io("cannot start a worker", {}, errno).value().message);
  }
  ::fcntl(words_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  if (auto asked = zygote.fork_worker(id_, {theirs.get(), out.get(), err.get(), words_.get()}); !asked) {
    return give_up(Status::failed, "OSError", asked.error().text());
  }
  has_process_ = true;
  const PluginInfo& plugin = task_.plugin;
  const auto texts = [](const std::vector<std::string>& list) {
    nlohmann::json array = nlohmann::json::array();
    for (const std::string& text : list) array.push_back(bytes_as_text(text));
    return array;
  };
  std::error_code error;
  unsent_ =
      framed({{"run", std::move(task_.info)},
              {"folder", bytes_as_text(std::filesystem::current_path(error).string())},
              {"memory_mb", plugin.memory_mb},
              {"network", plugin.network},
              {"read", texts(plugin.read)},
              {"write", texts(plugin.write)},
              {"environment", task_.environment ? nlohmann::json(bytes_as_text(task_.environment->folder.string())) : nullptr},
              {"subprocess", plugin.subprocess},
              {"raw_evidence", plugin.network.empty() || plugin.raw_evidence}});
  if (task_.evidence) unsent_files_ = {task_.evidence->descriptor()};
  if (task_.socket) unsent_files_ = {task_.socket.get()};
  write();
}

void Worker::forked(Zygote::Event event) {
  process_ = std::move(event.process);
  pid_ = event.pid;
  if (killed_ || answered_) kill();
}

std::vector<Worker::Interest> Worker::interests() const {
  std::vector<Interest> list;
  if (channel_) list.push_back({channel_.get(), static_cast<short>(unsent_.empty() ? POLLIN : POLLIN | POLLOUT)});
  for (const int file : {out_.file(), err_.file()}) {
    if (file >= 0) list.push_back({file, POLLIN});
  }
  if (connections_ && !answered_) {
    for (const auto& [file, events] : connections_->interests()) list.push_back({file, events});
  }
  return list;
}

void Worker::ready(int file) {
  if (file == out_.file()) return out_.read();
  if (file == err_.file()) return err_.read();
  if (file == channel_.get()) {
    write();
    (void)read();
  } else if (connections_ && !answered_) {
    connections_->ready(file);
  }
}

RunningScript Worker::seen() const {
  using State = RunningScript::State;
  const auto now = Clock::now();
  const State state = !began_                                                     ? State::waiting
                      : !stop_sent_                                               ? State::running
                      : now < kill_at_ - (kill_after_stop - interrupt_after_stop) ? State::asked
                                                                                  : State::interrupted;
  return {id_, task_.plugin.kind + " " + task_.plugin.name, true, state,
          began_ ? std::chrono::duration<double>(now - begun_).count() : 0};
}

Result<Descriptor> Worker::dump() {
  if (!began_) return fail(ErrorKind::unsupported, "it has not begun yet");
  Descriptor copy(::fcntl(words_.get(), F_DUPFD_CLOEXEC, 0));
  const std::string nothing(most_words, '\0');
  // It writes at the offset that both processes share.
  if (!copy || !process_ || ::pwrite(copy.get(), nothing.data(), nothing.size(), 0) < 0 ||
      ::lseek(copy.get(), 0, SEEK_SET) != 0) {
    return fail_io("cannot ask for its stack", {}, errno);
  }
  send_signal(process_.get(), SIGUSR1);
  return copy;
}

void Worker::send(const nlohmann::json& message) {
  unsent_ += framed(message);
  write();
}

void Worker::write() {
  while (channel_ && !unsent_.empty()) {
    const ssize_t count = send_with(channel_.get(), unsent_, unsent_files_);
    if (count < 0) return;  // later, or never: its end is announced otherwise
    unsent_files_.clear();
    task_.socket.reset();  // only the worker holds it now
    unsent_.erase(0, static_cast<std::size_t>(count));
  }
}

bool Worker::read() {
  std::array<char, 65536> buffer;
  std::vector<Descriptor> files;
  const ssize_t count = receive_with(channel_.get(), buffer, files);
  if (count < 0 && errno == EAGAIN) return false;
  if (count <= 0) {  // it ended, or closed what it should not
    channel_.reset();
    kill_at_ = std::min(kill_at_, Clock::now() + time_to_end);
    return false;
  }
  if (connections_ && !began_ && !files.empty()) connections_->listen(std::move(files.front()));
  reader_.append({buffer.data(), static_cast<std::size_t>(count)});
  while (!answered_) {
    auto message = reader_.next();
    if (!message) {
      const std::string what =
          message.error().kind == ErrorKind::limit ? "its answer is too large: " : "the worker speaks nonsense: ";
      give_up(Status::failed, "ValueError", what + message.error().message);
      return false;
    }
    if (!*message) return true;
    handle(**message);
  }
  return false;
}

void Worker::handle(const nlohmann::json& message) {
  const auto number = [&](const char* name) {
    const auto found = message.find(name);
    return found != message.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
  };
  const std::string said = message.contains("say") && message["say"].is_string() ? message["say"].get<std::string>() : "";
  if (said == "begins" && !began_) {
    began_ = true;
    begun_ = Clock::now();
    const auto deadline =
        begun_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(task_.plugin.time_s));
    dump_at_ = deadline + dump_after;
    kill_at_ = deadline + kill_after;
    memory_at_ = begun_ + memory_interval;
  } else if (said == "progress") {
    const auto done = static_cast<std::uint64_t>(std::max<std::int64_t>(number("done"), 0));
    const auto total = static_cast<std::uint64_t>(std::max<std::int64_t>(number("total"), 0));
    if (total != told_.total || done < told_.done) {
      task_.job->begin(task_.plugin.name, total, "steps");
      told_ = {};
    }
    task_.job->advance(done - told_.done);
    told_.done = done;
    told_.total = total;
  } else if (said == "log" && message.contains("text") && message["text"].is_string()) {
    const auto text = message["text"].get<std::string>();
    budget_.left -= static_cast<double>(text.size());
    if (budget_.left >= 0) task_.log(static_cast<int>(number("level")), text);
  } else if (said == "resolve" && connections_ && message.contains("host") && message["host"].is_string()) {
    connections_->resolve(message["host"].get<std::string>(), [this, id = number("id")](nlohmann::json answer) {
      answer["say"] = "resolved";
      answer["id"] = id;
      send(answer);
    });
  } else if (said == "answer") {
    take_answer(message);
  }
}

void Worker::take_answer(const nlohmann::json& message) {
  if (const auto returned = message.find("returned"); task_.returned && returned != message.end()) {
    task_.returned(*returned);
    return finish({});
  }
  auto response = consensus::response_from_json(message.value("response", nlohmann::json()));
  if (!response) return give_up(Status::failed, "ValueError", "its answer cannot be read: " + response.error().text());
  if (response->status == Status::killed || response->status == Status::refused) response->status = Status::failed;
  if (response->status == Status::cancelled && !stopped()) response->status = Status::failed;  // nobody asked it to
  finish(std::move(*response));
}

void Worker::look(Clock::time_point now) {
  if (answered_) return;
  if (stopped() && !stop_sent_) {
    stop_sent_ = true;
    if (!began_) return give_up(Status::cancelled, "Cancelled", "the job was stopped before it began");
    send({{"say", "stop"}});
    kill_at_ = std::min(kill_at_, now + kill_after_stop);
    dump_at_ = std::min(dump_at_, kill_at_ - (kill_after - dump_after));
  }
  if (now >= memory_at_) {
    memory_at_ = now + memory_interval;
    check_memory();
    if (answered_) return;
  }
  if (now >= dump_at_) {
    dump_at_ = Clock::time_point::max();
    if (process_) send_signal(process_.get(), SIGUSR1);
  }
  if (connections_) connections_->look(now);
  if (now < kill_at_) return;
  if (!began_) return give_up(Status::failed, "TimeoutError", "its worker did not start in time");
  const bool by_stop = stopped() && stop_sent_;
  if (!channel_) return give_up(Status::killed, "Killed", "it closed its connection to the program");
  give_up(by_stop ? Status::cancelled : Status::timed_out, by_stop ? "Cancelled" : "TimeoutError",
          (by_stop ? "the job was stopped" : "no answer within " + seconds_text(task_.plugin.time_s)) +
              ", and it ignored interruption: its process was killed");
}

Worker::Clock::time_point Worker::next_look() const {
  return answered_ ? Clock::time_point::max() : std::min({dump_at_, kill_at_, memory_at_});
}

// RLIMIT_DATA binds what is private; memory that is shared (an anonymous mmap of Python's) only shows here.
void Worker::check_memory() {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  double used_kb = task_.evidence ? -static_cast<double>(task_.evidence->blob().size()) / 1024 : 0;
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:") || line.starts_with("RssShmem:"))
      used_kb += std::strtod(line.c_str() + line.find(':') + 1, nullptr);
  }
  constexpr double of_python_kb = 128 * 1024;
  if (used_kb > task_.plugin.memory_mb * 1024 + of_python_kb) {
    give_up(Status::killed, "MemoryError",
            "it used more than its " + std::to_string(static_cast<long>(task_.plugin.memory_mb)) +
                " MB of memory (limits.memory_mb): its process was killed");
  }
}

void Worker::exited(int status) {
  lost();
  if (answered_) return;
  while (channel_ && !answered_ && read()) {  // an answer may have been on its way
  }
  if (answered_) return;
  if (WIFSIGNALED(status)) return give_up(Status::killed, "Killed", "its process was ended by " + signal_text(WTERMSIG(status)));
  give_up(Status::killed, "Killed", "its process ended with exit code " + std::to_string(WEXITSTATUS(status)) + " and no answer");
}

void Worker::kill() {
  killed_ = true;
  if (process_) send_signal(process_.get(), SIGKILL);  // the zygote then kills what it started
}

std::string Worker::last_words() const {
  if (!words_) return {};
  std::string text(most_words, '\0');
  const ssize_t count = ::pread(words_.get(), text.data(), text.size(), 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  text.resize(std::min(text.find('\0'), text.size()));
  return valid_utf8(text);
}

ExpertResponse Worker::without_answer(Status status, const std::string& type, std::string message) const {
  ExpertResponse response;
  response.status = status;
  response.error = consensus::ResponseError{type, std::move(message), last_words()};
  return response;
}

void Worker::give_up(Status status, const std::string& type, std::string message) {
  if (answered_) return;
  finish(without_answer(status, type, std::move(message)));
}

void Worker::finish(ExpertResponse response) {
  answered_ = true;
  kill();
  out_.read();
  err_.read();
  out_.close();
  err_.close();
  channel_.reset();
  connections_.reset();
  on_stop_.reset();
  response.expert_name = task_.plugin.name;
  response.weight = task_.weight;
  if (response.scope.empty() || response.scope == "overall") response.scope = task_.plugin.scope;
  response.seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
  response.timestamp = now_us();
  task_.done(std::move(response));
  task_.evidence.reset();
  task_.socket.reset();
}

}  // namespace conclave::scripting
