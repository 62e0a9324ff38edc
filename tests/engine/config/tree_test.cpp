#include "engine/config/tree.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/engine/temporary_folder.h"

namespace conclave::config {
namespace {

using ::testing::HasSubstr;

Node read(std::string_view text) {
  auto node = read_yaml(text, "f.yaml");
  EXPECT_TRUE(node) << node.error().text();
  return node ? std::move(*node) : Node{};
}

std::string place(const Node* node) { return node == nullptr ? "absent" : node->location.text(); }

TEST(Tree, KnowsThePlaceOfEveryValueInBytes) {
  const Node root = read("a: {\xC3\xA9: 1, b: \"q\"}\r\nbb:\r\n  - x\r\n  - [y]\r\n");
  EXPECT_EQ(place(&root), "f.yaml:1:1");
  EXPECT_EQ(place(root.find("a")), "f.yaml:1:4");
  EXPECT_EQ(place(root.find("a")->find("\xC3\xA9")), "f.yaml:1:9");
  EXPECT_EQ(place(root.find("a")->find("b")), "f.yaml:1:15");
  EXPECT_EQ(place(&root.entries[1].first), "f.yaml:2:1");
  EXPECT_EQ(place(&root.find("bb")->items[0]), "f.yaml:3:5");
  EXPECT_EQ(place(&root.find("bb")->items[1].items[0]), "f.yaml:4:6");
}

TEST(Tree, PlacesAValueThatIsMissingWhereItWasExpected) {
  const Node root = read("a:\n\nb:\n  -\n\n  - x\n  -\nc: ~\n");
  EXPECT_EQ(root.find("a")->kind, NodeKind::null);
  EXPECT_EQ(place(root.find("a")), "f.yaml:1:1");
  EXPECT_EQ(place(&root.find("b")->items[0]), "f.yaml:4:3");
  EXPECT_EQ(place(&root.find("b")->items[2]), "f.yaml:7:3");
  EXPECT_EQ(place(root.find("c")), "f.yaml:8:1");
}

TEST(Tree, AnEmptyFileIsNull) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "---\n...\n", "\xEF\xBB\xBF"}) {
    const Node root = read(text);
    EXPECT_EQ(root.kind, NodeKind::null) << text;
    EXPECT_GE(root.location.line, 1) << text;
  }
}

TEST(Tree, SkipsAByteOrderMark) {
  const Node root = read(
      "\xEF\xBB\xBF"
      "a: 1\n");
  EXPECT_EQ(place(root.find("a")), "f.yaml:1:4");
}

TEST(Tree, TakesQuotedAndTaggedTextAsText) {
  const Node root = read("- 1\n- '1'\n- \"1\"\n- !!str 1\n- !!int '1'\n- !Ref 1\n- |\n  1\n");
  const std::vector<bool> quoted = {false, true, true, true, false, true, true};
  ASSERT_EQ(root.items.size(), quoted.size());
  for (std::size_t i = 0; i < quoted.size(); ++i) EXPECT_EQ(root.items[i].quoted, quoted[i]) << i;
  EXPECT_EQ(root.items[6].scalar, "1\n");
}

TEST(Tree, CopiesWhatAnAliasNames) {
  const Node root = read("a: &x {k: [1, 2]}\nb: *x\n");
  EXPECT_EQ(root.find("b")->to_json(), root.find("a")->to_json());
  EXPECT_EQ(place(root.find("b")), "f.yaml:2:4");
  EXPECT_EQ(place(root.find("b")->find("k")), "f.yaml:1:11") << "what is inside stays where it was written";
}

TEST(Tree, MergesMapsBelowTheirOwnKeys) {
  const Node root = read(
      "base: &base {a: 1, b: 1, c: 1}\n"
      "more: &more {c: 2, d: 2}\n"
      "one: {<<: *base, b: 9}\n"
      "two: {<<: [*more, *base], b: 9}\n"
      "text: {'<<': 5}\n");
  EXPECT_EQ(root.find("one")->to_json(), nlohmann::json::parse(R"({"a":1,"b":9,"c":1})"));
  EXPECT_EQ(root.find("two")->to_json(), nlohmann::json::parse(R"({"a":1,"b":9,"c":2,"d":2})"));
  EXPECT_EQ(root.find("text")->to_json(), nlohmann::json::parse(R"({"<<":5})"));
  EXPECT_EQ(place(root.find("one")->find("a")), "f.yaml:1:17");
}

struct BadInput {
  const char* what;
  std::string text;
  const char* where;
  const char* message;
};

class BadYaml : public ::testing::TestWithParam<BadInput> {};

