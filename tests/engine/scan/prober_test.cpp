// Probes against real servers of this process, polite and hostile.
#include "engine/scan/probe/prober.h"

#include <gmock/gmock.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "engine/scan/probe/facts.h"
#include "engine/scan/probe/needs.h"
#include "tests/engine/scan/servers.h"
#include "tests/engine/temporary_folder.h"

namespace conclave::scan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

ScanResult open_at(std::uint16_t port, const std::string& host = "127.0.0.1") {
  ScanResult out;
  out.target = {host + ":" + std::to_string(port), host, port, std::nullopt};
  out.state = State::open;
  out.address = "127.0.0.1";
  return out;
}

ScanOptions waiting(int timeout_ms) {
  ScanOptions out;
  out.timeout_ms = timeout_ms;
  return out;
}

Facts probed(ScanResult result, const std::string& name = "auto", int timeout_ms = 20'000) {
  Job job;
  std::vector results = {std::move(result)};
  probe(results, {name}, waiting(timeout_ms), job);
  return results[0].facts ? *results[0].facts : Facts{};
}

void answer_http(Peer& peer, const std::string& answer) {
  std::string asked;
  while (asked.find("\r\n\r\n") == std::string::npos) {
    const std::string more = peer.read();
    if (more.empty()) return;
    asked += more;
    if (!asked.starts_with("GET ") && asked.size() >= 4) return;
  }
  peer.write(answer);
}

const std::string ok = "HTTP/1.1 200 OK\r\nServer: tests/1.0\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}";

TEST(Prober, HearsAGreeting) {
  Server server([](Peer& peer) {
    peer.write("SSH-2.0-OpenSSH_9.2p1\r\n");
    peer.read();
  });
  const Facts facts = probed(open_at(server.port()));
  EXPECT_EQ(facts.service.name, "ssh");
  EXPECT_EQ(facts.service.version, "9.2p1");
  EXPECT_EQ(server.accepted(), 1);  // and nothing else was tried
}

TEST(Prober, AsksByHttpAndMeasures) {
  Server server([](Peer& peer) { answer_http(peer, ok); });
  const Facts facts = probed(open_at(server.port()));
  EXPECT_EQ(facts.service.product, "tests");
  ASSERT_TRUE(facts.http);
  EXPECT_EQ(facts.http->status, 200);
  EXPECT_EQ(facts.http->scheme, "http");
  EXPECT_GE(facts.http->total_ms, facts.http->first_byte_ms);
  EXPECT_FALSE(facts.tls);
}

TEST(Prober, TalksWithRedisOnAnyPort) {
  Server server([](Peer& peer) {
    while (true) {
      const std::string asked = peer.read();
      if (asked == "PING\r\n")
        peer.write("+PONG\r\n");
      else if (asked == "INFO server\r\n")
        peer.write("$30\r\nx:1\r\nredis_version:7.2.4\r\n");
      else if (asked.empty())
        return;
      else
        peer.write("-ERR unknown command\r\n");
    }
  });
  EXPECT_EQ(probed(open_at(server.port())).service.version, "7.2.4");
}

TEST(Prober, TellsACertificateThatNobodyTrusts) {
  OwnCertificate certificate(20);
  const auto context = certificate.context("http/1.1");
  Server server([&](Peer& peer) { with_tls(context, peer, [](Peer& inner) { answer_http(inner, ok); }); });
  for (const std::string name : {"auto", "http", "tls"}) {
    const Facts facts = probed(open_at(server.port()), name);
    ASSERT_TRUE(facts.tls) << name;
    EXPECT_EQ(facts.tls->version, "TLSv1.3");
    EXPECT_FALSE(facts.tls->verified);
    EXPECT_EQ(facts.tls->verify_error, "self-signed certificate");
    EXPECT_THAT(facts.tls->names, ElementsAre("localhost", "127.0.0.1"));
    EXPECT_EQ(facts.tls->days_left, 20);
    EXPECT_EQ(facts.tls->key, "RSA 2048");
    ASSERT_EQ(facts.tls->chain.size(), 1U);
    EXPECT_EQ(facts.tls->chain[0].subject, "CN=Tests of a scan");
    EXPECT_EQ(facts.tls->chain[0].sha256.size(), 64U);
    EXPECT_EQ(facts.service.name, name == "tls" ? "tls" : "http");
    if (name == "tls") continue;
    ASSERT_TRUE(facts.http) << name;
    EXPECT_EQ(facts.http->scheme, "https");
    EXPECT_TRUE(facts.http->tls_ms);
  }
}

