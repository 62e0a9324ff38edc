#include "scripting/requirements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conclave::scripting {
namespace {

using testing::HasSubstr;

std::string written(std::string_view text) {
  const auto requirement = parse_requirement(text);
  return requirement ? requirement->text : "error: " + requirement.error().message;
}

TEST(Requirement, IsWrittenInOneWay) {
  EXPECT_EQ(written("numpy"), "numpy");
  EXPECT_EQ(written(" NumPy >= 1.24 , < 3 "), "numpy<3,>=1.24");
  EXPECT_EQ(written("numpy (>=1.24)"), "numpy>=1.24");
  EXPECT_EQ(written("Typing_Extensions.x"), "typing-extensions-x");
  EXPECT_EQ(written("requests[socks, Security]==2.*"), "requests[security,socks]==2.*");
  EXPECT_EQ(written("a[]"), "a");
  EXPECT_EQ(written("tomli>=1 ; python_version<'3.11'"), "tomli>=1 ; python_version < \"3.11\"");
  EXPECT_EQ(written("x;(os_name=='posix' or sys_platform not in \"win32\") and extra == 'a'"),
            "x ; (os_name == \"posix\" or sys_platform not in \"win32\") and extra == \"a\"");
  EXPECT_EQ(written("torch==2.1.0+cpu"), "torch==2.1.0+cpu");
  EXPECT_EQ(written("x===1!2.0.post1"), "x===1!2.0.post1");
}

TEST(Requirement, IsNothingElse) {
  const std::vector<std::string> texts{"",
                                       " ",
                                       "-r other.txt",
                                       "--index-url=http://x",
                                       "-e .",
                                       "./local",
                                       "/tmp/x.whl",
                                       "x.whl/",
                                       "../up",
                                       "numpy @ https://x/y.whl",
                                       "numpy@file:///x",
                                       "https://x/y.whl",
                                       "git+https://x",
                                       "numpy\n--index-url http://x",
                                       std::string("numpy\0", 6),
                                       "numpy\r\n",
                                       "numpy #comment",
                                       "numpy --hash=sha256:00",
                                       "numpy>=1 -r x",
                                       "numpy>=",
                                       "numpy>=1,,<2",
                                       "numpy>=1,",
                                       "numpy()",
                                       "numpy[a,]",
                                       "numpy 1.0",
                                       "numpy[a",
                                       "numpy[-a]",
                                       "numpy>=1;",
                                       "numpy; nonsense == '1'",
                                       "numpy; os_name == 'a b'",
                                       "numpy; os_name == '${HOME}'",
                                       "numpy; os_name == 'a",
                                       "numpy; os_name",
                                       "numpy; (os_name == 'a'",
                                       "nümpy",
                                       "-numpy",
                                       "numpy-",
                                       ".numpy",
                                       "numpy>=-1",
                                       "numpy; os_name == '-r'  --pre",
                                       "${HOME}",
                                       std::string(2000, 'a'),
                                       "x;" + std::string(500, '(') + "os_name=='a'"};
  for (const std::string& text : texts) {
    const auto requirement = parse_requirement(text);
    ASSERT_FALSE(requirement) << text;
    EXPECT_EQ(requirement.error().kind, ErrorKind::parse);
    for (const char c : requirement.error().message) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << text;
  }
}

TEST(Requirement, SaysWhyAnAddressOrAnOptionIsRefused) {
  EXPECT_THAT(parse_requirement("x @ https://y/z.whl").error().message, HasSubstr("addresses are not allowed"));
  EXPECT_THAT(parse_requirement("-r file").error().message, HasSubstr("options of pip are not allowed"));
}

const std::string hash_a = "--hash=sha256:" + std::string(64, 'a');
const std::string hash_b = "--hash=sha256:" + std::string(64, 'b');

TEST(Lock, IsReadAsToolsWriteIt) {
  const auto lock = parse_lock("# by pip-compile\n\nNumPy==1.26.4 \\\n    " + hash_a + " \\\n    " + hash_b +
                                   "\n    # via -r requirements.in\r\ntomli==2.0 ; python_version < '3.11' " + hash_a,
                               "requirements.lock");
  ASSERT_TRUE(lock) << lock.error().text();
  ASSERT_EQ(lock->size(), 2U);
  EXPECT_EQ((*lock)[0].text, "numpy==1.26.4 " + hash_a + " " + hash_b);
  EXPECT_EQ((*lock)[1].text, "tomli==2.0 ; python_version < \"3.11\" " + hash_a);
  EXPECT_TRUE(parse_lock("", "x")->empty());
}

TEST(Lock, RefusesWhatIsNoPackageWithHashesAndSaysWhere) {
  const auto why = [](const std::string& text) {
    const auto lock = parse_lock("# one\n" + text, "requirements.lock");
    EXPECT_FALSE(lock) << text;
    if (lock) return std::string();
    EXPECT_EQ(lock.error().where, "requirements.lock:2");
    return lock.error().message;
  };
  EXPECT_THAT(why("numpy==1.26.4"), HasSubstr("has no --hash=sha256"));
  EXPECT_THAT(why("numpy>=1 " + hash_a), HasSubstr("must be one version"));
  EXPECT_THAT(why("numpy==1.* " + hash_a), HasSubstr("must be one version"));
  EXPECT_THAT(why("numpy==1,==2 " + hash_a), HasSubstr("must be one version"));
  EXPECT_THAT(why("--index-url http://x"), HasSubstr("options of pip"));
  EXPECT_THAT(why("-r other.txt"), HasSubstr("options of pip"));
  EXPECT_THAT(why("numpy==1 " + hash_a + " --global-option=x"), HasSubstr("only --hash=sha256"));
  EXPECT_THAT(why("numpy==1 " + hash_a + " scipy==1"), HasSubstr("only hashes may follow"));
  EXPECT_THAT(why("numpy==1 --hash=md5:abc"), HasSubstr("only --hash=sha256"));
  EXPECT_THAT(why("numpy==1 --hash=sha256:XYZ"), HasSubstr("only --hash=sha256"));
  EXPECT_THAT(why("numpy @ https://x/y.whl " + hash_a), HasSubstr("addresses are not allowed"));
}

TEST(PythonVersion, IsComparedByNumbers) {
  ASSERT_TRUE(python_version().starts_with("3.11.")) << "this test knows Python 3.11 only";
  const auto fits = [](std::string_view text) { return fits_python(text).value(); };
  for (const char* text :
       {"", ">=3.9", ">=3.11", "==3.11.*", "~=3.11", ">3.11", "!=3.12.*", ">=3.8,<4", " >= 3.10 , < 3.12 ", ">=3"}) {
    EXPECT_TRUE(fits(text)) << text;
  }
  for (const char* text : {">=3.12", "<3.11", "==3.12.*", "~=3.12", "==3.11", "<=3.10", "!=3.11.*", ">=3.8,<3.10", ">=4"}) {
    EXPECT_FALSE(fits(text)) << text;
  }
  for (const char* text :
       {"3.11", ">=", ">=x", ">=3.11;", ">=3..1", "~=3", ">=3.*", ">=3.11 <4", ">=99999999999999999999", "\n"}) {
    EXPECT_FALSE(fits_python(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace conclave::scripting
