#include "engine/scan/probe/databases.h"

namespace conclave::scan {
namespace {

constexpr std::size_t most_info = 16 * 1024;

// https://redis.io/docs/latest/develop/reference/protocol-spec
class Redis final : public Conversation {
 public:
  Step begin() override { return {Step::Next::listen, "PING\r\n"}; }

  Step take(std::string_view bytes) override {
    heard_ += bytes;
    const std::size_t end = heard_.find("\r\n");
    if (end == std::string::npos) return {heard_.size() < 512 ? Step::Next::listen : Step::Next::not_mine, {}};
    const std::string line = heard_.substr(0, end);
    if (asked_info_) return info();
    facts_.service = {"redis", "Redis", {}, {}, {}};
    if (line == "+PONG") {
      heard_.erase(0, end + 2);
      asked_info_ = true;
      facts_.service.detail = "answers without a password";
      Step step{Step::Next::mine, "INFO server\r\n"};
      if (!heard_.empty()) step.next = info().next;
      return step;
    }
    if (line.starts_with("-NOAUTH") || line.starts_with("-ERR operation not permitted")) {
      facts_.service.detail = "asks for a password";
    } else if (line.starts_with("-DENIED") || line.starts_with("-LOADING") || line.starts_with("-MASTERDOWN") ||
               line.starts_with("-MISCONF")) {
      facts_.service.detail = words_of(line.substr(1));
    } else {
      return {Step::Next::not_mine, {}};
    }
    return {Step::Next::found, {}};
  }

  Step ended() override { return {asked_info_ ? Step::Next::found : Step::Next::not_mine, {}}; }

 private:
  Step info() {
    if (heard_[0] != '$') return {Step::Next::found, {}};  // forbidden, or something like Redis
    for (const auto& [key, product] : {std::pair{"\r\nvalkey_version:", "Valkey"}, std::pair{"\r\nredis_version:", "Redis"}}) {
      const std::size_t at = heard_.find(key);
      if (at == std::string::npos) continue;
      const std::size_t begin = at + std::string_view(key).size();
      const std::size_t end = heard_.find("\r\n", begin);
      if (end == std::string::npos) break;
      facts_.service.product = product;
      facts_.service.version = words_of(std::string_view(heard_).substr(begin, end - begin));
      return {Step::Next::found, {}};
    }
    return {heard_.size() < most_info ? Step::Next::mine : Step::Next::found, {}};
  }

  bool asked_info_ = false;
  std::string heard_;
};

// PostgreSQL manual, 55.2.10: one byte, S or N, and then TLS or nothing. More than one byte before TLS is not to be trusted.
class PostgreSql final : public Conversation {
 public:
  Step begin() override { return {Step::Next::listen, std::string("\0\0\0\x08\x04\xd2\x16\x2f", 8)}; }

  Step take(std::string_view bytes) override {
    if (bytes.empty()) return {};
    if (bytes.size() > 1 || (bytes[0] != 'S' && bytes[0] != 'N')) return error(bytes);
    facts_.service = {"postgresql", "PostgreSQL", {}, bytes[0] == 'S' ? "offers TLS" : "offers no TLS", {}};
    return {bytes[0] == 'S' ? Step::Next::start_tls : Step::Next::found, {}};
  }

 private:
  // Too many clients, or starting up: 'E', a length, and fields of which 'M' is the message (55.8).
  Step error(std::string_view bytes) {
    const std::size_t code = bytes.find(std::string_view("\0C", 2));
    const std::size_t message = bytes.find(std::string_view("\0M", 2));
    if (bytes[0] != 'E' || bytes.size() < 6 || bytes[5] != 'S' || code == std::string_view::npos ||
        message == std::string_view::npos)
      return {Step::Next::not_mine, {}};
    facts_.service = {"postgresql", "PostgreSQL", {}, {}, {}};
    facts_.service.detail = words_of(bytes.substr(message + 2, bytes.find('\0', message + 2) - message - 2));
    return {Step::Next::found, {}};
  }
};

}  // namespace

ConversationPtr talk_redis(const Place&) { return std::make_unique<Redis>(); }
ConversationPtr talk_postgresql(const Place&) { return std::make_unique<PostgreSql>(); }

}  // namespace conclave::scan
