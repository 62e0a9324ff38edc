#include "engine/consensus/aggregation/label_file.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace conclave::consensus {
namespace {

Result<NamedLabels> labels_from_json_text(const std::string& text) {
  return labels_from_json(nlohmann::json::parse(text), "t.json");
}

std::string problem_of(const Result<NamedLabels>& read) { return read ? "none" : read.error().text(); }

TEST(LabelFile, names_its_columns_in_any_order_and_has_others) {
  const auto read = labels_from_csv("label,note,worker,item\nyes,,b,2\nno,x,a,10\n", "t.csv");
  ASSERT_TRUE(read) << problem_of(read);
  EXPECT_EQ(read->items, (std::vector<std::string>{"10", "2"}));
  EXPECT_EQ(read->experts, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(read->classes, (std::vector<std::string>{"no", "yes"}));
  EXPECT_EQ(read->table.of_item(1).front(), (Mark{1, 1}));
}

TEST(LabelFile, takes_quotes_carriage_returns_a_byte_order_mark_and_no_final_newline) {
  const auto read = labels_from_csv("\xef\xbb\xbfitem,expert,label\r\n\"a, \"\"b\"\"\nc\",e,\"x\"\r\n\r\nd,e,y", "t.csv");
  ASSERT_TRUE(read) << problem_of(read);
  EXPECT_EQ(read->items, (std::vector<std::string>{"a, \"b\"\nc", "d"}));
  EXPECT_EQ(read->classes, (std::vector<std::string>{"x", "y"}));
}

TEST(LabelFile, says_which_line_is_wrong) {
  const std::string head = "item,expert,label\n1,a,x\n";
  EXPECT_EQ(problem_of(labels_from_csv("", "t.csv")), "t.csv:1: no column is called item");
  EXPECT_EQ(problem_of(labels_from_csv("item,who,label\n", "t.csv")), "t.csv:1: no column is called expert");
  EXPECT_EQ(problem_of(labels_from_csv(head + "1,b\n", "t.csv")), "t.csv:3: has 2 columns, the first line 3");
  EXPECT_EQ(problem_of(labels_from_csv(head + "1,,y\n", "t.csv")), "t.csv:3: the expert is empty");
  EXPECT_EQ(problem_of(labels_from_csv(head + "1,b,\xff\n", "t.csv")), "t.csv:3: the label is not UTF-8");
  EXPECT_EQ(problem_of(labels_from_csv(head + "\"1\n\n,b,x\n", "t.csv")), "t.csv:3: a quote is not closed");
}

TEST(LabelFile, may_be_an_array_of_objects) {
  const auto read =
      labels_from_json_text(R"([{"item": 1, "expert": "a", "label": true}, {"item": 1, "worker": "b", "label": false}])");
  ASSERT_TRUE(read) << problem_of(read);
  EXPECT_EQ(read->experts, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(read->classes, (std::vector<std::string>{"false", "true"}));
  EXPECT_TRUE(read->truth.empty());
  EXPECT_FALSE(read->opinions);
}

TEST(LabelFile, says_which_row_is_wrong) {
  EXPECT_EQ(problem_of(labels_from_json_text("{}")), "t.json: is not an array of {item, expert, label}");
  EXPECT_EQ(problem_of(labels_from_json_text("[1]")), "t.json: row 0: is not an object {item, expert, label}");
  EXPECT_EQ(problem_of(labels_from_json_text(R"([{"item": "x", "expert": "a", "label": null}])")),
            "t.json: row 0: has no label that is a text, a number or an object of probabilities");
  EXPECT_EQ(problem_of(labels_from_json_text(R"([{"item": "", "expert": "a", "label": 1}])")),
            "t.json: row 0: the item is empty");
  EXPECT_EQ(problem_of(labels_from_json_text(R"([{"item": 1, "expert": "a", "label": {"x": 1.5}}])")),
            "t.json: row 0: the probability of x is not a number from 0 to 1");
  EXPECT_EQ(problem_of(labels_from_json_text(R"([{"item": 1, "expert": "a", "label": {}}])")),
            "t.json: row 0: has no probabilities");
  EXPECT_EQ(problem_of(labels_from_json_text(R"([{"item": 1, "expert": "a", "label": 1, "truth": []}])")),
            "t.json: row 0: has a truth that is no text or number");
}

TEST(LabelFile, takes_what_is_known_of_the_truth_from_a_column_and_from_elsewhere) {
  const std::string rows = "item,expert,label,truth\n1,a,x,z\n1,b,y,\n2,a,x,\n3,a,y,\n";
  const auto read = labels_from_csv(rows, "t.csv", {{"3", "x"}});
  ASSERT_TRUE(read) << problem_of(read);
  EXPECT_EQ(read->classes, (std::vector<std::string>{"x", "y", "z"}));
  EXPECT_EQ(read->truth, (std::vector<std::int32_t>{2, -1, 0}));
  EXPECT_EQ(problem_of(labels_from_csv(rows, "t.csv", {{"4", "x"}})),
            "t.csv: the truth of item 4 is given, which nobody labelled");
  EXPECT_EQ(problem_of(labels_from_csv(rows, "t.csv", {{"1", "x"}})), "t.csv: item 1 has two truths, z and x");
  EXPECT_EQ(problem_of(labels_from_csv(rows + "1,c,x,y\n", "t.csv")), "t.csv:6: item 1 has two truths, z and y");
}

TEST(LabelFile, collects_the_probabilities_of_an_expert_for_an_item) {
  const auto read = labels_from_csv("item,expert,label,probability\n1,a,x,0.25\n1,b,y,\n1,a,y,0.75\n", "t.csv");
  ASSERT_TRUE(read) << problem_of(read);
  ASSERT_TRUE(read->opinions);
  EXPECT_EQ(read->opinions->experts, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(read->opinions->probabilities.values, (std::vector<double>{0.25, 0.75, 0.0, 1.0}));
  EXPECT_EQ(read->table.marks(), 2U);
  EXPECT_EQ(read->table.of_item(0)[0], (Mark{0, 1}));
  const std::string head = "item,expert,label,probability\n";
  EXPECT_EQ(problem_of(labels_from_csv(head + "1,a,x,0.25\n", "t.csv")),
            "t.csv: the probabilities of expert a for item 1 add up to 0.25, not to 1");
  EXPECT_EQ(problem_of(labels_from_csv(head + "1,a,x,0.5\n1,a,x,0.5\n", "t.csv")),
            "t.csv: label x has two probabilities of expert a for item 1");
  for (const char* wrong : {"nan", "-0.1", "1.1", "inf", "0x1p-1", "0.5 "}) {
    EXPECT_EQ(problem_of(labels_from_csv(head + "1,a,x," + wrong + "\n", "t.csv")),
              "t.csv:2: the probability is not a number from 0 to 1");
  }
}

TEST(LabelFile, reads_truths_alone) {
  EXPECT_EQ(truths_from_csv("truth,item\nx,1\n", "f.csv").value(), (Truths{{"1", "x"}}));
  EXPECT_EQ(truths_from_json(nlohmann::json{{"1", 5}}, "f.json").value(), (Truths{{"1", "5"}}));
  EXPECT_EQ(truths_from_csv("item,truth\n1,x\n1,x\n", "f.csv").error().text(), "f.csv:3: item 1 is there twice");
  EXPECT_EQ(truths_from_csv("item,label\n", "f.csv").error().text(), "f.csv:1: no column is called truth");
  EXPECT_EQ(truths_from_json(nlohmann::json::array(), "f.json").error().text(), "f.json: is not an object from item to truth");
}

TEST(LabelFile, takes_labels_as_opinions_that_are_certain) {
  const auto read = labels_from_csv("item,expert,label\n1,a,x\n1,b,y\n", "t.csv");
  ASSERT_TRUE(read) << problem_of(read);
  EXPECT_EQ(certain_opinions(read->table).value().probabilities.values, (std::vector<double>{1.0, 0.0, 0.0, 1.0}));
}

}  // namespace
}  // namespace conclave::consensus
