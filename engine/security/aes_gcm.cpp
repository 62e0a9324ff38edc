#include "engine/security/aes_gcm.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>

namespace conclave::security {
namespace {

constexpr std::size_t longest_plaintext = (std::size_t{1} << 36U) - 32;  // SP 800-38D, 5.2.1.1
constexpr std::size_t piece_bytes = std::size_t{1} << 30U;               // OpenSSL counts in int

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(char* text) { return reinterpret_cast<unsigned char*>(text); }

tl::unexpected<Error> broken_library() { return fail(ErrorKind::security, "OpenSSL cannot do AES-256-GCM here"); }

// Looked up once: OpenSSL 3.0 takes a lock for each look-up, which threads would wait for. Never given back.
const EVP_CIPHER* aes_256_gcm() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return cipher;
}

class Cipher {
 public:
  Cipher(bool sealing, std::string_view key, std::string_view nonce) : context_(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free) {
    ok_ = context_ &&
          EVP_CipherInit_ex(context_.get(), aes_256_gcm(), nullptr, bytes_of(key), bytes_of(nonce), sealing ? 1 : 0) == 1;
  }
  // Authenticates only, if `out` is null.
  void update(std::string_view in, char* out) {
    while (ok_ && !in.empty()) {
      const std::string_view piece = in.substr(0, piece_bytes);
      int written = 0;
      ok_ = EVP_CipherUpdate(context_.get(), out == nullptr ? nullptr : bytes_of(out), &written, bytes_of(piece),
                             static_cast<int>(piece.size())) == 1;
      in.remove_prefix(piece.size());
      if (out != nullptr) out += piece.size();
    }
  }
  bool finish() {
    unsigned char nothing = 0;
    int written = 0;
    return ok_ && EVP_CipherFinal_ex(context_.get(), &nothing, &written) == 1;
  }
  void control(int what, char* tag) {
    ok_ = ok_ && EVP_CIPHER_CTX_ctrl(context_.get(), what, static_cast<int>(gcm_tag_bytes), tag) == 1;
  }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context_;
  bool ok_ = false;
};

}  // namespace

Result<void> gcm_seal(std::string_view key, std::string_view nonce, std::string_view header, std::string_view associated,
                      std::string_view plaintext, std::span<char> out) {
  if (plaintext.size() > longest_plaintext) return fail(ErrorKind::limit, "one message holds at most 64 GiB");
  Cipher cipher(true, key, nonce);
  cipher.update(header, nullptr);
  cipher.update(associated, nullptr);
  cipher.update(plaintext, out.data());
  if (!cipher.finish()) return broken_library();
  cipher.control(EVP_CTRL_AEAD_GET_TAG, out.data() + plaintext.size());
  if (!cipher.ok()) return broken_library();
  return {};
}

Result<void> gcm_open(std::string_view key, std::string_view nonce, std::string_view header, std::string_view associated,
                      std::string_view ciphertext, std::span<char> out) {
  const std::size_t size = ciphertext.size() - gcm_tag_bytes;
  Cipher cipher(false, key, nonce);
  cipher.update(header, nullptr);
  cipher.update(associated, nullptr);
  cipher.update(ciphertext.substr(0, size), out.data());
  std::string tag(ciphertext.substr(size));
  cipher.control(EVP_CTRL_AEAD_SET_TAG, tag.data());
  if (!cipher.ok()) return broken_library();
  if (cipher.finish()) return {};
  OPENSSL_cleanse(out.data(), out.size());
  return fail(ErrorKind::security,
              "the message was changed, or the key or the associated data is not the one it was sealed with");
}

}  // namespace conclave::security
