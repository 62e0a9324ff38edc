#include "engine/scan/name_sources.h"

#include <gmock/gmock.h>

namespace conclave::scan {
namespace {

using ::testing::IsEmpty;

std::vector<std::string> texts(const std::vector<Address>& addresses) {
  std::vector<std::string> out;
  for (const Address& address : addresses) out.push_back(address.text());
  return out;
}

TEST(NameSources, AreThoseOfTheLineOfHosts) {
  EXPECT_EQ(read_name_sources("passwd: files systemd\nhosts:          files dns\nnetworks: files\n"),
            (NameSources{true, true, false}));
  EXPECT_EQ(read_name_sources("hosts:files"), (NameSources{true, false, false}));
  EXPECT_EQ(read_name_sources("  hosts\t: dns # files mdns"), (NameSources{false, true, false}));
  EXPECT_EQ(read_name_sources("hosts: files mdns4_minimal [NOTFOUND=return] dns"), (NameSources{true, true, true}));
  EXPECT_EQ(read_name_sources("hosts: files myhostname resolve [ !UNAVAIL=return ] dns\r\n"), (NameSources{true, true, true}));
  EXPECT_EQ(read_name_sources("hosts: resolve [!UNAVAIL=return"), (NameSources{false, false, true}));
}

TEST(NameSources, AreFilesAndNameServersWhereNothingIsSaid) {
  for (const char* text : {"", "\n\n", "#hosts: ldap", "passwd: files", "ghosts: ldap", "hosts", ":"})
    EXPECT_EQ(read_name_sources(text), NameSources()) << text;
}

TEST(HostsFile, KnowsEveryNameOfEveryLine) {
  const HostsFile hosts(
      "# names\n127.0.0.1 localhost\n10.0.0.1\tdb.example Db  primary # not-this\r\n  2001:db8::1 db.example\n\n10.0.0.1 "
      "db.example\n");
  EXPECT_THAT(texts(hosts.find("DB.example.")), testing::ElementsAre("10.0.0.1", "2001:db8::1"));
  EXPECT_THAT(texts(hosts.find("db")), testing::ElementsAre("10.0.0.1"));
  EXPECT_THAT(texts(hosts.find("primary")), testing::ElementsAre("10.0.0.1"));
  EXPECT_THAT(hosts.find("not-this"), IsEmpty());
  EXPECT_THAT(hosts.find(""), IsEmpty());
}

TEST(HostsFile, PassesOverWhatIsNoAddress) {
  const std::string text = std::string("999.1.1.1 a\nname 10.0.0.1\n\0\0 b\n10.0.0.2\n\xff\xfe c\n10.0.0.3 d", 55);
  const HostsFile hosts(text);
  for (const char* name : {"a", "b", "c", "10.0.0.1"}) EXPECT_THAT(hosts.find(name), IsEmpty()) << name;
  EXPECT_THAT(texts(hosts.find("d")), testing::ElementsAre("10.0.0.3"));
}

}  // namespace
}  // namespace conclave::scan