TEST(Prober, SaysEveryReasonAgainstACertificate) {
  OwnCertificate certificate(-3, false);
  const auto context = certificate.context();
  Server server([&](Peer& peer) { with_tls(context, peer, [](Peer& inner) { inner.read(); }); });
  const Facts facts = probed(open_at(server.port()), "tls");
  ASSERT_TRUE(facts.tls);
  EXPECT_EQ(facts.tls->days_left, -3);
  EXPECT_THAT(facts.tls->verify_error, HasSubstr("self-signed"));
  EXPECT_THAT(facts.tls->verify_error, HasSubstr("expired"));
  EXPECT_THAT(facts.tls->verify_error, HasSubstr("mismatch"));
}

TEST(Prober, TrustsWhatThisMachineTrusts) {
  const TemporaryFolder folder;
  OwnCertificate certificate(30);
  const std::string path = folder.path() / "trusted.pem";
  certificate.write_to(path);
  ::setenv("SSL_CERT_FILE", path.c_str(), 1);
  const auto context = certificate.context();
  Server server([&](Peer& peer) { with_tls(context, peer, [](Peer& inner) { inner.read(); }); });
  ScanResult result = open_at(server.port());
  result.target.needs = std::make_shared<const Needs>(Needs{14, {}});
  const Facts facts = probed(result, "");
  result.target.needs = std::make_shared<const Needs>(Needs{31, {}});
  const Facts sooner = probed(result, "");
  ::unsetenv("SSL_CERT_FILE");
  ASSERT_TRUE(facts.tls);
  EXPECT_TRUE(facts.tls->verified) << facts.tls->verify_error;
  EXPECT_THAT(facts.unmet, IsEmpty());
  EXPECT_THAT(sooner.unmet, ElementsAre("certificate valid for 30 days, not 31"));
}

TEST(Prober, AsksMailServersForTls) {
  OwnCertificate certificate(20);
  const auto context = certificate.context();
  Server server([&](Peer& peer) {
    peer.write("220 mail ESMTP Postfix\r\n");
    if (!peer.read().starts_with("EHLO ")) return;
    peer.write("250-mail\r\n250 STARTTLS\r\n");
    if (peer.read() != "STARTTLS\r\n") return;
    peer.write("220 go on\r\n");
    with_tls(context, peer, [](Peer& inner) { inner.read(); });
  });
  for (const std::string name : {"auto", "smtp", "tls"}) {
    const Facts facts = probed(open_at(server.port()), name);
    EXPECT_EQ(facts.service.product, "Postfix") << name;
    ASSERT_TRUE(facts.tls) << name;
    EXPECT_EQ(facts.tls->start_tls, "smtp");
    EXPECT_EQ(facts.tls->days_left, 20);
  }
}

TEST(Prober, NamesAMailServerThatFallsSilent) {
  Server server([](Peer& peer) {
    peer.write("220 mail ESMTP Postfix\r\n");
    while (!peer.read().empty()) {
    }
  });
  EXPECT_EQ(probed(open_at(server.port()), "auto", 500).service.product, "Postfix");
}

TEST(Prober, AsksPostgreSqlForTls) {
  OwnCertificate certificate(20);
  const auto context = certificate.context();
  Server server([&](Peer& peer) {
    if (peer.read() != std::string("\0\0\0\x08\x04\xd2\x16\x2f", 8)) return;
    peer.write("S");
    with_tls(context, peer, [](Peer& inner) { inner.read(); });
  });
  const Facts facts = probed(open_at(server.port()));
  EXPECT_EQ(facts.service.name, "postgresql");
  ASSERT_TRUE(facts.tls);
  EXPECT_EQ(facts.tls->start_tls, "postgresql");
}

TEST(Prober, PrefersTlsToARefusalOfPlainHttp) {
  OwnCertificate certificate(20);
  const auto context = certificate.context();
  Server server([&](Peer& peer) {
    char first = 0;
    if (::recv(peer.file(), &first, 1, MSG_PEEK) != 1) return;
    if (first == 0x16) return with_tls(context, peer, [](Peer& inner) { answer_http(inner, ok); });
    peer.read();
    peer.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  });
  const Facts facts = probed(open_at(server.port()));
  ASSERT_TRUE(facts.http && facts.tls);
  EXPECT_EQ(facts.http->status, 200);
}

TEST(Prober, TellsARedirectAndDoesNotFollowIt) {
  Server server(
      [](Peer& peer) { answer_http(peer, "HTTP/1.1 301 Moved Permanently\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"); });
  const Facts facts = probed(open_at(server.port()), "http");
  ASSERT_TRUE(facts.http);
  EXPECT_EQ(facts.http->redirect, "/");
  EXPECT_LE(server.accepted(), 2);  // by HTTP and by HTTPS, once each
}

