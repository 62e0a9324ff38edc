#include "engine/logs/fields.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

namespace conclave::logs {
namespace {

constexpr TimeUs reference = 1'772'366'405 * us_per_second;

// "a=1:number b=x"; kinds are named but for text, and lists are marked with a +.
std::string read(std::string_view line) {
  constexpr std::array<std::string_view, 4> kinds = {"", ":number", ":boolean", ":null"};
  FieldReader reader;
  reader.start(line);
  Field field;
  std::string out;
  std::string buffer;
  while (reader.next(field)) {
    if (!out.empty()) out += ' ';
    out += field.name;
    out += field.in_list ? "+=" : "=";
    out += text_of(field, buffer);
    out += kinds[static_cast<std::size_t>(field.kind)];
  }
  return out;
}

TEST(fields, of_json_have_types_and_dotted_names) {
  EXPECT_EQ(read(R"({"level":"info","status":500,"took":-1.5e2,"ok":true,"user":{"name":"alice","id":7},"x":null})"),
            "level=info status=500:number took=-1.5e2:number ok=true:boolean user.name=alice user.id=7:number x=null:null");
  EXPECT_EQ(read("  { \"a\" : 1 , \"b\":{ \"c\" : { } } , \"d\" : [ ] } \r"), "a=1:number b.c={}:null d=[]:null");
  EXPECT_EQ(read("{}"), "");
}

TEST(fields, of_arrays_bear_its_name_each) {
  EXPECT_EQ(read(R"({"tags":["a",2,[true]],"items":[{"id":1},{"id":2}],"b":3})"),
            "tags+=a tags+=2:number tags+=true:boolean items.id+=1:number items.id+=2:number b=3:number");
}

TEST(fields, of_json_have_their_escapes_undone) {
  EXPECT_EQ(read(R"({"msg":"say \"hi\"\n\u00e9 \ud83d\ude00 \\ \/","k\u00e4y":"v"})"),
            "msg=say \"hi\"\n\xC3\xA9 \xF0\x9F\x98\x80 \\ / k\xC3\xA4y=v");
  EXPECT_EQ(read(R"({"half":"\ud83d","odd":"\q \u12","x":"\x41"})"), "half=\xEF\xBF\xBD odd=\\q \\u12 x=A");
}

TEST(fields, of_logfmt_are_typed_too) {
  EXPECT_EQ(
      read(R"(ts=2026-03-01T12:00:00Z level=info msg="a \"b\" c" status=500 took=1.5 ok=false err= id=10.0.0.1)"),
      "ts=2026-03-01T12:00:00Z level=info msg=a \"b\" c status=500:number took=1.5:number ok=false:boolean err= id=10.0.0.1");
}

TEST(fields, of_sentences_end_before_their_punctuation) {
  EXPECT_EQ(read("Mar  1 12:00:05 host sshd[1]: login (user=alice, port=22) from='the office'; took=3s."),
            "user=alice port=22:number from=the office took=3s.");
  EXPECT_EQ(read("a=1,b=f(2);c=[3] list=x,y,z"), "a=1:number b=f(2) c=[3] list=x,y,z");
}

TEST(fields, are_not_looked_for_within_words) {
  EXPECT_EQ(read("GET http://x/?a=b&c=d if (a == b) x+=1 5=6 'q=1"), "");
  EXPECT_EQ(read("url=http://x/?a=b&c=d"), "url=http://x/?a=b&c=d");
}

TEST(fields, of_json_behind_a_header_or_as_a_value) {
  EXPECT_EQ(read(R"(2026-03-01T12:00:00Z stdout F {"level":"info","n":1} source=docker)"), "level=info n=1:number source=docker");
  EXPECT_EQ(read(R"(level=info payload={"a":{"b":1}} n=2)"), "level=info payload.a.b=1:number n=2:number");
  EXPECT_EQ(read("at {main} {x=1}"), "x=1:number");
}

TEST(fields, of_a_line_that_breaks_off_are_those_before) {
  const std::string line = R"({"a":1,"b":"two","c":{"d":true,"e":[5,6]}})";
  EXPECT_EQ(read(line.substr(0, line.find("o\","))), "a=1:number");
  EXPECT_EQ(read(line.substr(0, line.find("rue"))), "a=1:number b=two");
  EXPECT_EQ(read(line.substr(0, line.find("]"))), "a=1:number b=two c.d=true:boolean c.e+=5:number");
  EXPECT_EQ(read(R"({"a":1,"b"})"), "a=1:number");
  EXPECT_EQ(read(R"({"a":1,b:2})"), "a=1:number");
  EXPECT_EQ(read(R"({"a":1],"b":2})"), "a=1:number");
  EXPECT_EQ(read(R"({"a":,"b":2})"), "");
  EXPECT_EQ(read(R"(a=1 msg="open)"), "a=1:number");
}

TEST(fields, are_read_to_a_depth_and_what_is_deeper_is_left_out) {
  std::string deep;
  for (std::size_t i = 0; i < FieldReader::max_depth + 5; ++i) deep += "{\"a\":[1,\"]}\",";
  const std::string open = read(deep);
  EXPECT_EQ(std::count(open.begin(), open.end(), '1'), static_cast<std::ptrdiff_t>(FieldReader::max_depth) / 2);
  EXPECT_EQ(read("{\"x\":" + std::string(100, '[') + std::string(100, ']') + ",\"y\":2}"), "y=2:number");
  EXPECT_EQ(read("{\"x\":" + std::string(500'000, '[')), "");
  EXPECT_EQ(read(std::string(500'000, '{')), "");
}

TEST(fields, of_long_and_hostile_lines_take_no_longer_than_they_are_long) {
  for (const char* unit : {"{}", "{\"", "a='\\' ", "a=)", ")", "a=,", ",a", "a=\"", "{\"a\":{", "[", "\\", "x='"}) {
    std::string line = "k=v ";
    while (line.size() < 3'000'000) line += unit;
    FieldReader reader;
    reader.start(line);
    Field field;
    std::size_t count = 0;
    while (reader.next(field)) ++count;
    EXPECT_GE(count, 1U) << unit;
  }
}

TEST(fields, of_a_line_that_is_too_long_are_never_half_ones) {
  std::string line = "a=1 b=";
  line += std::string(FieldReader::longest_line, '7');
  EXPECT_EQ(read(line), "a=1:number");
  EXPECT_EQ(read("{\"a\":1,\"b\":\"" + std::string(FieldReader::longest_line, 'x') + "\",\"c\":2}"), "a=1:number");
}

// What nlohmann::json says of an object, in the reader's words.
void flatten(const nlohmann::json& json, const std::string& name, bool in_list, bool root, std::vector<std::string>& out) {
  if (json.is_object() && !json.empty()) {
    for (const auto& [key, value] : json.items()) flatten(value, root ? key : name + "." + key, in_list, false, out);
  } else if (json.is_array() && !json.empty()) {
    for (const auto& value : json) flatten(value, name, true, false, out);
  } else if (!root) {
    const char* kind = json.is_number() ? ":number" : json.is_boolean() ? ":boolean" : json.is_string() ? "" : ":null";
    std::string text = json.is_string() ? json.get<std::string>() : json.dump();
    out.push_back(name + (in_list ? "+=" : "=") + text + kind);
  }
}

TEST(fields, of_any_json_are_those_that_a_library_finds) {
  std::mt19937 random(11);
  const std::function<nlohmann::json(int)> make = [&](int depth) -> nlohmann::json {
    constexpr std::array<std::string_view, 6> texts = {
        "", "plain", "a \"quote\"", "tab\t\\", "\xC3\xA9\xF0\x9F\x98\x80", "x=1 {\"y\":2}"};
    switch (random() % (depth > 5 ? 5U : 7U)) {
      case 0:
        return nullptr;
      case 1:
        return random() % 2 == 0;
      case 2:
        return static_cast<int>(random() % 2000) - 1000;
      case 3:
        return static_cast<double>(random()) / 1024;
      case 4:
        return texts[random() % texts.size()];
      case 5: {
        auto list = nlohmann::json::array();
        for (unsigned i = random() % 4; i > 0; --i) list.push_back(make(depth + 1));
        return list;
      }
      default: {
        auto object = nlohmann::json::object();
        for (unsigned i = random() % 4; i > 0; --i)
          object[std::string(texts[random() % texts.size()]) + std::to_string(i)] = make(depth + 1);
        return object;
      }
    }
  };
  for (int i = 0; i < 3000; ++i) {
    nlohmann::json object = {{"first", make(0)}, {"second", make(0)}, {"third", make(0)}};
    std::vector<std::string> expected;
    flatten(object, "", false, true, expected);
    std::string joined;
    for (const std::string& each : expected) joined += (joined.empty() ? "" : " ") + each;
    EXPECT_EQ(read(object.dump()), joined) << object.dump();
    EXPECT_EQ(read(object.dump(-1, ' ', true)), joined) << "with escapes for all that is not ASCII";
    EXPECT_EQ(read(object.dump(1)), joined) << "with blanks";
  }
}

TEST(fields, numbers_are_compared_exactly_as_far_as_64_bits_go) {
  const auto order = [](std::string_view a, std::string_view b) { return compare(*number_of(a), *number_of(b)); };
  EXPECT_EQ(order("9007199254740993", "9007199254740992"), 1);
  EXPECT_EQ(order("500", "5e2"), 0);
  EXPECT_EQ(order("-1", "0.5"), -1);
  EXPECT_EQ(order("1e999", "18446744073709551616"), 1);
  EXPECT_EQ(order("1e-999", "0"), 0);
  for (const char* none : {"", "-", "x", "1x", "10.0.0.1", "0x10", "inf", "nan", "+1", "2026-03-01"})
    EXPECT_FALSE(number_of(none)) << none;
}

TEST(fields, times_have_any_known_form_and_are_the_whole_value) {
  EXPECT_EQ(time_of("2026-03-01T12:00:05.5Z", reference), reference + 500'000);
  EXPECT_EQ(time_of("1772366405", reference), reference);
  EXPECT_EQ(time_of("1772366405500", reference), reference + 500'000);
  EXPECT_EQ(time_of("Mar  1 12:00:05", reference), reference);
  EXPECT_FALSE(time_of("at 2026-03-01T12:00:05Z", reference));
  EXPECT_FALSE(time_of("2026-03-01T12:00:05Z and on", reference));
}

TEST(fields, usual_names_are_known) {
  EXPECT_EQ(usual_role("@timestamp"), FieldRole::time);
  EXPECT_EQ(usual_role("severity"), FieldRole::level);
  EXPECT_EQ(usual_role("msg"), FieldRole::message);
  EXPECT_EQ(usual_role("user.msg"), FieldRole::other);
}

TEST(structure, of_a_line) {
  EXPECT_EQ(structure_of(R"( {"a":1})"), Structure::json);
  EXPECT_EQ(structure_of(R"({"a":)"), Structure::json);
  EXPECT_EQ(structure_of("{not json}"), Structure::text);
  EXPECT_EQ(structure_of("level=info msg=\"it is so\" n=1"), Structure::logfmt);
  EXPECT_EQ(structure_of("level=info"), Structure::text);
  EXPECT_EQ(structure_of("a=1 b=2 and then there comes a long sentence"), Structure::text);
  EXPECT_EQ(structure_of("2026-03-01 12:00:05 user=alice status=500"), Structure::text);
  EXPECT_EQ(structure_of(""), Structure::text);
}

TEST(structure, of_a_log_is_that_of_most_of_its_lines) {
  std::string json;
  for (int i = 0; i < 10'000; ++i) json += i % 5 == 0 ? "  at a.B.c\n" : "{\"n\":" + std::to_string(i) + "}\n";
  EXPECT_EQ(structure_of_log(json), Structure::json);
  EXPECT_EQ(structure_of_log("a=1 b=2\n\n\nc=3 d=4\r\n"), Structure::logfmt);
  EXPECT_EQ(structure_of_log("a text\n{\"a\":1}\n"), Structure::text);
  EXPECT_EQ(structure_of_log(""), Structure::text);
  EXPECT_EQ(structure_of_log(std::string(1'000'000, '{')), Structure::text);
}

}  // namespace
}  // namespace conclave::logs
