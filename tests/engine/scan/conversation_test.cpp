// Protocols over bytes, without sockets.
#include "engine/scan/probe/conversation.h"

#include <gmock/gmock.h>

#include "engine/scan/probe/databases.h"
#include "engine/scan/probe/dns.h"
#include "engine/scan/probe/greeting.h"
#include "engine/scan/probe/grpc.h"
#include "engine/scan/probe/http.h"
#include "engine/scan/probe/json_path.h"
#include "engine/scan/probe/one_answer.h"
#include "engine/scan/probe/protocols.h"
#include "engine/scan/probe/smtp.h"

namespace conclave::scan {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Next = Step::Next;
using namespace std::string_literals;

Place place() { return {"127.0.0.1", 8080, false, "/"}; }

// Whatever the pieces in which the bytes come.
Facts told(ConversationPtr (*start)(const Place&), const std::string& answer, bool ends = false) {
  const auto whole = start(place());
  static_cast<void>(whole->begin());
  Step step = whole->take(answer);
  if (ends && step.next != Next::found) step = whole->ended();
  EXPECT_EQ(step.next, Next::found) << answer;
  const auto pieces = start(place());
  static_cast<void>(pieces->begin());
  step = {};
  for (std::size_t i = 0; i < answer.size() && step.next != Next::found; ++i) step = pieces->take(answer.substr(i, 1));
  if (ends && step.next != Next::found) step = pieces->ended();
  EXPECT_EQ(step.next, Next::found) << answer;
  EXPECT_EQ(to_json(pieces->facts().service), to_json(whole->facts().service));
  return whole->facts();
}

Service greeted(std::string_view bytes) {
  const auto greeting = greeting_of(bytes);
  return greeting ? greeting->service : Service{};
}

TEST(Greeting, NamesServicesByTheirFirstWords) {
  const Service ssh = greeted("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n");
  EXPECT_EQ(ssh.name + " " + ssh.product + " " + ssh.version, "ssh OpenSSH 9.2p1");
  EXPECT_EQ(greeted("Have a nice day\r\nSSH-2.0-dropbear_2022.83\r\n").product, "dropbear");
  EXPECT_EQ(greeted("220 (vsFTPd 3.0.3)\r\n").version, "3.0.3");
  EXPECT_EQ(greeted("220 mail.example ESMTP Exim 4.96 Tue\r\n").version, "4.96");
  EXPECT_EQ(greeted("+OK Dovecot ready.\r\n").name, "pop3");
  EXPECT_EQ(greeted("* OK [CAPABILITY IMAP4rev1] ready\r\n").name, "imap");
  EXPECT_EQ(greeted("RFB 003.008\n").detail, "protocol 003.008");
  EXPECT_EQ(greeted("@RSYNCD: 31.0\n").name, "rsync");
  EXPECT_EQ(greeted("INFO {\"server_id\":\"x\",\"version\":\"2.9.1\"} \r\n").version, "2.9.1");
  EXPECT_EQ(greeted("\xff\xfd\x18\xff\xfd\x20").name, "telnet");
  EXPECT_EQ(greeted("J\0\0\0\n8.0.35-0ubuntu0.22.04.1\0"s + std::string(60, 'x')).version, "8.0.35-0ubuntu0.22.04.1");
  const Service maria = greeted("Y\0\0\0\n5.5.5-10.11.6-MariaDB-0+deb12u1\0"s + std::string(60, 'x'));
  EXPECT_EQ(maria.product + " " + maria.version, "MariaDB 10.11.6");
  EXPECT_THAT(greeted("E\0\0\0\xffj\x04Host '10.0.0.1' is not allowed to connect to this MariaDB server"s).detail,
              HasSubstr("not allowed"));
}

TEST(Greeting, IsNothingForWhatIsUnknownOrCut) {
  for (const std::string& bytes : {""s, "S"s, "SSH-2.0-OpenSSH"s, "220"s, "220 hello\r\n"s, "J\0\0\0\n"s, "RFB 1"s,
                                   std::string(5000, '\0'), std::string(5000, '\xff').replace(1, 1, "x"), "INFO {\r\n"s})
    EXPECT_FALSE(greeting_of(bytes)) << bytes.substr(0, 20);
  // What is an answer to what somebody else asked.
  EXPECT_FALSE(greeting_of("HTTP/1.1 400 Bad Request\r\n\r\n")->is_certain);
  EXPECT_FALSE(greeting_of("-ERR unknown command 'version'\r\n")->is_certain);
}

TEST(Redis, TellsVersionOrThatItAsksForAPassword) {
  const Facts open = told(&talk_redis, "+PONG\r\n$40\r\n# Server\r\nredis_version:7.0.15\r\nredis_git:0\r\n");
  EXPECT_EQ(open.service.version, "7.0.15");
  EXPECT_EQ(open.service.detail, "answers without a password");
  EXPECT_EQ(told(&talk_redis, "-NOAUTH Authentication required.\r\n").service.detail, "asks for a password");
  EXPECT_EQ(told(&talk_redis, "+PONG\r\n-NOPERM\r\n").service.name, "redis");
  EXPECT_EQ(talk_redis(place())->take("HTTP/1.1 400 Bad Request\r\n").next, Next::not_mine);
  EXPECT_EQ(talk_redis(place())->take(std::string(600, 'x')).next, Next::not_mine);
}

TEST(PostgreSql, AnswersWithOneByte) {
  EXPECT_EQ(told(&talk_postgresql, "N").service.detail, "offers no TLS");
  EXPECT_EQ(talk_postgresql(place())->take("S").next, Next::start_tls);
  EXPECT_EQ(talk_postgresql(place())->take("SS").next, Next::not_mine);  // a man in the middle, or no PostgreSQL
  EXPECT_EQ(talk_postgresql(place())->take("NO\r\n").next, Next::not_mine);
  const auto busy = talk_postgresql(place());
  EXPECT_EQ(busy->take("E\0\0\0\x40SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0"s).next, Next::found);
  EXPECT_EQ(busy->facts().service.detail, "sorry, too many clients already");
}

TEST(Dns, TellsItsVersion) {
  const std::string question =
      "\x07version\x04"
      "bind\0\0\x10\0\x03"s;
  const std::string head = "\xc0\x7c\x85\0\0\x01\0\x01\0\0\0\0"s;
  const std::string answer = head + question +
                             "\xc0\x0c\0\x10\0\x03\0\0\0\0\0\x06\x05"
                             "9.18."s +
                             "x";
  const std::string sized = "\0"s + static_cast<char>(answer.size()) + answer;
  EXPECT_EQ(told(&talk_dns, sized).service.detail, "9.18.");
  const std::string refused = "\xc0\x7c\x80\x05\0\0\0\0\0\0\0\0"s;
  EXPECT_EQ(told(&talk_dns, "\0\x0c"s + refused).service.detail, "refuses to tell its version");
  const auto echo = talk_dns(place());
  const std::string hello = echo->begin().send;
  EXPECT_EQ(echo->take(hello).next, Next::not_mine);  // who only repeats is no server
}

TEST(OneAnswer, TellsTheService) {
  EXPECT_EQ(told(&talk_memcached, "VERSION 1.6.18\r\n").service.version, "1.6.18");
  EXPECT_EQ(told(&talk_mqtt, "\x20\x02\0\0"s).service.detail, "lets anybody in");
  EXPECT_EQ(told(&talk_amqp, "AMQP\0\x01\0\0"s).service.detail, "version 1-0-0");
  EXPECT_EQ(told(&talk_zookeeper, "Zookeeper version: 3.8.0-abc, built on\n").service.version, "3.8.0");
  const std::string start =
      "\0\x0a\0\x0a\0\x09\0\0\0\x20\x07productS\0\0\0\x08RabbitMQ\x07versionS\0\0\0\x06"
      "3.12.1"s;
  const std::string frame = "\x01\0\0\0\0\0"s + static_cast<char>(start.size()) + start + "\xce";
  const Service rabbit = told(&talk_amqp, frame).service;
  EXPECT_EQ(rabbit.product + " " + rabbit.version, "RabbitMQ 3.12.1");
  const std::string document = "\x10maxWireVersion\0\x15\0\0\0"s;
  const std::string reply = static_cast<char>(16 + 10 + document.size()) + "\0\0\0\x01\0\0\0\x7c\xc0\0\0\xdd\x07\0\0"s +
                            std::string(10, '\0') + document;
  EXPECT_EQ(told(&talk_mongodb, reply).service.detail, "wire version 21");
}

TEST(EveryProtocol, DoesNotTakeItsOwnHelloForAnAnswer) {
  for (const std::string_view name : probe_names()) {
    const Attempts attempts = attempts_for(name, 1);
    for (const auto* list : {&attempts.first, &attempts.later}) {
      for (const Protocol* protocol : *list) {
        const auto talk = protocol->start(place());
        const std::string hello = talk->begin().send;
        if (hello.empty()) continue;
        EXPECT_NE(talk->take(hello).next, Next::found) << protocol->name;
        EXPECT_NE(talk->ended().next, Next::found) << protocol->name;
      }
    }
  }
}

TEST(Smtp, AsksForTlsAndSaysGoodbye) {
  const auto talk = talk_smtp(place());
  EXPECT_EQ(talk->take("220-mail.example ESMTP Postfix\r\n22").next, Next::listen);
  EXPECT_THAT(talk->take("0 ready\r\n").send, StartsWith("EHLO "));
  EXPECT_EQ(talk->take("250-mail.example\r\n250-STARTTLS\r\n250 HELP\r\n").send, "STARTTLS\r\n");
  EXPECT_EQ(talk->take("220 go on\r\n").next, Next::start_tls);
  EXPECT_EQ(talk->secured().send, "QUIT\r\n");
  EXPECT_EQ(talk->facts().service.product, "Postfix");
  const auto without = talk_smtp(place());
  static_cast<void>(without->take("220 a ESMTP\r\n"));
  EXPECT_EQ(without->take("250 a\r\n").next, Next::found);
  EXPECT_EQ(without->facts().service.detail, "offers no STARTTLS");
  EXPECT_EQ(talk_smtp(place())->take(std::string(20'000, 'x')).next, Next::not_mine);
}

Http http_told(const std::string& answer, bool ends = false) { return *told(&talk_http, answer, ends).http; }

TEST(HttpAnswer, IsReadInAnyFraming) {
  const Http plain = http_told("HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(plain.status, 200);
  EXPECT_EQ(plain.server, "nginx/1.22.1");
  EXPECT_EQ(plain.body_bytes, 2U);
  EXPECT_FALSE(plain.truncated);
  EXPECT_EQ(http_told("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n").body_bytes, 2U);
  EXPECT_EQ(http_told("HTTP/1.0 200 OK\r\n\r\nuntil the end", true).body_bytes, 13U);
  EXPECT_EQ(http_told("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n").status, 204);
  EXPECT_EQ(http_told("HTTP/1.1 302 Found\r\nLocation: https://b.example/\r\nContent-Length: 0\r\n\r\n").redirect,
            "https://b.example/");
}

TEST(HttpAnswer, IsHttpAlsoWhenItIsBroken) {
  EXPECT_TRUE(http_told("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", true).truncated);
  EXPECT_THAT(http_told("HTTP/1.1 200 OK\r\n\x01\x02\x03: x\r\n\r\n").error, HasSubstr("broken"));
  const auto huge = talk_http(place());
  Step step = huge->take("HTTP/1.1 200 OK\r\n");
  for (int i = 0; i < 10'000 && step.next == Next::listen; ++i) step = huge->take("X-Header: " + std::string(100, 'x') + "\r\n");
  EXPECT_EQ(step.next, Next::found);
  EXPECT_THAT(huge->facts().http->error, HasSubstr("64 KiB"));
  const auto endless = talk_http(place());
  step = endless->take("HTTP/1.1 200 OK\r\n\r\n");
  for (int i = 0; i < 1000 && step.next != Next::found; ++i) step = endless->take(std::string(4096, 'x'));
  EXPECT_EQ(step.next, Next::found);
  EXPECT_TRUE(endless->facts().http->truncated);
  EXPECT_EQ(endless->body().size(), most_http_body);
  EXPECT_EQ(talk_http(place())->take("SSH-2.0-x\r\n").next, Next::not_mine);
}

TEST(HttpAnswer, IsAskedForByNameAndPort) {
  EXPECT_EQ(authority_of({"::1", 8080}), "[::1]:8080");
  EXPECT_EQ(authority_of({"fe80::1%eth0", 80}), "[fe80::1]");
  EXPECT_EQ(authority_of({"a.example", 443, true}), "a.example");
  EXPECT_THAT(talk_http({"a", 80, false, "/health"})->begin().send, StartsWith("GET /health HTTP/1.1\r\nHost: a\r\n"));
}

TEST(Grpc, IsNotWhatAnswersOtherwise) {
  for (const std::string& bytes : {"HTTP/1.1 400 Bad Request\r\n\r\n"s, std::string(100, '\0'), std::string(100, '\xff')}) {
    const auto talk = talk_grpc(place());
    EXPECT_THAT(talk->begin().send, StartsWith("PRI * HTTP/2.0"));
    const Step step = talk->take(bytes);
    EXPECT_NE(step.next, Next::found);
    EXPECT_NE(talk->ended().next, Next::found);
  }
}

TEST(JsonPath, NamesOnePlace) {
  EXPECT_EQ(pointer_of_path("$")->to_string(), "");
  EXPECT_EQ(pointer_of_path("$.a.b[0]['c/d']")->to_string(), "/a/b/0/c~1d");
  for (const char* wrong : {"", "a", "$a", "$.", "$..a", "$[", "$[x]", "$['a", "$['a'", "$[01]", "$[-1]", "$[*]"})
    EXPECT_FALSE(pointer_of_path(wrong)) << wrong;
}

TEST(Words, CannotHarmATerminal) {
  EXPECT_EQ(words_of(" a\x1b[31m\r\nb\xff "), "a [31m  b\xef\xbf\xbd");
  EXPECT_EQ(words_of(std::string(1000, 'x')).size(), 256U);
}

}  // namespace
}  // namespace conclave::scan