TEST(Prober, JudgesWhatIsNeeded) {
  Server server([](Peer& peer) { answer_http(peer, ok); });
  ScanResult result = open_at(server.port());
  const auto need = [&](const char* text) {
    result.target.needs = std::make_shared<const Needs>(*needs_from_json(nlohmann::json::parse(text)));
    return probed(result, "").unmet;
  };
  EXPECT_THAT(need(R"({"http": {"status": 200, "json": {"$.status": "ok"}, "body_matches": "status"}})"), IsEmpty());
  EXPECT_THAT(need(R"({"http": {"status": 204}})"), ElementsAre("status 200, not 204"));
  EXPECT_FALSE(need(R"({"http": {"status": 200}, "tls_valid_days": 1})").empty());
}

// No server may take more than its time, however it behaves, and none may take that of the others.
TEST(Prober, IsNotHeldUpByHostileServers) {
  Server silent([](Peer& peer) {
    while (!peer.read().empty()) {
    }
  });
  Server closing([](Peer&) {});
  Server flooding([](Peer& peer) {
    const std::string rubbish(65536, '\x80');
    while (peer.write(rubbish)) {
    }
  });
  std::atomic<bool> over = false;
  Server dripping([&](Peer& peer) {
    while (!over && peer.write("z")) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  });
  Server slow_body([&](Peer& peer) {
    peer.read();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    while (!over && peer.write("z")) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  });
  Server endless_headers([](Peer& peer) {
    peer.read();
    peer.write("HTTP/1.1 200 OK\r\n");
    const std::string header = "X: " + std::string(1000, 'x') + "\r\n";
    while (peer.write(header)) {
    }
  });
  Server polite([](Peer& peer) { answer_http(peer, ok); });
  std::vector<ScanResult> results;
  for (const Server* server : {&silent, &closing, &flooding, &dripping, &slow_body, &endless_headers, &polite})
    results.push_back(open_at(server->port()));
  Job job;
  const auto begin = std::chrono::steady_clock::now();
  probe(results, {"auto"}, waiting(400), job);
  const auto took = std::chrono::steady_clock::now() - begin;
  over = true;
  EXPECT_LT(took, std::chrono::seconds(10));  // three times 400 ms, on a machine that may be busy
  for (const ScanResult& result : results) ASSERT_TRUE(result.facts);
  EXPECT_EQ(results[0].facts->service.detail, "silent for 240 ms");
  EXPECT_THAT(results[1].facts->service.detail, HasSubstr("close"));
  EXPECT_EQ(results[2].facts->service.name, "");
  EXPECT_EQ(results[3].facts->service.detail, "not recognised");
  EXPECT_THAT(results[3].facts->service.banner, HasSubstr("zz"));
  ASSERT_TRUE(results[4].facts->http);
  EXPECT_TRUE(results[4].facts->http->truncated);
  ASSERT_TRUE(results[5].facts->http);
  EXPECT_THAT(results[5].facts->http->error, HasSubstr("64 KiB"));
  EXPECT_EQ(results[6].facts->http->status, 200);
}

TEST(Prober, ServesHundredsAtOnce) {
  Server polite([](Peer& peer) { answer_http(peer, ok); });
  std::vector<ScanResult> results(300, open_at(polite.port()));
  Job job;
  probe(results, {"http"}, waiting(20'000), job);
  for (const ScanResult& result : results) {
    ASSERT_TRUE(result.facts);
    EXPECT_EQ(result.facts->service.name, "http");
  }
  EXPECT_EQ(job.progress().done, 300U);
}

TEST(Prober, AsksOnlyWhatIsOpenAndAllowed) {
  Server server([](Peer& peer) { answer_http(peer, ok); });
  std::vector results = {open_at(server.port()), open_at(server.port())};
  results[0].state = State::closed;
  ScanOptions options = waiting(1000);
  options.forbids = [](const Address&) { return std::string("the policy forbids it"); };
  Job job;
  probe(results, {"auto"}, options, job);
  EXPECT_FALSE(results[0].facts);
  ASSERT_TRUE(results[1].facts);
  EXPECT_EQ(results[1].facts->service.detail, "the policy forbids it");
  EXPECT_EQ(server.accepted(), 0);
}

TEST(Prober, SaysThatAServiceWentAway) {
  std::uint16_t port = 0;
  {
    const LoopbackSocket gone;
    port = gone.port();
  }
  EXPECT_THAT(probed(open_at(port)).service.detail, HasSubstr("cannot connect again"));
}

TEST(Prober, StopsAtOnce) {
  Server silent([](Peer& peer) {
    while (!peer.read().empty()) {
    }
  });
  std::vector<ScanResult> results(50, open_at(silent.port()));
  Job job;
  const std::jthread stopping([&job] {
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    job.request_stop();
  });
  probe(results, {"auto"}, waiting(600'000), job);
  for (const ScanResult& result : results) EXPECT_FALSE(result.facts);
}

}  // namespace
}  // namespace conclave::scan
