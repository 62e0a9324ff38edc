#include "engine/security/secret.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <new>

namespace conclave::security {
namespace {

std::size_t whole_pages(std::size_t size) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return (size + page - 1) / page * page;
}

}  // namespace

Secret::Secret(std::size_t size) : size_(size) {
  if (size == 0) return;
  const std::size_t mapped = whole_pages(size);
  void* memory = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<char*>(memory);
  (void)::mlock(data_, mapped);
  (void)::madvise(data_, mapped, MADV_DONTDUMP);
}

Secret::Secret(std::string_view bytes) : Secret(bytes.size()) { std::copy(bytes.begin(), bytes.end(), data_); }

Secret::~Secret() {
  if (data_ == nullptr) return;
  OPENSSL_cleanse(data_, size_);
  ::munmap(data_, whole_pages(size_));
}

void wipe(std::string& text) {
  text.resize(text.capacity());  // also what a longer content left behind
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

Result<void> draw_random(std::span<char> bytes) {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) == 1) return {};
  return fail(ErrorKind::security, "the system has no random numbers to give");
}

}  // namespace conclave::security