TEST_P(BadYaml, IsRefusedWithItsPlace) {
  const auto node = read_yaml(GetParam().text, "f.yaml");
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error().kind, ErrorKind::parse);
  EXPECT_EQ(node.error().where, GetParam().where) << node.error().message;
  EXPECT_THAT(node.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadYaml,
    ::testing::Values(
        BadInput{"duplicate_key", "a: 1\nb: 2\na: 3\n", "f.yaml:3:1", "key 'a' appears twice; the first is in line 1"},
        BadInput{"duplicate_quoted_key", "{a: 1, \"a\": 2}", "f.yaml:1:8", "key 'a' appears twice"},
        BadInput{"duplicate_merge", "a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n", "f.yaml:4:3", "key '<<' appears twice"},
        BadInput{"merge_of_a_scalar", "a:\n  <<: 5\n", "f.yaml:2:7", "merges maps"},
        BadInput{"merge_of_a_list_of_scalars", "a: {<<: [1]}\n", "f.yaml:1:10", "merges maps"},
        BadInput{"two_documents", "a: 1\n---\nb: 2\n", "f.yaml:2:1", "a second document begins here"},
        BadInput{"two_documents_the_first_empty", "---\n---\nb: 2\n", "f.yaml:2:1", "a second document begins here"},
        BadInput{"list_then_map", "- a\nb: 1\n", "f.yaml:2:1", "check the indentation"},
        BadInput{"token_that_fits_nowhere", "? x\n,", "f.yaml:2:1", "does not"},
        BadInput{"document_without_end", "%t!<ta%t!<tagg:y.o2,:y.o200x?\n,00x?\n", "f.yaml:2:1", "does not belong"},
        BadInput{"bad_indentation", "a:\n  b: 1\n c: 2\n", "f.yaml:3:2", "check"},
        BadInput{"tab_indentation", "a:\n\tb: 1\n", "f.yaml:2:3", "the line is indented with a tab"},
        BadInput{"tab_in_text", "a: x\n\ty\n", "f.yaml:2:1", "a tab in the indentation; YAML indents with spaces"},
        BadInput{"open_list", "a: [1, 2\nb: 3\n", "f.yaml:2:2", "the list opened by '['"},
        BadInput{"open_quote", "a: \"x\nb: 3\n", "f.yaml:3:1", "not closed before the end"},
        BadInput{"open_quote_before_blanks", "a: 'x\n  ", "f.yaml:2:3", "not closed before the end"},
        BadInput{"open_quote_without_line_break", "a: \"x", "f.yaml:1:6", "not closed before the end"},
        BadInput{"open_quote_alone", "\"x\n", "f.yaml:2:1", "not closed before the end"},
        BadInput{"open_map", "a: {b: 1\n", "f.yaml:2:1", "the map opened by '{'"},
        BadInput{"open_map_without_line_break", "a: {b: 1", "f.yaml:1:9", "the map opened by '{'"},
        BadInput{"two_colons", "a: b: c\n", "f.yaml:1:5", "a ':' where no value can begin"},
        BadInput{"stray_bracket", "a: ]\n", "f.yaml:1:4", "closing bracket"},
        BadInput{"stray_at", "a: @x\n", "f.yaml:1:4", "cannot begin a value"},
        BadInput{"unknown_alias", "a: *nobody\n", "f.yaml:1:4", "anchor"},
        BadInput{"alias_in_itself", "a: &x [1, *x]\n", "f.yaml:1:11", "inside the very value"},
        BadInput{"key_is_a_list", "? [1]\n: 2\n", "f.yaml:1:3", "a key must be"},
        BadInput{"key_is_an_alias_of_a_list", "a: &x [1]\n*x : 2\n", "f.yaml:2:1", "a key must be"},
        BadInput{"no_key", "a: 1\n: 2\n", "f.yaml:2:1", "a key is missing"},
        BadInput{"null_key", "null: 2\n", "f.yaml:1:1", "quote it"},
        BadInput{"nul_byte", std::string("a: 1\nb: \0x\n", 11), "f.yaml:2:4", "a NUL byte"},
        BadInput{"control_character", "a: 1\nb: \x04 2\nc: 3\n", "f.yaml:2:4", "control character 0x4"},
        BadInput{"escape", "a: \x1B[31m\n", "f.yaml:1:4", "control character 0x1B"},
        BadInput{"invalid_utf8", "a: 1\nbc: x\xC3(\n", "f.yaml:2:6", "invalid UTF-8"},
        BadInput{"truncated_utf8", "a: \xE2\x82", "f.yaml:1:4", "invalid UTF-8"},
        BadInput{"truncated_mark", "a: \xEF\xBF", "f.yaml:1:4", "invalid UTF-8"},  // what would replace it begins with it
        BadInput{"surrogate", "a: \xED\xA0\x80\n", "f.yaml:1:4", "invalid UTF-8"},
        BadInput{"utf16",
                 std::string("\xFF\xFE"
                             "a\0:\0",
                             6),
                 "f.yaml:1:1", "UTF-16"},
        BadInput{"binary",
                 std::string("\x7F"
                             "ELF\x02\x01\x01\0\0",
                             9),
                 "f.yaml:1:1", "control character 0x7F"}),
    [](const auto& test) { return test.param.what; });

