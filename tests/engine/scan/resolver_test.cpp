#include "engine/scan/resolver.h"

#include <gmock/gmock.h>
#include <poll.h>

#include <latch>
#include <map>
#include <mutex>
#include <set>

#include "tests/engine/scan/loopback.h"
#include "tests/engine/scan/name_server.h"
#include "tests/engine/temporary_folder.h"

namespace conclave::scan {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Clock = Resolver::Clock;

constexpr milliseconds soon{300};

std::map<std::size_t, Lookup> collect_all(Resolver& resolver) {
  std::map<std::size_t, Lookup> out;
  while (!resolver.idle()) {
    for (auto& answer : resolver.collect(Clock::now())) {
      EXPECT_FALSE(out.contains(answer.id)) << answer.id;
      out[answer.id] = std::move(answer.lookup);
    }
    pollfd news{resolver.wake_fd(), POLLIN, 0};
    if (!resolver.idle()) ::poll(&news, 1, 5);
  }
  return out;
}

Lookup ask_one(const ResolverOptions& options, const std::string& name) {
  Resolver resolver(options);
  resolver.ask(7, name);
  return collect_all(resolver).at(7);
}

std::vector<std::string> texts(const Lookup& lookup) {
  std::vector<std::string> out;
  for (const Address& address : lookup.addresses) out.push_back(address.text());
  return out;
}

TEST(Resolver, FindsEveryAddressOfBothFamilies) {
  const NameServer server([](const std::string&, Record) {
    return NameReply{.addresses = {"127.0.0.1", "127.0.0.2", "::1", "127.0.0.3"}};
  });
  const Lookup found = ask_one(server.names(), "web.test");
  EXPECT_THAT(texts(found), UnorderedElementsAre("127.0.0.1", "127.0.0.2", "127.0.0.3", "::1"));
  EXPECT_EQ(found.error, "");
  EXPECT_EQ(server.asked(), 2) << "A and AAAA";
}

TEST(Resolver, GivesTheSameOrderWhicheverFamilyAnswersFirst) {
  std::set<std::vector<std::string>> orders;
  for (const Record late : {Record::a, Record::aaaa}) {
    const NameServer server([late](const std::string&, Record record) {
      return NameReply{.addresses = {"127.0.0.1", "::1"}, .delay = milliseconds(record == late ? 40 : 0)};
    });
    orders.insert(texts(ask_one(server.names(), "web.test")));
  }
  EXPECT_EQ(orders.size(), 1U);
}

TEST(Resolver, IsContentWithOneFamily) {
  const NameServer server([](const std::string& name, Record record) {
    return NameReply{.addresses = {name == "four.test" ? "127.0.0.4" : "::1"},
                     .code = (name == "four.test") == (record == Record::a) ? 0 : 3};  // broken servers deny the name for AAAA
  });
  EXPECT_THAT(texts(ask_one(server.names(), "four.test")), ElementsAre("127.0.0.4"));
  EXPECT_THAT(texts(ask_one(server.names(), "six.test")), ElementsAre("::1"));
}

TEST(Resolver, KeepsTheAddressesOfOneFamilyIfTheOtherIsNeverAnswered) {
  const NameServer server([](const std::string&, Record record) {
    return NameReply{.addresses = {"127.0.0.1"}, .is_dropped = record == Record::aaaa};
  });
  EXPECT_THAT(texts(ask_one(server.names(soon), "web.test")), ElementsAre("127.0.0.1"));
}

TEST(Resolver, SaysWhatTheServerSaid) {
  const NameServer server([](const std::string& name, Record) {
    const std::map<std::string, int> codes = {
        {"absent.test", 3}, {"broken.test", 2}, {"secret.test", 5}, {"odd.test", 4}, {"form.test", 1}};
    const auto code = codes.find(name);
    return NameReply{.code = code == codes.end() ? 0 : code->second};
  });
  const auto error = [&](const std::string& name) { return ask_one(server.names(), name).error; };
  EXPECT_EQ(error("absent.test."), "no such name (NXDOMAIN from " + server.address() + ")");
  EXPECT_EQ(error("broken.test."), server.address() + " failed to look it up (SERVFAIL)");
  EXPECT_EQ(error("secret.test."), server.address() + " refused to answer (REFUSED)");
  EXPECT_EQ(error("odd.test."), server.address() + " does not answer such questions (NOTIMP)");
  EXPECT_EQ(error("form.test."), server.address() + " did not understand the question (FORMERR)");
  EXPECT_EQ(error("empty.test."), "the name has no address (neither A nor AAAA at " + server.address() + ")");
}

TEST(Resolver, RefusesWhatCannotBeAName) {
  const NameServer server([](const std::string&, Record) { return NameReply{.code = 3}; });
  for (const std::string& name : {std::string(64, 'a') + ".test", std::string(300, 'a'), std::string("a..test"), std::string("."),
                                  std::string("\xff\xfe.test"), std::string("a b.test"), std::string("a\0b.test", 8)})
    EXPECT_NE(ask_one(server.names(), name).error, "") << name;
}

TEST(Resolver, AsksAgainOverTcpIfAnAnswerIsCutOff) {
  const NameServer server([](const std::string&, Record) {
    NameReply reply{.is_cut_off = true};
    for (int i = 1; i <= 60; ++i) reply.addresses.push_back("127.0.1." + std::to_string(i));
    return reply;
  });
  EXPECT_EQ(ask_one(server.names(), "many.test").addresses.size(), 60U);
  EXPECT_GE(server.asked_tcp(), 1);
}

TEST(Resolver, BoundsHowManyAddressesOneNameHas) {
  const NameServer server([](const std::string&, Record) {
    NameReply reply{.is_cut_off = true};
    for (int i = 0; i < 3000; ++i)
      reply.addresses.push_back("127.1." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1));
    return reply;
  });
  EXPECT_EQ(ask_one(server.names(), "many.test").addresses.size(), most_addresses);
}

