// One coroutine for each connection, one Visit for each service with a timer of its own. The first conversation that recognises
// its protocol wins, and the other connections are closed; a hint (greeting.h) counts when nothing better came.
#include "engine/scan/probe/prober.h"

#include <algorithm>
#include <array>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "engine/scan/address.h"
#include "engine/scan/cause.h"
#include "engine/scan/descriptors.h"
#include "engine/scan/probe/greeting.h"
#include "engine/scan/probe/needs.h"
#include "engine/scan/probe/protocols.h"
#include "engine/scan/probe/tls_stream.h"

namespace conclave::scan {
namespace {

using Clock = std::chrono::steady_clock;
using asio::ip::tcp;
using std::chrono::milliseconds;

constexpr milliseconds tick{20};            // a stop is looked at this often
constexpr milliseconds shortage_pause{20};  // until a socket is asked for again
constexpr double least_listening_ms = 100;  // for a greeting, before anything is said
constexpr double share_of_patience = 0.6;   // where a service that nothing is known of is near
constexpr double most_connections = 2048;   // at once
constexpr std::size_t most_looked_at = 1000;
constexpr std::size_t most_heard = 4096;  // kept of what nobody understood
constexpr std::size_t words_shown = 128;

double ms_since(Clock::time_point begin) { return std::chrono::duration<double, std::milli>(Clock::now() - begin).count(); }

Clock::duration in_clock(double ms) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(ms));
}

struct Limits {
  double silent_ms;
  double whole_ms;
};

// One connection and what is said on it. Shared by its coroutine and its visit.
struct Link {
  Link(asio::io_context& loop, const Protocol& spoken) : protocol(spoken), socket(loop) {}
  const Protocol& protocol;
  tcp::socket socket;
  ConversationPtr conversation;
  std::unique_ptr<TlsStream> tls;
  std::string heard;  // the first bytes, decrypted
  std::size_t bytes = 0;
  bool is_mine = false;
  bool is_over = false;
  std::string why;  // it ended, if not by what was said
  Clock::time_point begin;
  Clock::time_point asked;
  Clock::time_point last_byte;
  double connect_ms = 0;
  std::optional<double> tls_ms;
  std::optional<double> first_byte_ms;
};
using LinkPtr = std::shared_ptr<Link>;

class Visit : public std::enable_shared_from_this<Visit> {
 public:
  Visit(asio::io_context& loop, const TlsClient& tls_client, ScanResult& result, const Address& address, Attempts attempts,
        Limits limits)
      : loop_(loop),
        tls_client_(tls_client),
        result_(result),
        attempts_(std::move(attempts)),
        limits_(limits),
        listening_(loop),
        deadline_(loop) {
    std::memcpy(endpoint_.data(), address.raw(), address.size());
    endpoint_.resize(address.size());
  }

  void start() {
    begin_ = Clock::now();
    deadline_.expires_after(in_clock(limits_.silent_ms));
    deadline_.async_wait([self = shared_from_this()](const asio::error_code& error) {
      if (!error) self->silent_for_long();
    });
    for (const Protocol* protocol : attempts_.first) connect(*protocol);
    if (attempts_.later.empty()) return;
    // Far away, greetings take longer.
    const double wait = std::min(least_listening_ms + 3 * result_.latency_ms.value_or(0), limits_.silent_ms / 2);
    listening_.expires_after(in_clock(wait));
    listening_.async_wait([self = shared_from_this()](const asio::error_code& error) {
      if (!error) self->heard_nothing();
    });
  }

  [[nodiscard]] bool is_over() const { return is_over_; }
  [[nodiscard]] std::size_t connections() const { return attempts_.first.size() + attempts_.later.size(); }

  void close() {
    is_over_ = true;
    listening_.cancel();
    deadline_.cancel();
    for (const LinkPtr& link : links_) close(*link);
  }

 private:
  static void close(Link& link) {
    asio::error_code ignored;
    link.socket.close(ignored);
  }

  void connect(const Protocol& protocol) {
    const LinkPtr& link = links_.emplace_back(std::make_shared<Link>(loop_, protocol));
    asio::co_spawn(loop_, talk(shared_from_this(), link), asio::detached);
  }

