#include "engine/scan/probe/one_answer.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace conclave::scan {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t most_answer = 16 * 1024;

struct Reading {
  Step::Next next = Step::Next::listen;
  Service service = {};
};

class OneAnswer final : public Conversation {
 public:
  using Read = Reading (*)(std::string_view bytes);
  OneAnswer(std::string_view hello, Read read) : hello_(hello), read_(read) {}

  Step begin() override { return {Step::Next::listen, std::string(hello_)}; }
  Step take(std::string_view bytes) override {
    heard_ += bytes;
    Reading reading = read_(heard_);
    if (reading.next == Step::Next::found) facts_.service = std::move(reading.service);
    if (reading.next == Step::Next::listen && heard_.size() > most_answer) reading.next = Step::Next::not_mine;
    return {reading.next, {}};
  }

 private:
  std::string_view hello_;
  Read read_;
  std::string heard_;
};

// Whether there are too few bytes to say that they do not begin with `start`.
bool may_become(std::string_view bytes, std::string_view start) {
  return bytes.size() < start.size() && start.starts_with(bytes);
}

Reading read_memcached(std::string_view bytes) {
  constexpr std::string_view start = "VERSION ";
  if (may_become(bytes, start)) return {};
  const std::size_t end = bytes.find('\n');
  if (!bytes.starts_with(start) || (end == std::string_view::npos && bytes.size() > 256)) return {Step::Next::not_mine};
  if (end == std::string_view::npos) return {};
  return {Step::Next::found, {"memcached", "memcached", words_of(bytes.substr(start.size(), end - start.size())), {}, {}}};
}

// Requests and answers carry numbers; ours is 0xC07C. The answer's document is BSON, of which only the member sought is looked
// for.
constexpr std::string_view mongodb_hello =
    "\x34\0\0\0\x7c\xc0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0\x1f\0\0\0\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0"
    "admin\0\0"sv;
static_assert(mongodb_hello.size() == 0x34);

Reading read_mongodb(std::string_view bytes) {
  constexpr std::string_view to_us = "\x7c\xc0\0\0\xdd\x07\0\0"sv;
  if (bytes.size() < 16) return {};
  if (bytes.substr(8, 8) != to_us) return {Step::Next::not_mine};
  const auto size = static_cast<unsigned char>(bytes[0]) | static_cast<unsigned char>(bytes[1]) << 8;
  if (bytes[2] != 0 || bytes[3] != 0 || size < 26) return {Step::Next::not_mine};
  if (bytes.size() < static_cast<std::size_t>(size) && bytes.size() < most_answer) return {};
  Reading out{Step::Next::found, {"mongodb", "MongoDB", {}, {}, {}}};
  constexpr std::string_view wire = "\x10maxWireVersion\0"sv;
  if (const std::size_t at = bytes.find(wire); at != std::string_view::npos && at + wire.size() < bytes.size())
    out.service.detail = "wire version " + std::to_string(static_cast<unsigned char>(bytes[at + wire.size()]));
  return out;
}

// A long string of a field table: 'S', four bytes of length, text.
std::string amqp_text(std::string_view bytes, std::string_view name) {
  const std::size_t at = bytes.find(std::string(1, static_cast<char>(name.size())) + std::string(name) + "S");
  if (at == std::string_view::npos) return {};
  const std::size_t length = at + name.size() + 2;
  if (length + 4 > bytes.size() || bytes.substr(length, 3) != "\0\0\0"sv) return {};
  return words_of(bytes.substr(length + 4).substr(0, static_cast<unsigned char>(bytes[length + 3])));
}

constexpr std::string_view amqp_hello = "AMQP\0\0\x09\x01"sv;

Reading read_amqp(std::string_view bytes) {
  if (bytes.size() < 8) return {};
  if (bytes.starts_with("AMQP") && !bytes.starts_with(amqp_hello)) {
    Reading out{Step::Next::found, {"amqp", {}, {}, {}, {}}};
    for (const std::size_t at : {5, 6, 7})
      out.service.detail += (at == 5 ? "version " : "-") + std::to_string(static_cast<unsigned char>(bytes[at]));
    return out;
  }
  // A method frame (1) of channel 0, and then connection.start (10, 10).
  if (bytes.substr(0, 3) != "\x01\0\0"sv) return {Step::Next::not_mine};
  if (bytes.size() < 11) return {};
  if (bytes.substr(7, 4) != "\0\x0a\0\x0a"sv) return {Step::Next::not_mine};
  const std::size_t size = static_cast<unsigned char>(bytes[5]) << 8 | static_cast<unsigned char>(bytes[6]);
  if (bytes.size() < std::min(size + 8, most_answer)) return {};
  return {Step::Next::found, {"amqp", amqp_text(bytes, "product"), amqp_text(bytes, "version"), {}, {}}};
}

Reading read_mqtt(std::string_view bytes) {
  if (may_become(bytes, "\x20\x02"sv)) return {};
  if (!bytes.starts_with("\x20\x02"sv)) return {Step::Next::not_mine};
  if (bytes.size() < 4) return {};
  const auto code = static_cast<unsigned char>(bytes[3]);
  if (static_cast<unsigned char>(bytes[2]) > 1 || code > 5 || bytes.size() > 4) return {Step::Next::not_mine};
  return {Step::Next::found, {"mqtt", {}, {}, code == 0 ? "lets anybody in" : "refuses who has no name", {}}};
}

Reading read_zookeeper(std::string_view bytes) {
  if (may_become(bytes, "Zookeeper version: ")) return {};
  constexpr std::string_view refused = "srvr is not executed";
  if (may_become(bytes, refused)) return {};
  if (bytes.starts_with(refused)) return {Step::Next::found, {"zookeeper", "ZooKeeper", {}, {}, {}}};
  constexpr std::string_view start = "Zookeeper version: ";
  if (!bytes.starts_with(start)) return {Step::Next::not_mine};
  const std::size_t end = bytes.find_first_of("-,\n", start.size());
  if (end == std::string_view::npos) return {};
  return {Step::Next::found, {"zookeeper", "ZooKeeper", words_of(bytes.substr(start.size(), end - start.size())), {}, {}}};
}

}  // namespace

ConversationPtr talk_memcached(const Place&) { return std::make_unique<OneAnswer>("version\r\n"sv, &read_memcached); }
ConversationPtr talk_mongodb(const Place&) { return std::make_unique<OneAnswer>(mongodb_hello, &read_mongodb); }
ConversationPtr talk_amqp(const Place&) { return std::make_unique<OneAnswer>(amqp_hello, &read_amqp); }
ConversationPtr talk_mqtt(const Place&) {
  return std::make_unique<OneAnswer>("\x10\x0c\0\x04MQTT\x04\x02\0\x0a\0\0"sv, &read_mqtt);
}
ConversationPtr talk_zookeeper(const Place&) { return std::make_unique<OneAnswer>("srvr"sv, &read_zookeeper); }

}  // namespace conclave::scan