TEST(Tree, RefusesAnAliasBombBeforeItIsExpanded) {
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string name = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + name + "," + name + "," + name + "," + name + "]\n";
  }
  TreeLimits limits;
  limits.max_nodes = 10'000;
  const auto node = read_yaml(bomb, "f.yaml", limits);
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error().kind, ErrorKind::limit);
  EXPECT_THAT(node.error().text(), HasSubstr("f.yaml:7:"));
  EXPECT_THAT(node.error().message, HasSubstr("more than 10000 values"));
}

TEST(Tree, RefusesABombOfOneLongText) {
  std::string bomb = "a: &a " + std::string(1000, 'x') + "\nb:\n";
  for (int i = 0; i < 100; ++i) bomb += "- *a\n";
  TreeLimits limits;
  limits.max_bytes = 20'000;
  const auto node = read_yaml(bomb, "f.yaml", limits);
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error().kind, ErrorKind::limit);
  EXPECT_THAT(node.error().message, HasSubstr("bytes of text"));
}

TEST(Tree, RefusesAliasesThatNestTooDeep) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 70; ++i)
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  const auto node = read_yaml(text, "f.yaml");
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error().text(), "f.yaml:64:12: nested more than 64 levels deep");
}

TEST(Tree, RefusesDeepNestingWithoutRecursingIntoIt) {
  for (const std::string opening : {"[", "{", "- ", "? ", "[{", "{a: ", "[? "}) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += opening;
    const auto node = read_yaml(text, "f.yaml");
    ASSERT_FALSE(node) << opening;
    EXPECT_EQ(node.error().kind, ErrorKind::limit) << opening << node.error().text();
    EXPECT_THAT(node.error().text(), HasSubstr("f.yaml:1:")) << opening;
  }
}

TEST(Tree, RefusesDeepNestingEvenWhereTheLimitAllowsIt) {
  TreeLimits limits;
  limits.max_depth = 1'000'000;
  const auto node = read_yaml(std::string(100'000, '['), "f.yaml", limits);
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error().kind, ErrorKind::limit);
}

TEST(Tree, AllowsExactlyTheDepthOfTheLimit) {
  TreeLimits limits;
  limits.max_depth = 3;
  EXPECT_TRUE(read_yaml("[[[1]]]", "f.yaml", limits));
  EXPECT_FALSE(read_yaml("[[[[1]]]]", "f.yaml", limits));
}

TEST(Tree, ReadsTenMegabytesOfServices) {
  std::string text = "services:\n";
  for (int i = 0; text.size() < 10'000'000; ++i)
    text += "  service-" + std::to_string(i) +
            ":\n    replicas: 3\n    environment: {NAME: some value of a usual length, OTHER: \"quoted\"}\n";
  const auto node = read_yaml(text, "f.yaml");
  ASSERT_TRUE(node) << node.error().text();
  EXPECT_GT(node->find("services")->entries.size(), 90'000U);
}

TEST(TreeFile, SaysWhatIsWrongWithTheFile) {
  const TemporaryFolder folder;
  const auto absent = read_yaml_file(folder.path() / "absent.yaml");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().kind, ErrorKind::io);
  EXPECT_EQ(absent.error().os_error, ENOENT);
  EXPECT_THAT(absent.error().text(), HasSubstr("absent.yaml: cannot open: No such file"));

  const auto directory = read_yaml_file(folder.path());
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().os_error, EISDIR);

  const auto pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto fifo = read_yaml_file(pipe);
  ASSERT_FALSE(fifo) << "and did not wait for a writer";
  EXPECT_THAT(fifo.error().message, HasSubstr("not a regular file"));

  TreeLimits limits;
  limits.max_bytes = 10;
  const auto large = read_yaml_file(folder.write("large.yaml", "a: 123456789\n"), limits);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().kind, ErrorKind::limit);
}

TEST(TreeFile, RefusesAFileThatMayNotBeRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const TemporaryFolder folder;
  const auto path = folder.write("secret.yaml", "a: 1\n");
  std::filesystem::permissions(path, std::filesystem::perms::none);
  const auto node = read_yaml_file(path);
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error().os_error, EACCES);
}

TEST(TreeFile, ReadsAnEmptyFileAsNullAndAFullOneWithItsPath) {
  const TemporaryFolder folder;
  const auto empty = read_yaml_file(folder.write("empty.yaml", ""));
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->kind, NodeKind::null);

  const std::string text(200'000, '#');
  const auto path = folder.write("full.yaml", text + "\na: 1\n");
  const auto full = read_yaml_file(path);
  ASSERT_TRUE(full);
  EXPECT_EQ(full->find("a")->location.text(), path.native() + ":2:4");
}

}  // namespace
}  // namespace conclave::config
