#include "engine/scan/probe/certificate.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <memory>

namespace conclave::scan {
namespace {

constexpr std::size_t most_names = 100;
constexpr std::size_t longest_name = 512;
constexpr TimeUs us_per_day = 86'400 * us_per_second;

std::string text_of(const X509_NAME* name) {
  const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), &BIO_free);
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB)) < 0)
    return {};
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return words_of({bytes, static_cast<std::size_t>(size)}, longest_name);
}

TimeUs time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return static_cast<TimeUs>(::timegm(&parts)) * us_per_second;
}

std::string sha256_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += "0123456789abcdef"[digest[i] >> 4];
    out += "0123456789abcdef"[digest[i] & 0xf];
  }
  return out;
}

std::string name_of(const GENERAL_NAME* name) {
  if (name->type == GEN_DNS)
    return words_of({reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                     static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))});
  if (name->type != GEN_IPADD) return {};
  const int size = ASN1_STRING_length(name->d.iPAddress);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (size != 4 && size != 16) return {};
  ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), text.data(), text.size());
  return text.data();
}

std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> out;
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)), &GENERAL_NAMES_free);
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()) && out.size() < most_names; ++i)
    if (std::string name = name_of(sk_GENERAL_NAME_value(names.get(), i)); !name.empty()) out.push_back(std::move(name));
  return out;
}

}  // namespace

Certificate certificate_of(X509* certificate) {
  return {text_of(X509_get_subject_name(certificate)), text_of(X509_get_issuer_name(certificate)),
          time_of(X509_get0_notBefore(certificate)), time_of(X509_get0_notAfter(certificate)), sha256_of(certificate)};
}

void describe_certificate(X509* certificate, Tls& to) {
  to.names = names_of(certificate);
  if (const EVP_PKEY* key = X509_get0_pubkey(certificate); key != nullptr) {
    const char* type = OBJ_nid2sn(EVP_PKEY_get_base_id(key));
    to.key = (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ? "RSA"
              : type == nullptr                         ? "unknown"
                                                        : std::string(type)) +
             " " + std::to_string(EVP_PKEY_get_bits(key));
  }
  if (const char* name = OBJ_nid2ln(X509_get_signature_nid(certificate)); name != nullptr) to.signature = name;
  const TimeUs left = time_of(X509_get0_notAfter(certificate)) - now_us();
  to.days_left = left / us_per_day - (left % us_per_day < 0 ? 1 : 0);
  ERR_clear_error();
}

}  // namespace conclave::scan
