#include "engine/scan/probe/tls_stream.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>

#include "engine/scan/address.h"
#include "engine/scan/probe/certificate.h"

namespace conclave::scan {
namespace {

constexpr int security_level = 2;  // of OpenSSL: what weaker keys and digests are counts against a certificate
constexpr std::size_t most_chain = 10;

// Of the newest error, and none is left.
std::string openssl_error() {
  std::string out;
  while (const unsigned long code = ERR_get_error()) {
    const char* words = ERR_reason_error_string(code);
    out = words == nullptr ? "error " + std::to_string(ERR_GET_REASON(code)) : words;
  }
  return out.empty() ? "the connection ended" : out;
}

}  // namespace

TlsClient::TlsClient() : context_(SSL_CTX_new(TLS_client_method())) {
  if (!context_) return;
  SSL_CTX_set_security_level(context_.get(), 0);
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
  SSL_CTX_set_cipher_list(context_.get(), "ALL:@SECLEVEL=0");
  SSL_CTX_set_options(context_.get(), SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_default_verify_paths(context_.get());
  ERR_clear_error();
}

TlsStream::TlsStream(const TlsClient& client, const std::string& host, std::string_view alpn)
    : ssl_(client.context() == nullptr ? nullptr : SSL_new(client.context())) {
  in_ = BIO_new(BIO_s_mem());
  out_ = BIO_new(BIO_s_mem());
  if (!ssl_ || in_ == nullptr || out_ == nullptr) {
    BIO_free(in_);
    BIO_free(out_);
    state_ = State::failed;
    error_ = "no memory for TLS";
    return;
  }
  BIO_set_mem_eof_return(in_, -1);
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_connect_state(ssl_.get());
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, &verified);
  X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl_.get());
  X509_VERIFY_PARAM_set_auth_level(wanted, security_level);
  if (Address::from_text(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(wanted, host.substr(0, host.find('%')).c_str());
  } else {
    SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
    X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), host.size());
  }
  if (!alpn.empty()) {
    std::string wire(1, static_cast<char>(alpn.size()));
    wire += alpn;
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(wire.data()), static_cast<unsigned>(wire.size()));
  }
  shake_hands();
}

int TlsStream::verified(int good, X509_STORE_CTX* store) {
  const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* stream = static_cast<TlsStream*>(SSL_get_app_data(ssl));
  if (good == 0) stream->flaws_.insert(X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
  return 1;
}

TlsStream::State TlsStream::shake_hands() {
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) {
    state_ = State::open;
  } else if (const int why = SSL_get_error(ssl_.get(), done); why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
    state_ = State::failed;
    error_ = openssl_error();
  }
  return state_;
}

TlsStream::State TlsStream::take(std::string_view bytes, std::string& text) {
  if (state_ == State::failed || state_ == State::closed || bytes.empty()) return state_;
  // A record of a handshake or an alert, of SSL 3 or later.
  if (!std::exchange(heard_, true)) is_tls_ = bytes.size() >= 2 && (bytes[0] == 0x16 || bytes[0] == 0x15) && bytes[1] == 0x03;
  BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
  if (state_ == State::shaking_hands && shake_hands() != State::open) return state_;
  std::array<char, 16384> piece;
  ERR_clear_error();
  while (true) {
    const int size = SSL_read(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
    if (size > 0) {
      text.append(piece.data(), static_cast<std::size_t>(size));
      continue;
    }
    const int why = SSL_get_error(ssl_.get(), size);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return state_;
    error_ = why == SSL_ERROR_ZERO_RETURN ? std::string() : openssl_error();
    return state_ = State::closed;
  }
}

void TlsStream::write(std::string_view text) {
  if (state_ == State::open && !text.empty()) SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
}

std::string TlsStream::take_to_send() {
  if (!ssl_) return {};
  std::string out(BIO_ctrl_pending(out_), '\0');
  const int size = out.empty() ? 0 : BIO_read(out_, out.data(), static_cast<int>(out.size()));
  out.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return out;
}

Tls TlsStream::facts() const {
  Tls out;
  out.error = error_;
  if (!ssl_) return out;
  if (state_ == State::open || state_ == State::closed) {
    out.version = SSL_get_version(ssl_.get());
    out.cipher = SSL_get_cipher_name(ssl_.get());
    const unsigned char* alpn = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &alpn, &size);
    if (alpn != nullptr) out.alpn = words_of({reinterpret_cast<const char*>(alpn), size});
  }
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl_.get());
  for (int i = 0; i < sk_X509_num(chain) && out.chain.size() < most_chain; ++i)
    out.chain.push_back(certificate_of(sk_X509_value(chain, i)));
  if (X509* own = SSL_get0_peer_certificate(ssl_.get()); own != nullptr) {
    describe_certificate(own, out);
    out.verified = flaws_.empty() && SSL_get_verify_result(ssl_.get()) == X509_V_OK;
  } else if (state_ != State::failed) {
    out.verify_error = "the server showed no certificate";
  }
  for (const std::string& flaw : flaws_) out.verify_error += (out.verify_error.empty() ? "" : "; ") + flaw;
  return out;
}

}  // namespace conclave::scan
