#include "engine/base/ids.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace conclave {
namespace {

TEST(Sha256, AgreesWithThePublishedVectors) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
  const auto path = std::filesystem::temp_directory_path() / ("conclave_" + random_id());
  std::ofstream(path) << "abc";
  Job job;
  EXPECT_EQ(sha256_file(path, job).value(), sha256("abc"));
  std::filesystem::remove(path);
  const auto gone = sha256_file(path, job);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().os_error, ENOENT);
}

TEST(Sha256, OfAFileStopsWithItsJob) {
  Job job;
  job.request_stop();
  EXPECT_EQ(sha256_file("/bin/sh", job).error().kind, ErrorKind::cancelled);
}

TEST(StableHash, NeverChanges) { EXPECT_EQ(hex64(stable_hash("conclave")), "2db1621afe1abcf2"); }

TEST(RandomId, Differs) {
  EXPECT_EQ(random_id().size(), 32U);
  EXPECT_NE(random_id(), random_id());
}

}  // namespace
}  // namespace conclave