TEST(Resolver, GetsOverAnswersThatMakeNoSense) {
  for (const std::string& rest :
       {std::string(), std::string("\xc0"), std::string("\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2", 14), std::string(400, '\xff'),
        std::string("\xc0\x0c\0\1\0\1\0\0\0\1\xff\xff\1\2\3\4", 16), std::string("\xc0\xff\0\1\0\1\0\0\0\1\0\4\1\2\3\4", 16)}) {
    const NameServer both([&](const std::string&, Record) { return NameReply{.instead = rest}; });
    EXPECT_NE(ask_one(both.names(soon), "web.test.").error, "");
    const NameServer one([&](const std::string&, Record record) {
      NameReply reply{.addresses = {"127.0.0.1"}};
      if (record == Record::aaaa) reply.instead = rest;
      return reply;
    });
    EXPECT_THAT(texts(ask_one(one.names(milliseconds(2000)), "web.test.")), ElementsAre("127.0.0.1")) << rest;
  }
}

TEST(Resolver, AsksAgainForWhatWasLost) {
  std::map<Record, int> asked;
  const NameServer server([&](const std::string&, Record record) {
    return NameReply{.addresses = {"127.0.0.1"}, .is_dropped = ++asked[record] == 1};
  });
  EXPECT_THAT(texts(ask_one(server.names(milliseconds(1000)), "web.test")), ElementsAre("127.0.0.1"));
}

TEST(Resolver, GivesUpANameThatIsNotAnsweredAndStillHasTheOthers) {
  const NameServer server(
      [](const std::string& name, Record) { return NameReply{.addresses = {"127.0.0.1"}, .is_dropped = name == "silent.test"}; });
  Resolver resolver(server.names(soon));
  resolver.ask(0, "silent.test");
  for (std::size_t i = 1; i < 20; ++i) resolver.ask(i, "web" + std::to_string(i) + ".test");
  const auto answers = collect_all(resolver);
  EXPECT_EQ(answers.at(0).error, "no answer from " + server.address() + " within 300 ms");
  for (std::size_t i = 1; i < 20; ++i) EXPECT_EQ(answers.at(i).error, "");
}

