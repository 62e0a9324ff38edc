#include "engine/logs/template_values.h"

#include <algorithm>
#include <map>

#include "engine/base/text.h"
#include "engine/logs/template_pass.h"

namespace conclave::logs {
namespace {

constexpr std::size_t most_values = 10;
constexpr std::size_t longest_value = 256;

struct SeenParameter {
  bool seen = false;
  ParameterKind kind = ParameterKind::mixed;
  std::map<std::string, std::uint64_t> counts;

  void add(std::string_view text, ParameterKind of) {
    kind = !seen || kind == of ? of : ParameterKind::mixed;
    seen = true;
    ++counts[std::string(text.substr(0, longest_value))];
  }
};

std::vector<ParameterValue> top_values(const SeenParameter& seen, std::uint64_t sampled, std::uint64_t count) {
  std::vector<ParameterValue> values;
  values.reserve(seen.counts.size());
  for (const auto& [text, times] : seen.counts) {
    const auto estimate = static_cast<double>(times) * static_cast<double>(count) / static_cast<double>(sampled);
    values.push_back({text, sampled == count ? times : static_cast<std::uint64_t>(estimate + 0.5)});
  }
  std::stable_sort(values.begin(), values.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
  values.resize(std::min(values.size(), most_values));
  for (ParameterValue& value : values) value.text = valid_utf8(value.text);
  return values;
}

std::string typed(const std::vector<ShapeToken>& tokens, const std::vector<SeenParameter>& seen) {
  std::string text;
  std::size_t next = 0;
  for (const ShapeToken& token : tokens) {
    if (token.spaced) text += ' ';
    if (token.text != parameter) {
      text += token.text;
      continue;
    }
    text += '<';
    text += parameter_kind_name(seen[next++].kind);
    text += '>';
  }
  return text;
}

}  // namespace

std::optional<std::vector<ShapeValue>> align_shape(const std::vector<ShapeToken>& shape,
                                                   const std::vector<ShapeToken>& of_template) {
  std::vector<ShapeValue> values;
  std::size_t own = 0;
  std::size_t i = 0;
  const auto glued = [](const std::vector<ShapeToken>& tokens, std::size_t at, std::string_view sign) {
    return at < tokens.size() && !tokens[at].spaced && tokens[at].text == sign;
  };
  for (std::size_t t = 0; t < of_template.size(); ++t, ++i) {
    if (i >= shape.size()) return std::nullopt;
    const std::string_view word = shape[i].text;
    if (of_template[t].text != parameter) {
      if (word != of_template[t].text) return std::nullopt;
    } else if (word == parameter) {
      values.push_back({own++, {}});
    } else if (glued(shape, i + 1, "(") && glued(shape, i + 2, parameter) && !glued(of_template, t + 1, "(")) {
      values.push_back({own++, word});
      i += 3;
    } else {
      values.push_back({SIZE_MAX, word});
    }
  }
  if (i != shape.size()) return std::nullopt;
  return values;
}

void fill_values(Template& found, const ShapeStats& all, const std::vector<std::pair<std::string, const ShapeStats*>>& shapes,
                 const TemplateOptions& options, const std::function<EncodedLine(std::uint64_t offset)>& line_at) {
  const std::vector<ShapeToken> tokens = split_shape(found.text);
  const auto size = static_cast<std::size_t>(
      std::count_if(tokens.begin(), tokens.end(), [](const auto& token) { return token.text == parameter; }));
  std::vector<SeenParameter> seen(size);
  if (size == 0) {
    found.typed_text = found.text;
    return;
  }
  ShapeMaker maker;
  for (const std::uint64_t offset : all.sample.offsets()) {
    const auto [bytes, encoding] = line_at(offset);
    const ParsedLine line = parse_line(bytes, options);
    const std::string shape = letters_of(maker.make(line.message), encoding);
    const auto values = align_shape(split_shape(shape), tokens);
    if (!values) continue;
    for (std::size_t i = 0; i < size; ++i) {
      const ShapeValue& value = (*values)[i];
      if (value.parameter == SIZE_MAX) {
        seen[i].add(value.word, ParameterKind::word);
      } else if (value.parameter < maker.parameters().size()) {
        const ShapeParameter& own = maker.parameters()[value.parameter];
        const std::string text = letters_of(line.message.substr(own.begin, own.end - own.begin), encoding);
        if (value.word.empty()) {
          seen[i].add(text, own.kind);
        } else {
          seen[i].add(std::string(value.word) + "(" + text + ")", ParameterKind::id);
        }
      }
    }
  }
  found.typed_text = typed(tokens, seen);
  if (!options.parameters) return;
  std::vector<DistinctCount> distinct(size);
  for (const auto& [text, stats] : shapes) {
    const auto values = align_shape(split_shape(text), tokens);
    if (!values) continue;
    for (std::size_t i = 0; i < size; ++i) {
      const ShapeValue& value = (*values)[i];
      if (value.parameter < stats->distinct.size()) distinct[i].merge(stats->distinct[value.parameter]);
      if (value.parameter == SIZE_MAX) distinct[i].add(value_hash(value.word));
    }
  }
  for (std::size_t i = 0; i < size; ++i) {
    found.parameters.push_back({seen[i].kind, distinct[i].estimate(), top_values(seen[i], all.sample.size(), found.count),
                                all.sample.size() == found.count});
  }
}

}  // namespace conclave::logs
