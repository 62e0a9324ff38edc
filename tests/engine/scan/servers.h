// Servers of the test's own process, to be talked with: plain and with TLS, polite and hostile.
#pragma once

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/engine/scan/loopback.h"

namespace conclave::scan {

// One accepted connection. Reads and writes block, and end at once when the server is closed.
class Peer {
 public:
  explicit Peer(int file, SSL* tls = nullptr) : file_(file), tls_(tls) {}
  // What came; empty once the other side has closed.
  std::string read() {
    std::string bytes(4096, '\0');
    const auto size = tls_ != nullptr ? SSL_read(tls_, bytes.data(), static_cast<int>(bytes.size()))
                                      : static_cast<int>(::recv(file_, bytes.data(), bytes.size(), 0));
    bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return bytes;
  }
  bool write(std::string_view bytes) {
    if (tls_ != nullptr) return SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size())) > 0;
    return ::send(file_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  [[nodiscard]] int file() const { return file_; }

 private:
  int file_;
  SSL* tls_;
};

// Accepts on a thread of its own and talks on a thread for each connection.
class Server {
 public:
  using Talk = std::function<void(Peer&)>;
  explicit Server(Talk talk) : talk_(std::move(talk)), accepting_([this] { accept(); }) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    is_closed_ = true;
    ::shutdown(listener_.file(), SHUT_RDWR);
    accepting_.join();
    for (const int file : files_) ::shutdown(file, SHUT_RDWR);
    for (std::thread& each : talking_) each.join();
    for (const int file : files_) ::close(file);
  }
  [[nodiscard]] std::uint16_t port() const { return listener_.port(); }
  [[nodiscard]] bool is_closed() const { return is_closed_; }
  [[nodiscard]] int accepted() const { return accepted_; }

 private:
  void accept() {
    while (true) {
      const int file = ::accept4(listener_.file(), nullptr, nullptr, SOCK_CLOEXEC);
      if (file < 0) return;
      ++accepted_;
      files_.push_back(file);
      talking_.emplace_back([this, file] {
        Peer peer(file);
        talk_(peer);
        ::shutdown(file, SHUT_RDWR);
      });
    }
  }

  LoopbackSocket listener_;
  Talk talk_;
  std::vector<int> files_;
  std::vector<std::thread> talking_;
  std::atomic<bool> is_closed_{false};
  std::atomic<int> accepted_{0};
  std::thread accepting_;
};

// A certificate that signs itself, for 127.0.0.1 and localhost.
class OwnCertificate {
 public:
  explicit OwnCertificate(int days_until_end, bool for_this_host = true)
      : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}), &EVP_PKEY_free),
        certificate_(X509_new(), &X509_free) {
    X509* certificate = certificate_.get();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    constexpr long day = 86'400;
    X509_gmtime_adj(X509_getm_notBefore(certificate), -100 * day);
    X509_gmtime_adj(X509_getm_notAfter(certificate), days_until_end * day + 3600);
    X509_set_pubkey(certificate, key_.get());
    X509_NAME* name = X509_get_subject_name(certificate);
    const std::string words = "Tests of a scan";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(words.data()), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    const char* names = for_this_host ? "DNS:localhost,IP:127.0.0.1" : "DNS:elsewhere.test";
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate, key_.get(), EVP_sha256());
  }

  // `alpn`: the only protocol accepted, or empty.
  [[nodiscard]] std::shared_ptr<SSL_CTX> context(std::string alpn = {}) {
    const std::shared_ptr<SSL_CTX> out(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
    SSL_CTX_use_certificate(out.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(out.get(), key_.get());
    if (alpn.empty()) return out;
    alpn_ = std::string(1, static_cast<char>(alpn.size())) + alpn;
    SSL_CTX_set_alpn_select_cb(
        out.get(),
        [](SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered, unsigned length, void* own) {
          const auto& wanted = *static_cast<std::string*>(own);
          unsigned char* found = nullptr;
          const int outcome = SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(wanted.data()),
                                                    static_cast<unsigned>(wanted.size()), offered, length);
          *chosen = found;
          return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
        },
        &alpn_);
    return out;
  }
  void write_to(const std::string& path) const {
    FILE* file = std::fopen(path.c_str(), "we");
    PEM_write_X509(file, certificate_.get());
    std::fclose(file);
  }

 private:
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
  std::unique_ptr<X509, void (*)(X509*)> certificate_;
  std::string alpn_;
};

// Goes on with TLS on a connection, and then with `talk` if the other side agreed.
inline void with_tls(const std::shared_ptr<SSL_CTX>& context, Peer& peer, const Server::Talk& talk) {
  const std::unique_ptr<SSL, void (*)(SSL*)> tls(SSL_new(context.get()), &SSL_free);
  SSL_set_fd(tls.get(), peer.file());
  if (SSL_accept(tls.get()) != 1) return;
  Peer encrypted(peer.file(), tls.get());
  talk(encrypted);
  SSL_shutdown(tls.get());
}

}  // namespace conclave::scan