TEST(Resolver, CostsABoundedTimeWhenNobodyAnswers) {
  const NameServer server([](const std::string&, Record) { return NameReply{.is_dropped = true}; });
  Resolver resolver(server.names(soon));
  for (std::size_t i = 0; i < 5000; ++i) resolver.ask(i, "web" + std::to_string(i) + ".test");
  const auto answers = collect_all(resolver);
  EXPECT_EQ(answers.size(), 5000U);
  EXPECT_THAT(answers.at(0).error, HasSubstr("no answer from"));
  EXPECT_EQ(answers.at(4999).error, "not asked, because " + server.address() + " did not answer for the names before it");
  EXPECT_LE(server.asked(), 4 * 128) << "two tries for two families of as many names as are asked for at once";
}

TEST(Resolver, SaysThatNobodyIsThere) {
  const LoopbackSocket not_udp;
  const std::string address = "127.0.0.1:" + std::to_string(not_udp.port());
  const Lookup lookup = ask_one({.sources = NameSources{.files = false}, .servers = address}, "web.test");
  EXPECT_EQ(lookup.error, "no name server can be reached at " + address);
}

TEST(Resolver, AnswersFiveThousandNamesWithFewUnderWay) {
  const NameServer server([](const std::string& name, Record) {
    const int number = std::stoi(name.substr(3));
    return NameReply{.addresses = {"127.0." + std::to_string(number / 250) + "." + std::to_string(number % 250 + 1)},
                     .delay = milliseconds(5)};
  });
  Resolver resolver(server.names());
  for (std::size_t i = 0; i < 5000; ++i) resolver.ask(i, "web" + std::to_string(i) + ".test.");
  const auto answers = collect_all(resolver);
  ASSERT_EQ(answers.size(), 5000U);
  for (std::size_t i = 0; i < 5000; ++i)
    EXPECT_THAT(texts(answers.at(i)), ElementsAre("127.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1)));
  EXPECT_LE(server.most_at_once(), 2 * 128);
  EXPECT_GT(server.most_at_once(), 32) << "one after the other";
}

TEST(Resolver, GoesOnToTheNextServerAndStaysWithWhoAnswers) {
  const NameServer broken([](const std::string&, Record) { return NameReply{.is_dropped = true}; });
  const NameServer refuses([](const std::string&, Record) { return NameReply{.code = 5}; });
  const NameServer good([](const std::string& name, Record) {
    return name == "absent.test" ? NameReply{.code = 3} : NameReply{.addresses = {"127.0.0.1"}};
  });
  ResolverOptions options = good.names(milliseconds(1500));
  options.servers = broken.address() + "," + refuses.address() + "," + good.address();
  Resolver resolver(options);
  resolver.ask(0, "web.test");
  EXPECT_EQ(texts(collect_all(resolver).at(0)).size(), 1U);
  const int lost = broken.asked();
  EXPECT_GT(lost, 0);
  for (std::size_t i = 1; i < 50; ++i) resolver.ask(i, "web.test");
  for (const auto& [id, lookup] : collect_all(resolver)) EXPECT_EQ(lookup.error, "");
  EXPECT_EQ(broken.asked(), lost);
  resolver.ask(99, "absent.test.");
  EXPECT_EQ(collect_all(resolver).at(99).error, "no such name (NXDOMAIN from " + good.address() + ")");

  options.servers = broken.address() + "," + refuses.address();
  EXPECT_EQ(ask_one(options, "web.test").error,
            "no answer from " + broken.address() + "; " + refuses.address() + " refused to answer (REFUSED)");
}

TEST(Resolver, WakesWhoeverWaits) {
  const NameServer server(
      [](const std::string&, Record) { return NameReply{.addresses = {"127.0.0.1"}, .delay = milliseconds(20)}; });
  Resolver resolver(server.names());
  resolver.ask(0, "web.test");
  EXPECT_THAT(resolver.collect(Clock::now()), IsEmpty());
  while (!resolver.idle()) {
    pollfd news{resolver.wake_fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&news, 1, 30'000), 1);
    static_cast<void>(resolver.collect(Clock::now()));
  }
}

TEST(Resolver, EndsAtOnceWithQuestionsUnderWay) {
  const NameServer server([](const std::string&, Record) { return NameReply{.is_dropped = true}; });
  const auto begin = Clock::now();
  {
    Resolver resolver(server.names());
    for (std::size_t i = 0; i < 1000; ++i) resolver.ask(i, "web" + std::to_string(i) + ".test");
    EXPECT_THAT(resolver.collect(Clock::now()), IsEmpty());
    EXPECT_FALSE(resolver.idle());
  }
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(30)) << "the time-out is a minute";
}

TEST(Resolver, KnowsTheHostsFileWithoutAskingAnybody) {
  const TemporaryFolder folder;
  const NameServer server([](const std::string&, Record) { return NameReply{.addresses = {"127.0.0.9"}}; });
  ResolverOptions options = server.names();
  options.sources->files = true;
  options.hosts_file = folder.write("hosts", "10.0.0.1 db.test\n2001:db8::1 DB.test\n");
  EXPECT_THAT(texts(ask_one(options, "Db.Test.")), ElementsAre("10.0.0.1", "2001:db8::1"));
  EXPECT_EQ(server.asked(), 0);
  EXPECT_THAT(texts(ask_one(options, "web.test")), ElementsAre("127.0.0.9"));
  options.hosts_file = folder.path() / "absent";
  EXPECT_THAT(texts(ask_one(options, "db.test")), ElementsAre("127.0.0.9"));
  options.sources->dns = false;
  EXPECT_EQ(ask_one(options, "db.test").error, "not in " + options.hosts_file + ", and /etc/nsswitch.conf names no other source");
}

TEST(Resolver, AsksTheCLibraryOnlyWhereItHasOtherSources) {
  const NameServer server([](const std::string& name, Record) {
    return name == "web.test" ? NameReply{.addresses = {"127.0.0.1"}} : NameReply{.code = 3};
  });
  std::mutex mutex;
  std::vector<std::string> asked;
  ResolverOptions options = server.names();
  options.system = [&](const std::string& name) {
    const std::lock_guard lock(mutex);
    asked.push_back(name);
    return name == "unknown.test." ? Lookup{{}, "Name or service not known"} : Lookup{{*Address::from_text("127.0.0.5")}, {}};
  };
  EXPECT_THAT(ask_one(options, "ldap.test").error, HasSubstr("NXDOMAIN"));
  EXPECT_THAT(asked, IsEmpty());

  options.sources->others = true;
  EXPECT_THAT(texts(ask_one(options, "web.test")), ElementsAre("127.0.0.1"));
  EXPECT_THAT(asked, IsEmpty());
  EXPECT_THAT(texts(ask_one(options, "ldap.test")), ElementsAre("127.0.0.5"));
  EXPECT_EQ(ask_one(options, "unknown.test.").error, "Name or service not known");
  EXPECT_THAT(asked, ElementsAre("ldap.test", "unknown.test."));

  const int before = server.asked();
  EXPECT_THAT(texts(ask_one(options, "printer.local")), ElementsAre("127.0.0.5"));
  EXPECT_THAT(texts(ask_one(options, "laptop")), ElementsAre("127.0.0.5"));
  EXPECT_EQ(server.asked(), before) << "such names are nothing for name servers";
}

TEST(Resolver, MayEndBeforeItsThreads) {
  const auto release = std::make_shared<std::latch>(1);
  {
    Resolver resolver(names_by([release](const std::string&) {
      release->wait();
      return Lookup{};
    }));
    resolver.ask(0, "hangs");
    EXPECT_THAT(resolver.collect(Clock::now()), IsEmpty());
  }
  release->count_down();
}

}  // namespace
}  // namespace conclave::scan
