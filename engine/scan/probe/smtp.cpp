#include "engine/scan/probe/smtp.h"

#include <algorithm>
#include <array>

namespace conclave::scan {
namespace {

constexpr std::size_t most_reply = 16 * 1024;

// A whole reply at the start of `text`: its size, or 0 while lines are missing. The last line has no hyphen after its code.
std::size_t reply_size(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) return 0;
    if (end - at < 4 || text[at + 3] != '-') return end + 1;
    at = end + 1;
  }
  return 0;
}

bool offers(std::string_view reply, std::string_view word) {
  std::string upper(reply);
  std::ranges::transform(upper, upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  const std::size_t at = upper.find(word);
  return at != std::string::npos && at > 0 && (upper[at - 1] == '-' || upper[at - 1] == ' ');
}

class Smtp final : public Conversation {
 public:
  explicit Smtp(bool secure) : secure_(secure) {}

  Step take(std::string_view bytes) override {
    heard_ += bytes;
    if (heard_.size() > most_reply) return is_mine_ ? Step{Step::Next::found, {}} : Step{Step::Next::not_mine, {}};
    const std::size_t size = reply_size(heard_);
    if (size == 0) return {is_mine_ ? Step::Next::mine : Step::Next::listen, {}};
    const std::string reply = heard_.substr(0, size);
    heard_.clear();  // what a server says before it is asked is not believed, least of all before TLS begins
    return answer(reply);
  }
  Step secured() override {
    facts_.service.detail = "offers STARTTLS";
    return {Step::Next::found, "QUIT\r\n"};
  }
  Step ended() override { return {is_mine_ ? Step::Next::found : Step::Next::not_mine, {}}; }

 private:
  enum class Asked { nothing, hello, start_tls };

  Step answer(const std::string& reply) {
    switch (asked_) {
      case Asked::nothing:
        if (!reply.starts_with("220")) return {Step::Next::not_mine, {}};
        is_mine_ = true;
        facts_.service = smtp_service(reply);
        asked_ = Asked::hello;
        return {Step::Next::mine, "EHLO conclave.invalid\r\n"};
      case Asked::hello:
        if (!reply.starts_with("250") || !offers(reply, "STARTTLS") || secure_) {
          facts_.service.detail = reply.starts_with("250") ? "offers no STARTTLS" : "refuses EHLO: " + words_of(reply);
          if (secure_) facts_.service.detail.clear();
          return {Step::Next::found, "QUIT\r\n"};
        }
        asked_ = Asked::start_tls;
        return {Step::Next::mine, "STARTTLS\r\n"};
      default:
        if (reply.starts_with("220")) return {Step::Next::start_tls, {}};
        facts_.service.detail = "refuses STARTTLS: " + words_of(reply);
        return {Step::Next::found, "QUIT\r\n"};
    }
  }

  bool secure_;
  bool is_mine_ = false;
  Asked asked_ = Asked::nothing;
  std::string heard_;
};

}  // namespace

bool is_smtp_greeting(std::string_view bytes) {
  if (!bytes.starts_with("220") || bytes.find('\n') == std::string_view::npos) return false;
  const std::string_view line = bytes.substr(0, bytes.find('\n'));
  return line.find("SMTP") != std::string_view::npos || line.find("Postfix") != std::string_view::npos;
}

Service smtp_service(std::string_view greeting) {
  const std::string_view line = greeting.substr(0, greeting.find('\n'));
  Service service{"smtp", {}, {}, {}, words_of(line)};
  constexpr std::array<std::string_view, 6> makers = {"Postfix", "Exim", "Sendmail", "OpenSMTPD", "Haraka", "Microsoft ESMTP"};
  for (const std::string_view maker : makers) {
    const std::size_t at = line.find(maker);
    if (at == std::string_view::npos) continue;
    service.product = std::string(maker);
    std::string_view rest = line.substr(at + maker.size());
    if (rest.size() > 1 && (rest[0] == ' ' || rest[0] == '/') && rest[1] >= '0' && rest[1] <= '9')
      service.version = words_of(rest.substr(1, rest.find_first_of(" ;\r", 1) - 1));
    break;
  }
  return service;
}

ConversationPtr talk_smtp(const Place& place) { return std::make_unique<Smtp>(place.tls); }

}  // namespace conclave::scan
