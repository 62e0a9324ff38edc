// Any bytes as a line: the fields of a JSON object are those that nlohmann::json finds before an error, cutting one off loses
// only fields at its end, and searching for a field finds the lines that have it.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/logs/fields.h"
#include "engine/logs/search.h"

namespace {

using namespace conclave;
using namespace conclave::logs;

void check(bool holds, int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "the check in line %d does not hold\n", line);
  std::abort();
}

struct Read {
  std::string name;
  std::string value;  // not of numbers, which can be written in several ways
  bool is_number = false;
  bool operator==(const Read&) const = default;
};
using Fields = std::vector<Read>;

Fields fields_of(std::string_view line) {
  Fields fields;
  FieldReader reader;
  reader.start(line);
  std::string buffer;
  for (Field field; reader.next(field);) {
    const std::string_view text = text_of(field, buffer);
    if (field.kind == FieldKind::number) check(number_of(text).has_value());
    const bool is_number = field.kind == FieldKind::number;
    fields.push_back({std::string(field.name), is_number ? std::string() : std::string(text), is_number});
    check(fields.size() <= line.size());
  }
  return fields;
}

// Keeps what comes before an error.
class Plain : public nlohmann::json_sax<nlohmann::json> {
 public:
  Fields fields;
  bool too_deep = false;

  bool null() override { return put("null"); }
  bool boolean(bool value) override { return put(value ? "true" : "false"); }
  bool number_integer(number_integer_t /*value*/) override { return put({}, true); }
  bool number_unsigned(number_unsigned_t /*value*/) override { return put({}, true); }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return put({}, true); }
  bool string(string_t& value) override { return put(value); }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*size*/) override { return open(true); }
  bool start_array(std::size_t /*size*/) override { return !open_.empty() && open(false); }
  bool end_object() override { return close("{}"); }
  bool end_array() override { return close("[]"); }
  bool key(string_t& name) override {
    name_ = open_.back().name + (open_.size() > 1 ? "." : "") + name;
    open_.back().empty = false;
    return true;
  }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/, const nlohmann::json::exception& /*why*/) override {
    return false;
  }

 private:
  struct Open {
    std::string name;
    bool object;
    bool empty = true;
  };
  bool put(std::string value, bool is_number = false) {
    if (open_.empty()) return false;
    open_.back().empty = false;
    fields.push_back({open_.back().object ? name_ : open_.back().name, std::move(value), is_number});
    return true;
  }
  bool open(bool object) {
    too_deep = too_deep || open_.size() == FieldReader::max_depth;
    std::string name = open_.empty() ? "" : open_.back().object ? name_ : open_.back().name;
    if (!open_.empty()) open_.back().empty = false;
    open_.push_back({std::move(name), object});
    return true;
  }
  bool close(const char* empty) {
    const Open closed = open_.back();
    open_.pop_back();
    if (closed.empty && !open_.empty()) fields.push_back({closed.name, empty});
    return true;
  }
  std::string name_;
  std::vector<Open> open_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string_view line = bytes.substr(0, bytes.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  const Fields fields = fields_of(line);

  const std::size_t begin = line.find_first_not_of(" \t\r");
  if (begin != std::string_view::npos && line[begin] == '{') {
    Plain plain;
    const bool whole = nlohmann::json::sax_parse(line, &plain);
    if (!plain.too_deep && !plain.fields.empty()) {
      if (!whole) plain.fields.pop_back();  // what stands at the break may be a part only: 12 of 123, true of truest
      check(plain.fields.size() <= fields.size());
      for (std::size_t i = 0; i < plain.fields.size(); ++i) check(plain.fields[i] == fields[i]);
      if (whole) check(plain.fields.size() == fields.size());
    }
    const Fields cut = whole ? fields_of(line.substr(0, line.size() / 2)) : Fields();
    check(cut.size() <= fields.size());
    for (std::size_t i = 0; i < cut.size(); ++i) check(cut[i] == fields[i]);
  }
  (void)structure_of_log(bytes);

  if (fields.empty()) return 0;
  const auto& [name, value, is_number] = fields[size % fields.size()];
  if (name.empty()) return 0;
  Job job;
  SearchOptions options;
  options.reference = 1;
  FieldFilter filter{name, FieldFilter::Test::equal, value, true};
  if (is_number) filter = {name, FieldFilter::Test::at_least, "-1e999"};
  const auto found = Search::compile(Expression::of(filter)).value().run(line, options, job);
  check(found && found->found == 1);
  return 0;
}
