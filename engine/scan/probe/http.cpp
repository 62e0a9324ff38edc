#include "engine/scan/probe/http.h"

#include <http_parser.h>

#include <algorithm>
#include <utility>

#include "engine/scan/probe/greeting.h"

namespace conclave::scan {
namespace {

constexpr std::size_t most_of_a_header = 1024;
constexpr std::size_t most_headers = std::size_t{64} * 1024;
constexpr int most_interim = 8;  // answers 1xx before the real one

bool equals(std::string_view name, std::string_view lower) {
  return std::ranges::equal(name, lower, {}, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
}

class HttpTalk final : public Conversation {
 public:
  explicit HttpTalk(const Place& place) : place_(place) {
    http_parser_init(&parser_, HTTP_RESPONSE);
    parser_.data = this;
    parser_.lenient_http_headers = 1;  // what is told of a header is cleaned by words_of()
  }

  Step begin() override {
    return {Step::Next::listen, "GET " + place_.path + " HTTP/1.1\r\nHost: " + authority_of(place_) +
                                    "\r\nUser-Agent: conclave/" CONCLAVE_VERSION
                                    "\r\nAccept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"};
  }

  Step take(std::string_view bytes) override {
    if (!has_headers_ && (header_bytes_ += bytes.size()) > most_headers) return stop("its headers are larger than 64 KiB");
    http_parser_execute(&parser_, &callbacks(), bytes.data(), bytes.size());
    if (is_complete_) return finish();
    if (HTTP_PARSER_ERRNO(&parser_) != HPE_OK)
      return stop(std::string("its answer is broken: ") + http_errno_description(HTTP_PARSER_ERRNO(&parser_)));
    return {has_headers_ ? Step::Next::mine : Step::Next::listen, {}};
  }

  Step ended() override {
    if (!has_headers_) return stop("it ended before its headers did");
    http_parser_execute(&parser_, &callbacks(), nullptr, 0);
    if (!is_complete_) facts_.http->truncated = true;
    return finish();
  }

  [[nodiscard]] std::string_view body() const override { return body_; }

 private:
  static HttpTalk& self(http_parser* parser) { return *static_cast<HttpTalk*>(parser->data); }

  static const http_parser_settings& callbacks() {
    static const http_parser_settings settings = [] {
      http_parser_settings out;
      http_parser_settings_init(&out);
      out.on_status = [](http_parser* parser, const char* at, std::size_t size) {
        HttpTalk& talk = self(parser);
        talk.append(talk.reason_, {at, size});
        return 0;
      };
      out.on_header_field = [](http_parser* parser, const char* at, std::size_t size) {
        HttpTalk& talk = self(parser);
        if (std::exchange(talk.in_value_, false)) talk.keep_header();
        talk.append(talk.field_, {at, size});
        return 0;
      };
      out.on_header_value = [](http_parser* parser, const char* at, std::size_t size) {
        HttpTalk& talk = self(parser);
        talk.in_value_ = true;
        talk.append(talk.value_, {at, size});
        return 0;
      };
      out.on_headers_complete = [](http_parser* parser) { return self(parser).headers_complete(); };
      out.on_body = [](http_parser* parser, const char* at, std::size_t size) { return self(parser).add_body({at, size}); };
      out.on_message_complete = [](http_parser* parser) {
        HttpTalk& talk = self(parser);
        if (!talk.has_headers_) return 0;  // an interim answer
        talk.is_complete_ = true;
        http_parser_pause(parser, 1);
        return 0;
      };
      return out;
    }();
    return settings;
  }

  static void append(std::string& to, std::string_view more) {
    to.append(more.substr(0, most_of_a_header - std::min(most_of_a_header, to.size())));
  }

  void keep_header() {
    if (equals(field_, "server")) server_ = value_;
    if (equals(field_, "location")) location_ = value_;
    if (equals(field_, "content-type")) content_type_ = value_;
    field_.clear();
    value_.clear();
  }

  int headers_complete() {
    if (std::exchange(in_value_, false)) keep_header();
    if (parser_.status_code < 200 && parser_.status_code != 101) {
      reason_.clear();
      return ++interim_ > most_interim ? -1 : 0;
    }
    has_headers_ = true;
    make_facts();
    return parser_.status_code == 101 ? 2 : 0;  // 2: no body follows
  }

  void make_facts() {
    Http& http = facts_.http.emplace();
    http.scheme = place_.tls ? "https" : "http";
    http.path = place_.path;
    http.status = static_cast<int>(parser_.status_code);
    http.version = std::to_string(parser_.http_major) + "." + std::to_string(parser_.http_minor);
    http.reason = words_of(reason_);
    http.server = words_of(server_);
    http.content_type = words_of(content_type_);
    if (http.status >= 300 && http.status < 400) http.redirect = words_of(location_, most_of_a_header);
    facts_.service.name = "http";
    name_product(facts_.service, http.server, "/");
  }

  int add_body(std::string_view bytes) {
    const std::size_t room = most_http_body - body_.size();
    body_ += bytes.substr(0, room);
    if (bytes.size() <= room) return 0;
    facts_.http->truncated = true;
    is_complete_ = true;
    return -1;
  }

  Step finish() {
    facts_.http->body_bytes = body_.size();
    return {Step::Next::found, {}};
  }

  // It is HTTP if there was a status line.
  Step stop(std::string why) {
    if (parser_.status_code < 100) return {Step::Next::not_mine, {}};
    if (!has_headers_) make_facts();
    facts_.http->error = std::move(why);
    facts_.http->truncated = true;
    return finish();
  }

  Place place_;
  http_parser parser_{};
  std::string reason_;
  std::string field_;
  std::string value_;
  std::string server_;
  std::string location_;
  std::string content_type_;
  std::string body_;
  std::size_t header_bytes_ = 0;
  int interim_ = 0;
  bool in_value_ = false;
  bool has_headers_ = false;
  bool is_complete_ = false;
};

}  // namespace

ConversationPtr talk_http(const Place& place) { return std::make_unique<HttpTalk>(place); }

std::string authority_of(const Place& place) {
  std::string host = place.host.substr(0, place.host.find('%'));  // without the zone of a link-local address
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return place.port == (place.tls ? 443 : 80) ? host : host + ":" + std::to_string(place.port);
}

}  // namespace conclave::scan
