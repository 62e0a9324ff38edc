#include "engine/scan/probe/grpc.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "engine/scan/probe/http.h"

namespace conclave::scan {
namespace {

constexpr std::size_t most_data = 4096;
constexpr std::array<std::string_view, 4> states = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};

// A message of gRPC is a byte (compressed or not), four bytes of length and the protobuf, here {1: status}. SERVING is 1.
std::string health_of(std::string_view data) {
  if (data.size() < 5 || data[0] != 0) return {};
  const std::string_view message = data.substr(5);
  if (message.empty()) return std::string(states[0]);  // protobuf leaves out zero
  if (message.size() < 2 || message[0] != 0x08) return {};
  const auto state = static_cast<unsigned char>(message[1]);
  return state < states.size() ? std::string(states[state]) : std::string();
}

class Grpc final : public Conversation {
 public:
  explicit Grpc(Place place) : place_(std::move(place)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    if (nghttp2_session_callbacks_new(&callbacks) != 0) return;
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &on_frame);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &on_close);
    if (nghttp2_session_client_new(&session_, callbacks, this) != 0) session_ = nullptr;
    nghttp2_session_callbacks_del(callbacks);
  }
  ~Grpc() override { nghttp2_session_del(session_); }

  Step begin() override {
    if (session_ == nullptr) return {Step::Next::not_mine, {}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
    const std::string authority = authority_of(place_);
    const std::array<std::pair<std::string_view, std::string_view>, 7> wanted = {{{":method", "POST"},
                                                                                  {":scheme", place_.tls ? "https" : "http"},
                                                                                  {":path", "/grpc.health.v1.Health/Check"},
                                                                                  {":authority", authority},
                                                                                  {"content-type", "application/grpc"},
                                                                                  {"te", "trailers"},
                                                                                  {"user-agent", "conclave/" CONCLAVE_VERSION}}};
    std::array<nghttp2_nv, wanted.size()> headers{};
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto bytes = [](std::string_view text) { return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())); };
      headers[i] = {bytes(wanted[i].first), bytes(wanted[i].second), wanted[i].first.size(), wanted[i].second.size(),
                    NGHTTP2_NV_FLAG_NONE};
    }
    nghttp2_data_provider body{{.ptr = this}, &read_body};
    stream_ = nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(), &body, nullptr);
    return {Step::Next::listen, to_send()};
  }

  Step take(std::string_view bytes) override {
    const auto taken = nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (taken < 0) return ended();
    if (is_over_) return finish();
    return {is_http2_ ? Step::Next::mine : Step::Next::listen, to_send()};
  }

  Step ended() override { return is_http2_ ? finish() : Step{Step::Next::not_mine, {}}; }

 private:
  static Grpc& self(void* talk) { return *static_cast<Grpc*>(talk); }

  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* to, std::size_t size, std::uint32_t* flags,
                           nghttp2_data_source*, void*) {
    constexpr std::size_t empty_message = 5;
    if (size < empty_message) return NGHTTP2_ERR_CALLBACK_FAILURE;
    std::fill_n(to, empty_message, std::uint8_t{0});
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    return empty_message;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* talk) {
    if (frame->hd.type == NGHTTP2_SETTINGS) self(talk).is_http2_ = true;
    if (frame->hd.type == NGHTTP2_GOAWAY) self(talk).is_over_ = true;
    return 0;
  }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* talk) {
    Grpc& grpc = self(talk);
    if (frame->hd.stream_id != grpc.stream_) return 0;
    const std::string_view key(reinterpret_cast<const char*>(name), name_size);
    const std::string text = words_of({reinterpret_cast<const char*>(value), value_size});
    if (key == ":status") grpc.status_ = text;
    if (key == "server") grpc.server_ = text;
    if (key == "content-type") grpc.is_grpc_ = text.starts_with("application/grpc");
    if (key == "grpc-status") grpc.grpc_status_ = text;
    if (key == "grpc-message") grpc.grpc_message_ = text;
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data, std::size_t size,
                     void* talk) {
    Grpc& grpc = self(talk);
    if (stream == grpc.stream_ && grpc.data_.size() < most_data)
      grpc.data_.append(reinterpret_cast<const char*>(data), std::min(size, most_data - grpc.data_.size()));
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t, void* talk) {
    if (stream == self(talk).stream_) self(talk).is_over_ = true;
    return 0;
  }

  std::string to_send() {
    std::string out;
    const std::uint8_t* bytes = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &bytes)) > 0;)
      out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    return out;
  }

  Step finish() {
    facts_.service = {is_grpc_ ? "grpc" : "http2", server_, {}, {}, {}};
    std::string& detail = facts_.service.detail;
    if (!is_grpc_) {
      detail = status_.empty() ? "" : "status " + status_;
    } else if (grpc_status_ == "12") {
      detail = "has no health service";
    } else if (!grpc_status_.empty() && grpc_status_ != "0") {
      detail = "health: gRPC status " + grpc_status_ + (grpc_message_.empty() ? "" : " " + grpc_message_);
    } else if (const std::string health = health_of(data_); !health.empty()) {
      detail = health;
    }
    return {Step::Next::found, {}};
  }

  Place place_;
  nghttp2_session* session_ = nullptr;
  std::int32_t stream_ = 0;
  bool is_http2_ = false;
  bool is_grpc_ = false;
  bool is_over_ = false;
  std::string status_;
  std::string server_;
  std::string grpc_status_;
  std::string grpc_message_;
  std::string data_;
};

}  // namespace

ConversationPtr talk_grpc(const Place& place) { return std::make_unique<Grpc>(place); }

}  // namespace conclave::scan
