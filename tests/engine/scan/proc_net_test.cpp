#include "engine/scan/proc_net.h"

#include <gmock/gmock.h>

#include <set>

#include "engine/scan/scanner.h"
#include "tests/engine/scan/loopback.h"

namespace conclave::scan {
namespace {

std::vector<std::string> texts(std::string_view text, bool v6) {
  std::vector<std::string> out;
  for (const auto& [address, port] : parse_listening(text, v6)) out.push_back(address.text() + " " + std::to_string(port));
  return out;
}

TEST(ProcNet, ReadsListeningSocketsOnly) {
  EXPECT_THAT(texts("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
                    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1\n"
                    "   1: 0100007F:1F91 0100007F:A000 01 00000000:00000000 00:00000000 00000000     0        0 2\n"
                    "   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3\n",
                    false),
              ::testing::ElementsAre("127.0.0.1 8080", "0.0.0.0 22"));
}

TEST(ProcNet, ReadsIpv6AndAddressesMappedFromIpv4) {
  EXPECT_THAT(texts("   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0\n"
                    "   1: 00000000000000000000000001000000:01BB 00000000000000000000000000000000:0000 0A 0\n"
                    "   2: 0000000000000000FFFF00000100007F:1F90 00000000000000000000000000000000:0000 0A 0\n",
                    true),
              ::testing::ElementsAre(":: 80", "::1 443", "127.0.0.1 8080"));
}

TEST(ProcNet, PassesOverLinesOfAnotherForm) {
  EXPECT_THAT(texts("", false), ::testing::IsEmpty());
  EXPECT_THAT(
      texts("x\n0: zz:zz 0 0A\n0: 0100007F 0 0A\n0: 0100007F:FFFFF 0 0A\n0: 01:0016 0 0A\n0: 0100007F:0000 0 0A\n\xFF\x00",
            false),
      ::testing::IsEmpty());
}

TEST(ListeningSockets, FindsWhatListensHere) {
  const LoopbackSocket one;
  const LoopbackSocket everywhere("0.0.0.0");
  const LoopbackSocket silent("127.0.0.1", -1);
  const auto found = listening_sockets();
  ASSERT_TRUE(found) << found.error().text();
  std::set<std::pair<std::uint16_t, std::string>> places;
  std::set<std::string> names;
  for (const Target& target : *found) {
    EXPECT_TRUE(places.emplace(target.port, target.host).second) << target.name;
    EXPECT_TRUE(names.insert(target.name).second) << target.name;
  }
  EXPECT_TRUE(places.contains({one.port(), "127.0.0.1"}));
  EXPECT_TRUE(places.contains({everywhere.port(), "127.0.0.1"}));
  EXPECT_FALSE(places.contains({silent.port(), "127.0.0.1"}));
  EXPECT_TRUE(std::ranges::is_sorted(*found, {}, &Target::port));
}

}  // namespace
}  // namespace conclave::scan
