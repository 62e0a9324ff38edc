// TLS as a client that wants to know and not to be safe: every version, cipher and certificate is accepted and told. Bytes in,
// bytes out; no sockets. Nothing secret may be sent through it.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "engine/scan/probe/facts.h"

namespace conclave::scan {

// What all handshakes share: the certificates that this machine trusts (SSL_CERT_FILE and SSL_CERT_DIR of the environment are
// heard). One thread.
class TlsClient {
 public:
  TlsClient();  // its context is null if OpenSSL has no memory
  [[nodiscard]] SSL_CTX* context() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  std::unique_ptr<SSL_CTX, Free> context_;
};

class TlsStream {
 public:
  enum class State { shaking_hands, open, failed, closed };

  // `host`: name or address that the certificate must be for. `alpn`: the one protocol offered, or empty.
  TlsStream(const TlsClient& client, const std::string& host, std::string_view alpn);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Bytes of the server in; what it said, decrypted, is appended to `text`.
  State take(std::string_view bytes, std::string& text);
  void write(std::string_view text);         // once open
  [[nodiscard]] std::string take_to_send();  // bytes for the server

  // Whether the other side spoke TLS at all, be it only to refuse.
  [[nodiscard]] bool is_tls() const { return is_tls_; }
  // All that was learned, once open or failed.
  [[nodiscard]] Tls facts() const;

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  static int verified(int good, X509_STORE_CTX* store);
  State shake_hands();

  std::unique_ptr<SSL, Free> ssl_;
  BIO* in_ = nullptr;  // both owned by ssl_
  BIO* out_ = nullptr;
  State state_ = State::shaking_hands;
  bool is_tls_ = false;
  bool heard_ = false;
  std::set<std::string> flaws_;  // of the certificates
  std::string error_;
};

}  // namespace conclave::scan
