#include "engine/scan/probe/dns.h"

#include <optional>

namespace conclave::scan {
namespace {

constexpr std::string_view question(
    "\xc0\x7c\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07version\x04"
    "bind\x00\x00\x10\x00\x03",
    30);
constexpr std::size_t head = 12;

unsigned two_bytes(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]) << 8 | static_cast<unsigned char>(bytes[at + 1]);
}

// Where the name at `at` ends; nothing if it does not. Pointers (RFC 1035, 4.1.4) are not followed.
std::optional<std::size_t> after_name(std::string_view message, std::size_t at) {
  while (at < message.size()) {
    const auto length = static_cast<unsigned char>(message[at]);
    if (length == 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    at += length + 1;
  }
  return std::nullopt;
}

// The text of the first answer, if that is a TXT record.
std::string text_of(std::string_view message) {
  std::size_t at = head;
  for (unsigned left = two_bytes(message, 4); left > 0; --left) {
    const auto end = after_name(message, at);
    if (!end) return {};
    at = *end + 4;
  }
  const auto record = after_name(message, at);
  if (two_bytes(message, 6) == 0 || !record || *record + 11 > message.size() || two_bytes(message, *record) != 16) return {};
  const std::size_t size = static_cast<unsigned char>(message[*record + 10]);
  return words_of(message.substr(*record + 11).substr(0, size));
}

class Dns final : public Conversation {
 public:
  Step begin() override {
    return {Step::Next::listen, std::string{'\0', static_cast<char>(question.size())} + std::string(question)};
  }

  Step take(std::string_view bytes) override {
    heard_ += bytes;
    if (heard_.size() < 2 + head) return {};
    const std::string_view message = std::string_view(heard_).substr(2);
    const bool is_answer = message.substr(0, 2) == question.substr(0, 2) && (static_cast<unsigned char>(message[2]) & 0x80) != 0;
    const unsigned size = two_bytes(heard_, 0);
    if (!is_answer || size < head || size > 4096) return {Step::Next::not_mine, {}};
    if (message.size() < size) return {Step::Next::mine, {}};
    const unsigned code = static_cast<unsigned char>(message[3]) & 0x0f;
    facts_.service = {"dns", {}, {}, {}, {}};
    if (code == 0)
      facts_.service.detail = text_of(message.substr(0, size));
    else if (code == 5)
      facts_.service.detail = "refuses to tell its version";
    return {Step::Next::found, {}};
  }

  Step ended() override { return {Step::Next::not_mine, {}}; }

 private:
  std::string heard_;
};

}  // namespace

ConversationPtr talk_dns(const Place&) { return std::make_unique<Dns>(); }

}  // namespace conclave::scan
