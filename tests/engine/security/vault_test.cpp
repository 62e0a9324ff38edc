#include "engine/security/vault.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <type_traits>
#include <vector>

#include "engine/security/aes_gcm.h"
#include "engine/security/secret.h"

namespace conclave::security {
namespace {

std::string hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  return bytes;
}

const std::string key(32, 'k');

Vault vault_with(std::string_view bytes = key) { return std::move(*Vault::with_key(bytes)); }

// McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13 to 16 (AES-256); NIST's CAVP has the same for the first
// two. Key, nonce, associated data, plaintext, ciphertext, tag.
struct Known {
  const char* key;
  const char* nonce;
  const char* associated;
  const char* plaintext;
  const char* ciphertext;
  const char* tag;
};
constexpr const char* zeros = "0000000000000000000000000000000000000000000000000000000000000000";
constexpr const char* feff = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
const Known known_answers[] = {
    {zeros, "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {zeros, "000000000000000000000000", "", "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18",
     "d0d1c8a799996bf0265b98b5d48ab919"},
    {feff, "cafebabefacedbaddecaf888", "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aa"
     "fd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898"
     "015ad",
     "b094dac5d93471bdec1a502270e3cc6c"},
    {feff, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

TEST(AesGcm, gives_the_known_answers_of_its_specification) {
  for (const Known& known : known_answers) {
    const std::string plaintext = hex(known.plaintext);
    std::string sealed(plaintext.size() + gcm_tag_bytes, '\0');
    // The associated data in two parts is the same as in one.
    const std::string associated = hex(known.associated);
    const std::string_view first = std::string_view(associated).substr(0, associated.size() / 3);
    const std::string_view rest = std::string_view(associated).substr(associated.size() / 3);
    ASSERT_TRUE(gcm_seal(hex(known.key), hex(known.nonce), first, rest, plaintext, sealed));
    EXPECT_EQ(sealed, hex(known.ciphertext) + hex(known.tag));
    std::string opened(plaintext.size(), '\0');
    ASSERT_TRUE(gcm_open(hex(known.key), hex(known.nonce), first, rest, sealed, opened));
    EXPECT_EQ(opened, plaintext);
  }
}

TEST(AesGcm, gives_nothing_away_of_what_it_refuses) {
  const Known& known = known_answers[3];
  std::string sealed = hex(known.ciphertext) + hex(known.tag);
  sealed.back() = static_cast<char>(sealed.back() ^ 1);
  std::string opened(hex(known.plaintext).size(), '?');
  ASSERT_FALSE(gcm_open(hex(known.key), hex(known.nonce), "", hex(known.associated), sealed, opened));
  EXPECT_EQ(opened, std::string(opened.size(), '\0'));
}

TEST(Vault, opens_what_it_sealed_from_nothing_to_megabytes) {
  const Vault vault = vault_with();
  for (const std::size_t size : {0, 1, 15, 16, 17, 4096, 3'000'001}) {
    const std::string data(size, 'x');
    const auto sealed = vault.encrypt(data, "about");
    ASSERT_TRUE(sealed);
    EXPECT_EQ(sealed->size(), vault.sealed_bytes(size));
    EXPECT_EQ(vault.decrypt(*sealed, "about"), data);
  }
}

TEST(Vault, takes_only_keys_of_32_bytes) {
  for (const std::size_t size : {0, 16, 31, 33, 64}) {
    const auto vault = Vault::with_key(std::string(size, 'k'));
    ASSERT_FALSE(vault);
    EXPECT_EQ(vault.error().kind, ErrorKind::security);
    EXPECT_NE(vault.error().message.find("exactly 32 bytes, not " + std::to_string(size)), std::string::npos);
  }
}

TEST(Vault, refuses_a_message_of_which_any_byte_was_changed) {
  const Vault vault = vault_with();
  const auto sealed = vault.encrypt("a secret of some length", "name");
  ASSERT_TRUE(sealed);
  for (std::size_t i = 0; i < sealed->size(); ++i) {
    for (const int bit : {1, 2, 128}) {
      std::string changed = *sealed;
      changed[i] = static_cast<char>(changed[i] ^ bit);
      const auto opened = vault.decrypt(changed, "name");
      ASSERT_FALSE(opened) << "byte " << i;
      EXPECT_EQ(opened.error().kind, ErrorKind::security);
    }
  }
}

TEST(Vault, refuses_a_message_that_was_cut_or_lengthened) {
  const Vault vault = vault_with();
  const auto sealed = vault.encrypt("a secret");
  ASSERT_TRUE(sealed);
  for (std::size_t size = 0; size < sealed->size(); ++size) {
    const auto opened = vault.decrypt(sealed->substr(0, size));
    ASSERT_FALSE(opened) << size;
    EXPECT_EQ(opened.error().kind, ErrorKind::security);
  }
  EXPECT_FALSE(vault.decrypt(*sealed + '\0'));
}

TEST(Vault, refuses_another_key_and_other_associated_data) {
  const auto sealed = vault_with().encrypt("a secret", "OPENAI_API_KEY");
  ASSERT_TRUE(sealed);
  EXPECT_FALSE(vault_with(std::string(32, 'j')).decrypt(*sealed, "OPENAI_API_KEY"));
  EXPECT_FALSE(vault_with().decrypt(*sealed, "ANTHROPIC_API_KEY"));
  EXPECT_FALSE(vault_with().decrypt(*sealed));
  EXPECT_TRUE(vault_with().decrypt(*sealed, "OPENAI_API_KEY"));
}

TEST(Vault, never_seals_the_same_way_twice) {
  const Vault vault = vault_with();
  std::set<std::string> nonces;
  for (int i = 0; i < 2000; ++i) nonces.insert(vault.encrypt("same")->substr(1, gcm_nonce_bytes));
  EXPECT_EQ(nonces.size(), 2000U);
}

TEST(Vault, opens_again_with_the_passphrase_alone) {
  const auto first = Vault::from_passphrase("correct horse");
  ASSERT_TRUE(first);
  const auto second = Vault::from_passphrase("correct horse");
  ASSERT_TRUE(second);
  EXPECT_EQ(first->salt().size(), Vault::salt_bytes);
  EXPECT_NE(first->salt(), second->salt());
  const auto sealed = first->encrypt("a secret", "name");
  ASSERT_TRUE(sealed);
  EXPECT_EQ(Vault::salt_of(*sealed), first->salt());
  EXPECT_EQ(second->decrypt(*sealed, "name"), "a secret");
  const auto same = Vault::from_passphrase("correct horse", first->salt());
  ASSERT_TRUE(same);
  EXPECT_EQ(same->decrypt(*sealed, "name"), "a secret");
  EXPECT_FALSE(Vault::from_passphrase("wrong horse", first->salt())->decrypt(*sealed, "name"));
  EXPECT_FALSE(Vault::from_passphrase("wrong horse")->decrypt(*sealed, "name"));
}

TEST(Vault, says_which_kind_of_vault_a_message_is_of) {
  const auto other = Vault::from_passphrase("correct horse", std::string(16, 's'));
  ASSERT_TRUE(other);
  const auto by_passphrase = vault_with().decrypt(*other->encrypt("x"));
  ASSERT_FALSE(by_passphrase);
  EXPECT_NE(by_passphrase.error().message.find("with a passphrase"), std::string::npos);
  const auto by_key = other->decrypt(*vault_with().encrypt("x"));
  ASSERT_FALSE(by_key);
  EXPECT_NE(by_key.error().message.find("with a key"), std::string::npos);
  EXPECT_TRUE(vault_with().salt().empty());
}

TEST(Vault, refuses_a_changed_salt) {
  const auto vault = Vault::from_passphrase("correct horse", std::string(16, 's'));
  ASSERT_TRUE(vault);
  std::string sealed = *vault->encrypt("x");
  sealed[5] = 't';
  EXPECT_FALSE(vault->decrypt(sealed));
}

TEST(Vault, refuses_an_empty_passphrase_and_a_salt_of_another_size) {
  EXPECT_FALSE(Vault::from_passphrase(""));
  EXPECT_FALSE(Vault::from_passphrase("x", "short"));
}

TEST(Vault, derives_as_argon2id_with_the_parameters_of_the_rfc) {
  // From Debian's own tool: printf 'correct horse' | argon2 ssssssssssssssss -id -t 3 -k 65536 -p 4 -l 32 -r
  const std::string derived = hex("8296fea30ddee394ff6d51644a1ed5bafa45863df75ecf58a1213cb8744bdb4e");
  const auto vault = Vault::from_passphrase("correct horse", std::string(16, 's'));
  ASSERT_TRUE(vault);
  const std::string sealed = *vault->encrypt("x");
  const std::string_view message = sealed;
  std::string opened(1, '\0');
  EXPECT_TRUE(gcm_open(derived, message.substr(17, 12), message.substr(0, 17), "", message.substr(29), opened));
  EXPECT_EQ(opened, "x");
}

struct Batch {
  explicit Batch(const Vault& vault, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) data.push_back("message " + std::to_string(i) + std::string(i % 700, '.'));
    for (const std::string& one : data) sealed.emplace_back(vault.sealed_bytes(one.size()), '\0');
    for (const std::string& one : data) opened.emplace_back(one.size(), '\0');
    for (std::size_t i = 0; i < count; ++i) in.push_back({data[i], sealed[i]});
    for (std::size_t i = 0; i < count; ++i) out.push_back({sealed[i], opened[i]});
  }
  std::vector<std::string> data, sealed, opened;
  std::vector<Vault::Item> in, out;
};

TEST(Vault, seals_and_opens_many_at_once) {
  const Vault vault = vault_with();
  Batch batch(vault, 5000);
  Job job;
  ASSERT_TRUE(vault.encrypt_batch(batch.in, "all", job));
  EXPECT_EQ(job.progress().done, 5000U);
  EXPECT_EQ(vault.decrypt(batch.sealed[4321], "all"), batch.data[4321]);
  ASSERT_TRUE(vault.decrypt_batch(batch.out, "all", job));
  EXPECT_EQ(batch.opened, batch.data);
  EXPECT_TRUE(vault.encrypt_batch({}, "", job));
}

TEST(Vault, names_the_first_message_of_a_batch_that_does_not_open) {
  const Vault vault = vault_with();
  Batch batch(vault, 3000);
  Job job;
  ASSERT_TRUE(vault.encrypt_batch(batch.in, "", job));
  for (const std::size_t i : {1700, 900, 2900}) batch.sealed[i].back() = static_cast<char>(batch.sealed[i].back() ^ 1);
  const auto opened = vault.decrypt_batch(batch.out, "", job);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::security);
  EXPECT_EQ(opened.error().where, "message 900");
}

TEST(Vault, ends_a_batch_that_is_stopped) {
  const Vault vault = vault_with();
  Batch batch(vault, 100);
  Job job;
  job.request_stop();
  const auto sealed = vault.encrypt_batch(batch.in, "", job);
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().kind, ErrorKind::cancelled);
}

TEST(Vault, may_be_used_by_many_threads) {
  const auto vault = Vault::from_passphrase("correct horse", std::string(16, 's'));
  const auto other = Vault::from_passphrase("correct horse", std::string(16, 't'));
  ASSERT_TRUE(vault && other);
  const std::string sealed = *other->encrypt("x");
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) right += vault->decrypt(sealed) == "x" && vault->decrypt(*vault->encrypt("y")) == "y";
      });
    }
  }
  EXPECT_EQ(right, 200);
}

TEST(Vault, is_moved_and_never_copied) {
  static_assert(!std::is_copy_constructible_v<Vault> && !std::is_copy_assignable_v<Vault>);
  static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
  Vault first = vault_with();
  const std::string sealed = *first.encrypt("x");
  const Vault second = std::move(first);
  EXPECT_EQ(second.decrypt(sealed), "x");
}

}  // namespace
}  // namespace conclave::security
