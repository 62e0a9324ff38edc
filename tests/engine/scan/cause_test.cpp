#include "engine/scan/cause.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/engine/scan/loopback.h"

namespace conclave::scan {
namespace {

TEST(Cause, TellsWhoSaidNo) {
  EXPECT_EQ(cause_of(ECONNREFUSED).state, State::closed);
  EXPECT_EQ(cause_of(EACCES).state, State::rejected);
  EXPECT_EQ(cause_of(ENOPROTOOPT).state, State::rejected);
  EXPECT_EQ(cause_of(ETIMEDOUT).state, State::filtered);
  EXPECT_EQ(cause_of(EHOSTUNREACH).state, State::unreachable);
  EXPECT_EQ(cause_of(ENETUNREACH).state, State::unreachable);
  EXPECT_EQ(cause_of(EINVAL).state, State::unreachable);
  EXPECT_EQ(cause_of(ENOTSOCK).state, State::local_error);
  EXPECT_EQ(cause_of(ECONNREFUSED).detail, "Connection refused");
}

TEST(Cause, AShortageOfThisMachineIsNeverAFinding) {
  for (const int os_error : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EAGAIN}) {
    EXPECT_TRUE(is_shortage(os_error)) << os_error;
    EXPECT_EQ(cause_of(os_error).state, State::local_error) << os_error;
  }
  EXPECT_FALSE(is_shortage(ECONNREFUSED));
}

TEST(SelfConnection, IsToldFromAConnectionToAnother) {
  const LoopbackSocket listener;
  const auto place = Address::from_text("127.0.0.1");
  const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const Address there = place->with_port(listener.port());
  ASSERT_EQ(::connect(other, there.raw(), there.size()), 0);
  EXPECT_FALSE(is_self_connected(other));
  ::close(other);

  const int self = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(self, place->raw(), place->size()), 0);
  EXPECT_FALSE(is_self_connected(self)) << "not connected at all";
  sockaddr_in own{};
  socklen_t size = sizeof own;
  ASSERT_EQ(::getsockname(self, reinterpret_cast<sockaddr*>(&own), &size), 0);
  ASSERT_EQ(::connect(self, reinterpret_cast<const sockaddr*>(&own), size), 0);
  EXPECT_TRUE(is_self_connected(self));
  ::close(self);
}

}  // namespace
}  // namespace conclave::scan
