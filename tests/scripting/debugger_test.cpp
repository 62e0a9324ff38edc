// A debugger attaches to the host. tests/app/cli/test_debugger.py debugs with one.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "tests/scripting/host_fixture.h"

namespace conclave::scripting {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class DebuggerTest : public HostTest {
 protected:
  static Result<std::string> listen(std::uint16_t port) {
    std::promise<Result<std::string>> told;
    auto waiting = told.get_future();
    host().listen_for_debugger(port, [&told](Result<std::string> address) { told.set_value(std::move(address)); });
    return waiting.get();
  }
  static int connected(std::uint16_t port) {
    const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return connection;
  }
};

TEST_F(DebuggerTest, OneMayAttachOnThisMachineAndTheAddressStays) {
  const auto address = listen(0);
  if (!address && address.error().message.find("needs debugpy") != std::string::npos) GTEST_SKIP() << address.error().message;
  ASSERT_TRUE(address.has_value()) << address.error().text();
  ASSERT_THAT(*address, StartsWith("127.0.0.1:"));
  EXPECT_EQ(listen(0).value(), *address);
  const int connection = connected(static_cast<std::uint16_t>(std::stoi(address->substr(address->find(':') + 1))));
  const std::string body = R"({"seq": 1, "type": "request", "command": "initialize", "arguments": {"adapterID": "test"}})";
  const std::string request = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  ASSERT_EQ(::write(connection, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  std::string answer;
  std::array<char, 4096> piece{};
  while (answer.find("\"initialize\"") == std::string::npos) {
    const ssize_t count = ::read(connection, piece.data(), piece.size());
    ASSERT_GT(count, 0) << answer;
    answer.append(piece.data(), static_cast<std::size_t>(count));
  }
  ::close(connection);
}

TEST_F(DebuggerTest, APortThatIsTakenIsSaid) {
  const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(taken, reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(taken, 1), 0);
  ASSERT_EQ(::getsockname(taken, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto refused = listen(ntohs(address.sin_port));
  ::close(taken);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(refused.error().message, HasSubstr("debug"));
}

}  // namespace
}  // namespace conclave::scripting
