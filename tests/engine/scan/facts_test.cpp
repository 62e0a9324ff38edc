#include "engine/scan/probe/facts.h"

#include <gmock/gmock.h>

namespace conclave::scan {
namespace {

using nlohmann::json;
using ::testing::IsEmpty;

Facts everything() {
  Facts facts;
  facts.service = {"https", "nginx", "1.22.1", "says more", "first words"};
  Tls& tls = facts.tls.emplace();
  tls.version = "TLSv1.3";
  tls.cipher = "TLS_AES_256_GCM_SHA384";
  tls.alpn = "h2";
  tls.start_tls = "smtp";
  tls.verified = true;
  tls.verify_error = "none";
  tls.names = {"a.example", "127.0.0.1"};
  tls.key = "RSA 2048";
  tls.signature = "sha256WithRSAEncryption";
  tls.days_left = -3;
  tls.chain = {{"CN=a", "CN=b", 1'000'000, 2'000'000, "ab12"}, {"CN=b", "CN=b", 3'000'000, 4'000'000, "cd34"}};
  tls.handshake_ms = 3.5;
  tls.error = "broken off";
  Http& http = facts.http.emplace();
  http.scheme = "https";
  http.path = "/health";
  http.status = 301;
  http.reason = "Moved";
  http.version = "1.1";
  http.server = "nginx";
  http.redirect = "https://b.example/";
  http.content_type = "text/html";
  http.body_bytes = 123;
  http.truncated = true;
  http.connect_ms = 0.5;
  http.tls_ms = 3.5;
  http.first_byte_ms = 7;
  http.total_ms = 11;
  http.error = "cut";
  return facts;
}

json to_json(const Facts& facts) {
  return {{"service", to_json(facts.service)},
          {"tls", facts.tls ? to_json(*facts.tls) : json(nullptr)},
          {"http", facts.http ? to_json(*facts.http) : json(nullptr)}};
}

TEST(Facts, SurviveTheWayThroughJson) {
  const json written = to_json(everything());
  EXPECT_EQ(to_json(*facts_from_json(written)), written);
  const json bare = to_json(Facts{});
  EXPECT_EQ(to_json(*facts_from_json(bare)), bare);
}

TEST(Facts, LeaveOutWhatDoesNotFit) {
  EXPECT_FALSE(facts_from_json(json::parse("[]")));
  EXPECT_FALSE(facts_from_json(json::parse(R"({"service": "http"})")));
  const auto facts = facts_from_json(json::parse(R"({
      "service": {"name": 3, "product": "a\u0000b\nc", "banner": ["x"]},
      "tls": {"days_left": 1e300, "names": [1, "a", {}], "chain": [null, {"subject": "CN=x", "not_after": "never"}], "verified": 1},
      "http": {"status": -1e20, "body_bytes": -4, "total_ms": "soon"}})"));
  ASSERT_TRUE(facts && facts->tls && facts->http);
  EXPECT_EQ(facts->service.name, "");
  EXPECT_EQ(facts->service.product, "a b c");
  EXPECT_EQ(facts->tls->days_left, std::nullopt);
  EXPECT_EQ(facts->tls->names, std::vector<std::string>{"a"});
  ASSERT_EQ(facts->tls->chain.size(), 1U);
  EXPECT_EQ(facts->tls->chain[0].not_after, 0);
  EXPECT_FALSE(facts->tls->verified);
  EXPECT_EQ(facts->http->status, 0);
  EXPECT_EQ(facts->http->body_bytes, 0U);
  EXPECT_EQ(facts->http->total_ms, 0);
}

TEST(Facts, AreBounded) {
  json many = json::array();
  for (int i = 0; i < 1000; ++i) many.push_back("name");
  json chain = json::array();
  for (int i = 0; i < 1000; ++i) chain.push_back(json::object());
  const auto facts =
      facts_from_json({{"service", {{"banner", std::string(1 << 20, 'x')}}}, {"tls", {{"names", many}, {"chain", chain}}}});
  EXPECT_EQ(facts->service.banner.size(), 4096U);
  EXPECT_EQ(facts->tls->names.size(), 100U);
  EXPECT_EQ(facts->tls->chain.size(), 10U);
  EXPECT_THAT(facts->unmet, IsEmpty());
}

}  // namespace
}  // namespace conclave::scan