  // Everything below may find the visit over: sockets are closed then, and each wait returns.
  static asio::awaitable<void> talk(std::shared_ptr<Visit> self, LinkPtr link) {
    Place place{self->result_.target.host, self->result_.target.port, link->protocol.carrier != Protocol::Carrier::plain, "/"};
    if (const auto& needs = self->result_.target.needs; needs && needs->http) place.path = needs->http->path;
    link->conversation = link->protocol.start(place);
    if (co_await self->connected(*link)) co_await self->converse(*link);
    link->is_over = true;
    close(*link);
    self->link_ended();
  }

  asio::awaitable<bool> connected(Link& link) {
    asio::error_code error;
    while (!is_over_) {
      link.socket.open(endpoint_.protocol(), error);
      if (!error || !is_shortage(error.value())) break;
      asio::steady_timer pause(loop_, shortage_pause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
    link.begin = Clock::now();
    if (!error && !is_over_) co_await link.socket.async_connect(endpoint_, asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      link.why = "cannot connect again: " + error.message();
    } else if (!is_over_ && is_self_connected(link.socket.native_handle())) {
      link.why = "only this machine's own connection met itself there";
    }
    link.connect_ms = ms_since(link.begin);
    link.asked = Clock::now();
    co_return !is_over_ && link.why.empty();
  }

  asio::awaitable<void> converse(Link& link) {
    Step step;
    if (link.protocol.carrier == Protocol::Carrier::plain)
      step = link.conversation->begin();
    else
      begin_tls(link);
    std::array<char, 16384> piece;
    while (true) {
      if (!co_await send(link, step)) break;
      if (is_decided(link, step)) co_return;
      if (std::exchange(step.next, Step::Next::listen) == Step::Next::start_tls) {
        step.send.clear();
        begin_tls(link);
        continue;
      }
      asio::error_code error;
      const std::size_t size =
          co_await link.socket.async_read_some(asio::buffer(piece), asio::redirect_error(asio::use_awaitable, error));
      if (error || is_over_) break;
      link.bytes += size;
      link.last_byte = Clock::now();
      if (link.bytes > most_probe_bytes) {
        link.why = "it sends without end";
        break;
      }
      step = take(link, {piece.data(), size});
    }
    if (!is_over_) ended(link);
  }

  asio::awaitable<bool> send(Link& link, const Step& step) {
    std::string bytes = step.send;
    if (link.tls) {
      link.tls->write(step.send);
      bytes = link.tls->take_to_send();
    }
    if (!step.send.empty()) {
      link.asked = Clock::now();
      link.first_byte_ms.reset();
    }
    asio::error_code error;
    if (!bytes.empty())
      co_await asio::async_write(link.socket, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
    co_return !error && !is_over_;
  }

  void begin_tls(Link& link) {
    const bool wants_h2 = link.protocol.carrier == Protocol::Carrier::tls_with_h2;
    const bool is_http = link.protocol.carrier == Protocol::Carrier::tls && link.protocol.name == "https";
    link.asked = Clock::now();
    link.tls = std::make_unique<TlsStream>(tls_client_, result_.target.host, wants_h2 ? "h2" : is_http ? "http/1.1" : "");
  }

  Step take(Link& link, std::string_view bytes) {
    if (!link.tls) return heard(link, bytes);
    const bool was_open = link.tls_ms.has_value();
    std::string text;
    const TlsStream::State state = link.tls->take(bytes, text);
    if (state == TlsStream::State::shaking_hands) return {};
    if (!was_open) {
      link.tls_ms = ms_since(link.asked);
      if (state == TlsStream::State::failed) return {Step::Next::not_mine, {}};
      close_others(link);
      Step step = is_upgraded(link) ? link.conversation->secured() : link.conversation->begin();
      if (text.empty() || step.next != Step::Next::listen) return step;
      Step next = heard(link, text);
      next.send.insert(0, step.send);
      return next;
    }
    if (!text.empty()) return heard(link, text);
    return state == TlsStream::State::open ? Step{} : link.conversation->ended();
  }

  static bool is_upgraded(const Link& link) { return link.protocol.carrier == Protocol::Carrier::plain; }

  Step heard(Link& link, std::string_view text) {
    if (!link.first_byte_ms) link.first_byte_ms = ms_since(link.asked);
    link.heard.append(text.substr(0, most_heard - std::min(link.heard.size(), most_heard)));
    return link.conversation->take(text);
  }

  // True if nothing more is to be said on this connection.
  bool is_decided(Link& link, const Step& step) {
    switch (step.next) {
      case Step::Next::listen:
        return false;
      case Step::Next::mine:
        if (!std::exchange(link.is_mine, true) && !may_be_refusal(link)) close_others(link);
        return false;
      case Step::Next::start_tls:
        link.is_mine = true;
        close_others(link);
        return false;
      case Step::Next::found:
        found(link);
        return true;
      default:
        gave_up(link);
        return true;
    }
  }

  // "400 The plain HTTP request was sent to HTTPS port": TLS may know better.
  [[nodiscard]] bool may_be_refusal(const Link& link) const {
    const auto& http = link.conversation->facts().http;
    if (link.tls || !http || http->status != 400) return false;
    return waits_for_tls();
  }

  // Perhaps on a connection that does not stand yet.
  [[nodiscard]] bool waits_for_tls() const {
    const auto begins_with_tls = [](const Protocol& protocol) { return protocol.carrier != Protocol::Carrier::plain; };
    return std::ranges::any_of(
               links_, [&](const LinkPtr& link) { return !link->is_over && (link->tls || begins_with_tls(link->protocol)); }) ||
           (!has_begun_later_ &&
            std::ranges::any_of(attempts_.later, [&](const Protocol* later) { return begins_with_tls(*later); }));
  }

  void close_others(const Link& but) {
    listening_.cancel();
    for (const LinkPtr& link : links_)
      if (link.get() != &but) close(*link);
  }

  void found(Link& link) {
    if (is_over_) return;
    Facts facts = facts_of(link);
    std::string body(link.conversation->body());
    if (may_be_refusal(link)) {
      second_best_.emplace(std::move(facts), std::move(body));
      return;
    }
    decide(std::move(facts), body);
  }

  static Facts facts_of(const Link& link) {
    Facts facts = link.conversation->facts();
    if (link.tls && link.tls->is_tls()) {
      facts.tls = link.tls->facts();
      facts.tls->handshake_ms = link.tls_ms;
      if (facts.tls->version.empty() && facts.tls->error.empty()) facts.tls->error = "it ended during the handshake";
      if (is_upgraded(link)) facts.tls->start_tls = facts.service.name;
      if (facts.service.name.empty()) facts.service.name = "tls";
    }
    if (facts.http) {
      facts.http->connect_ms = link.connect_ms;
      facts.http->tls_ms = link.tls_ms;
      facts.http->first_byte_ms = link.first_byte_ms.value_or(0);
      facts.http->total_ms = ms_since(link.begin);
    }
    return facts;
  }

  // The server closed, or said too much.
  void ended(Link& link) {
    if (link.conversation->ended().next == Step::Next::found) return found(link);
    gave_up(link);
  }

  // What it said is not what its conversation understands; perhaps it is known all the same.
  void gave_up(Link& link) {
    if (is_over_) return;
    if (link.tls && link.tls->is_tls()) {
      Facts facts = facts_of(link);
      if (facts.tls->version.empty() && link.protocol.name == "https") connect(grpc_over_tls());
      if (auto greeting = greeting_of(link.heard)) facts.service = std::move(greeting->service);
      if (facts.service.name == "tls" && !link.heard.empty()) facts.service.banner = words_of(link.heard, words_shown);
      second_best_.emplace(std::move(facts), std::string());
      return;
    }
    auto greeting = greeting_of(link.heard);
    if (!greeting) return;
    Facts facts;
    facts.service = std::move(greeting->service);
    const bool learns_more = std::ranges::any_of(links_, [&](const LinkPtr& other) {
      return other.get() != &link && !other->is_over && other->protocol.name == facts.service.name;
    });
    if (greeting->is_certain && !learns_more) return decide(std::move(facts), {});
    if (!second_best_) second_best_.emplace(std::move(facts), std::string());
  }

  void heard_nothing() {
    if (is_over_ || has_begun_later_) return;
    has_begun_later_ = true;
    for (const LinkPtr& link : links_) {
      if (link->is_over || !link->heard.empty() || !link->socket.is_open() || link->tls) continue;
      const Step step = link->conversation->quiet();
      if (step.send.empty()) continue;
      link->asked = Clock::now();
      const auto bytes = std::make_shared<std::string>(step.send);  // its coroutine only reads meanwhile
      asio::async_write(link->socket, asio::buffer(*bytes), [bytes](const asio::error_code&, std::size_t) {});
    }
    for (const Protocol* protocol : attempts_.later) connect(*protocol);
  }

  void link_ended() {
    if (is_over_) return;
    const auto is_alive = [](const LinkPtr& link) { return !link->is_over; };
    if (second_best_ && second_best_->first.http && !waits_for_tls()) return decide_without();
    if (std::ranges::any_of(links_, is_alive)) return;
    if (!has_begun_later_ && !attempts_.later.empty()) {
      listening_.cancel();
      return heard_nothing();
    }
    decide_without();
  }

  // Whoever was recognised, or is shaking hands, has time as long as it goes on speaking.
  void silent_for_long() {
    if (is_over_) return;
    Clock::time_point end = begin_;
    for (const LinkPtr& link : links_) {
      const bool goes_on = link->is_mine || (link->tls && link->tls->is_tls() && !link->tls_ms);
      if (!link->is_over && goes_on) end = std::max(end, link->last_byte + in_clock(limits_.silent_ms));
    }
    end = std::min(end, begin_ + in_clock(limits_.whole_ms));
    if (end <= Clock::now()) return time_is_over();
    deadline_.expires_at(end);
    deadline_.async_wait([self = shared_from_this()](const asio::error_code& error) {
      if (!error) self->silent_for_long();
    });
  }

  void time_is_over() {
    for (const LinkPtr& link : links_) {
      if (is_over_) return;
      if (!link->is_over && link->is_mine && link->conversation->ended().next == Step::Next::found) found(*link);
    }
    for (const LinkPtr& link : links_)
      if (!is_over_ && !link->is_over) gave_up_at_last(*link);
    if (!is_over_) decide_without();
  }

  void gave_up_at_last(Link& link) {
    if (link.tls && link.tls->is_tls()) {
      second_best_.emplace(facts_of(link), std::string());
    } else {
      gave_up(link);
    }
  }

  void decide_without() {
    if (second_best_) return decide(std::move(second_best_->first), second_best_->second);
    Facts facts;
    const auto speaker = std::ranges::find_if(links_, [](const LinkPtr& link) { return !link->heard.empty(); });
    const auto refused = std::ranges::find_if(links_, [](const LinkPtr& link) { return !link->why.empty(); });
    if (refused != links_.end() && (*refused)->heard.size() == most_heard) facts.service.detail = (*refused)->why;
    if (speaker != links_.end()) {
      facts.service.banner = words_of((*speaker)->heard, words_shown);
      if (facts.service.detail.empty()) facts.service.detail = "not recognised";
    } else if (std::ranges::all_of(links_, [](const LinkPtr& link) { return link->is_over; })) {
      facts.service.detail = refused != links_.end() ? (*refused)->why : "closes connections without a word";
    } else {
      facts.service.detail = "silent for " + std::to_string(static_cast<int>(limits_.silent_ms)) + " ms";
    }
    decide(std::move(facts), {});
  }

  void decide(Facts facts, std::string_view body) {
    if (const auto& needs = result_.target.needs) facts.unmet = unmet(*needs, facts, body);
    result_.facts = std::make_shared<const Facts>(std::move(facts));
    close();
  }

  asio::io_context& loop_;
  const TlsClient& tls_client_;
  ScanResult& result_;
  Attempts attempts_;
  Limits limits_;
  tcp::endpoint endpoint_;
  asio::steady_timer listening_;
  asio::steady_timer deadline_;
  Clock::time_point begin_;
  std::deque<LinkPtr> links_;
  std::optional<std::pair<Facts, std::string>> second_best_;  // with the body
  bool has_begun_later_ = false;
  bool is_over_ = false;
};

// What to try where: the probe that was asked for, else what the needs are about.
std::string_view probe_for(const ScanResult& result, std::string_view wanted) {
  if (result.state != State::open) return {};
  if (const auto& needs = result.target.needs; needs && !needs->empty()) {
    if (needs->http) return needs->tls_valid_days ? "https" : "http";
    return "tls";
  }
  return is_probe_name(result.target.probe) ? std::string_view(result.target.probe) : wanted;
}

class Prober {
 public:
  Prober(std::span<ScanResult> results, const ProbeOptions& options, const ScanOptions& scan, Job& job)
      : results_(results),
        options_(options),
        scan_(scan),
        job_(job),
        room_(std::clamp(static_cast<double>(spare_descriptors()), 32.0, most_connections)) {
    for (std::size_t i = 0; i < results.size(); ++i)
      if (!probe_for(results[i], options.name).empty()) waiting_.push_back(i);
  }

  void run() {
    if (waiting_.empty()) return;
    job_.begin("talking with services", waiting_.size(), "services");
    next_start_ = Clock::now();
    while ((!waiting_.empty() || !running_.empty()) && !job_.stopped()) {
      admit();
      loop_.restart();
      loop_.run_one_for(tick);
      loop_.poll();
      remove_those_over();
    }
    for (const Running& each : running_) each.visit->close();
    loop_.restart();
    loop_.poll();
  }

 private:
  struct Running {
    std::shared_ptr<Visit> visit;
    std::string host;
    bool is_near;
  };

  void admit() {
    std::size_t looked_at = 0;  // of those whose host is busy there may be many
    for (auto at = waiting_.begin(); at != waiting_.end() && Clock::now() >= next_start_ && ++looked_at < most_looked_at;) {
      ScanResult& result = results_[*at];
      const auto address = Address::from_text(result.address);
      std::string why = address ? std::string() : "has no address";
      if (address && scan_.forbids) why = scan_.forbids(*address);
      if (!why.empty()) {
        refuse(result, why);
        at = waiting_.erase(at);
        continue;
      }
      Attempts attempts = attempts_for(probe_for(result, options_.name), result.target.port);
      const std::size_t connections = attempts.first.size() + attempts.later.size();
      if (in_flight_ != 0 && static_cast<double>(in_flight_ + connections) > room_) return;
      const bool is_near = address->is_loopback() || address->is_private();
      std::size_t& of_host = of_host_[result.address];
      if (!is_near && of_host != 0 && of_host + connections > scan_.max_per_host) {
        ++at;
        continue;
      }
      of_host += connections;
      in_flight_ += connections;
      if (scan_.per_second > 0) next_start_ += in_clock(1000.0 * static_cast<double>(connections) / scan_.per_second);
      const double silent = patience_with(result, !attempts.later.empty());
      auto visit = std::make_shared<Visit>(loop_, tls_, result, address->with_port(result.target.port), std::move(attempts),
                                           Limits{silent, 1.0 * std::max(scan_.timeout_ms, 1) * probe_time_factor_in_all});
      running_.push_back({visit, result.address, is_near});
      visit->start();
      at = waiting_.erase(at);
    }
  }

  // Who is near answers soon, if it understands one of so many hellos.
  [[nodiscard]] double patience_with(const ScanResult& result, bool tries_all) const {
    const double whole = std::max(scan_.timeout_ms, 1);
    return tries_all ? std::min(whole, share_of_patience * whole + 20 * result.latency_ms.value_or(0)) : whole;
  }

  void refuse(ScanResult& result, const std::string& why) {
    Facts facts;
    facts.service.detail = why;
    if (result.target.needs) facts.unmet = unmet(*result.target.needs, facts, {});
    result.facts = std::make_shared<const Facts>(std::move(facts));
    job_.advance();
  }

  void remove_those_over() {
    std::erase_if(running_, [&](const Running& each) {
      if (!each.visit->is_over()) return false;
      in_flight_ -= each.visit->connections();
      of_host_[each.host] -= each.visit->connections();
      job_.advance();
      return true;
    });
  }

  std::span<ScanResult> results_;
  const ProbeOptions& options_;
  const ScanOptions& scan_;
  Job& job_;
  double room_;
  TlsClient tls_;
  asio::io_context loop_{1};
  std::deque<std::size_t> waiting_;
  std::vector<Running> running_;
  std::map<std::string, std::size_t> of_host_;  // connections
  std::size_t in_flight_ = 0;
  Clock::time_point next_start_;
};

}  // namespace

void probe(std::span<ScanResult> results, const ProbeOptions& options, const ScanOptions& scan, Job& job) {
  Prober(results, options, scan, job).run();
}

}  // namespace conclave::scan
