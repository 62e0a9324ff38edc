#include "engine/base/text_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cerrno>

#include "tests/engine/temporary_folder.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;

TEST(TextFile, IsReadAsAWhole) {
  const TemporaryFolder folder;
  EXPECT_EQ(*read_text_file(folder.write("empty", ""), 10), "");
  const std::string bytes(200'000, '\0');
  EXPECT_EQ(*read_text_file(folder.write("large", bytes), bytes.size()), bytes);
}

TEST(TextFile, IsRefusedBeyondItsLimit) {
  const TemporaryFolder folder;
  const auto refused = read_text_file(folder.write("large", "12345678901"), 10);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::limit);
}

TEST(TextFile, IsNoFolderAndNoPipe) {
  const TemporaryFolder folder;
  EXPECT_EQ(read_text_file(folder.path() / "absent", 10).error().os_error, ENOENT);
  EXPECT_EQ(read_text_file(folder.path(), 10).error().os_error, EISDIR);
  const auto pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(read_text_file(pipe, 10).error().message, HasSubstr("not a regular file")) << "and did not wait for a writer";
}

}  // namespace
}  // namespace conclave
