#include "engine/scan/resolver.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "engine/base/text_file.h"

// c-ares reads the hosts file for every name, which is why HostsFile does, and knows none of the other sources: those are plugins
// of the C library. They are asked only where nsswitch.conf names one, since a thread is needed for each name: at once for names
// without a dot and under .local, which such sources are there for (RFC 6762 keeps .local away from name servers), and for others
// when no name server knows them.

namespace conclave::scan {
namespace {

const std::string sources_file = "/etc/nsswitch.conf";
constexpr std::size_t most_bytes = std::size_t{64} << 20;  // of a file of this machine

std::string contents(const std::string& file) {
  return read_text_file(file, most_bytes).value_or(std::string());  // it need not be there
}

bool is_local(const std::string& name) {
  const std::string plain = plain_name(name);
  return plain.find('.') == std::string::npos || plain.ends_with(".local");
}

}  // namespace

Resolver::Resolver(ResolverOptions options) : options_(std::move(options)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

Resolver::~Resolver() {
  dns_.reset();
  if (epoll_ >= 0) ::close(epoll_);
}

void Resolver::ask(std::size_t id, std::string name) {
  ++outstanding_;
  new_.emplace_back(id, std::move(name));
}

void Resolver::sort(std::size_t id, std::string name) {
  if (name.find('\0') != std::string::npos) {  // which would end it for those who are asked
    answers_.push_back({id, {{}, "no name has a zero byte"}});
    return;
  }
  if (!sources_) sources_ = options_.sources ? *options_.sources : read_name_sources(contents(sources_file));
  if (sources_->files) {
    if (!hosts_) hosts_.emplace(contents(options_.hosts_file));
    if (auto known = hosts_->find(name); !known.empty()) {
      answers_.push_back({id, {std::move(known), {}}});
      return;
    }
  }
  if (sources_->others && (!sources_->dns || is_local(name))) {
    threads().ask(id, std::move(name));
  } else if (sources_->dns) {
    waiting_.emplace_back(id, std::move(name));
  } else {
    answers_.push_back({id, {{}, "not in " + options_.hosts_file + ", and " + sources_file + " names no other source"}});
  }
}

LookupThreads& Resolver::threads() {
  if (!threads_) {
    threads_.emplace(options_.system, options_.timeout, options_.max_threads);
    epoll_event event{};
    event.events = EPOLLIN;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, threads_->wake_fd(), &event);
  }
  return *threads_;
}

DnsClient& Resolver::dns() {
  if (!dns_) dns_.emplace(options_.servers, options_.timeout, epoll_);
  return *dns_;
}

std::vector<Resolver::Answer> Resolver::collect(Clock::time_point now) {
  for (auto& [id, name] : std::exchange(new_, {})) sort(id, std::move(name));
  if (dns_) take_from_dns(now);
  if (dns_ && std::max(silent_in_a_row_, dns_->under_way() - asked_.size()) >= options_.most_asked) give_up_the_rest();
  while (!waiting_.empty() && dns().under_way() < options_.most_asked) {
    auto [id, name] = std::move(waiting_.front());
    waiting_.pop_front();
    asked_[id] = {name, now};
    dns().ask(id, name);
  }
  if (threads_) {
    auto found = threads_->collect(now);
    answers_.insert(answers_.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  }
  outstanding_ -= answers_.size();
  return std::exchange(answers_, {});
}

void Resolver::take_from_dns(Clock::time_point now) {
  const std::string within = " within " + std::to_string(options_.timeout.count()) + " ms";
  for (DnsClient::Answer& answer : dns_->collect()) {
    silent_in_a_row_ = answer.is_silence ? silent_in_a_row_ + 1 : 0;
    const auto question = asked_.extract(answer.id);
    if (question.empty()) continue;  // it was given up before
    if (answer.is_silence) answer.lookup.error += within;
    if (answer.lookup.addresses.empty() && sources_->others && !answer.is_silence) {
      threads().ask(answer.id, question.mapped().name);
    } else {
      answers_.push_back({answer.id, std::move(answer.lookup)});
    }
  }
  // Search domains can take longer than the time of one question.
  std::erase_if(asked_, [&](const auto& each) {
    if (now - each.second.begin < options_.timeout) return false;
    answers_.push_back({each.first, {{}, "no answer from " + dns_->servers() + within}});
    ++silent_in_a_row_;
    return true;
  });
}

void Resolver::give_up_the_rest() {
  for (auto& [id, name] : std::exchange(waiting_, {}))
    answers_.push_back({id, {{}, "not asked, because " + dns_->servers() + " did not answer for the names before it"}});
}

}  // namespace conclave::scan
