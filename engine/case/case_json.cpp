#include "engine/case/case_json.h"

#include <string_view>
#include <utility>

#include "engine/base/byte_text.h"
#include "engine/case/json_optional.h"
#include "engine/scan/probe/needs.h"

namespace conclave {
namespace {

using nlohmann::json;

std::string path_from(const json& in) {
  auto path = text_as_bytes(in.get_ref<const std::string&>());
  if (!path) throw json::other_error::create(501, "a path holds what is no byte", &in);
  return std::move(*path);
}

json target_to_json(const scan::Target& target) {
  return {{"name", target.name},
          {"host", target.host},
          {"port", target.port},
          {"expect", target.expect ? json(scan::state_name(*target.expect)) : json(nullptr)},
          {"probe", target.probe},
          {"needs", target.needs ? scan::to_json(*target.needs) : json(nullptr)},
          {"p95_ms", target.p95_ms ? json(*target.p95_ms) : json(nullptr)}};
}

scan::Target target_from_json(const json& in) {
  scan::Target target{in.at("name"), in.at("host"), in.at("port").get<std::uint16_t>(), std::nullopt};
  if (const json& expect = in.at("expect"); !expect.is_null()) {
    target.expect = scan::state_from_name(expect.get_ref<const std::string&>());
    if (!target.expect) throw json::other_error::create(501, "unknown state '" + expect.get<std::string>() + "'", &in);
  }
  target.probe = in.value("probe", std::string());
  if (const json needs = in.value("needs", json(nullptr)); !needs.is_null()) {
    auto read = scan::needs_from_json(needs);
    if (!read) throw json::other_error::create(501, read.error().message, &in);
    target.needs = std::make_shared<const scan::Needs>(std::move(*read));
  }
  if (const json p95 = in.value("p95_ms", json(nullptr)); !p95.is_null()) target.p95_ms = p95.get<double>();
  return target;
}

json command_to_json(const LogCommand& command) {
  return {{"command", command.line}, {"name", command.name}, {"timeout", command.timeout_s}, {"max_bytes", command.max_bytes}};
}

LogCommand command_from_json(const json& in) {
  LogCommand command{in.at("command"), in.at("name"), in.at("timeout"), in.at("max_bytes")};
  if (const std::string flaw = flaw_of_command(command.line); !flaw.empty()) throw json::other_error::create(501, flaw, &in);
  return command;
}

Case read(const json& in) {
  Case subject;
  subject.file = path_from(in.at("file"));
  subject.base = path_from(in.at("base"));
  in.at("name").get_to(subject.name);
  in.at("question_text").get_to(subject.question_text);
  subject.question = question_from_json(in.at("question"));
  subject.change_time = optional_from<TimeUs>(in.at("change_time"));
  if (const json& range = in.at("time_range"); !range.is_null())
    subject.time_range = {range.at(0).get<TimeUs>(), range.at(1).get<TimeUs>()};
  for (const json& log : in.at("logs")) subject.logs.push_back(path_from(log));
  for (const json& command : in.at("commands")) subject.commands.push_back(command_from_json(command));
  for (const json& service : in.at("services")) subject.services.push_back(target_from_json(service));
  subject.config = path_from(in.at("config"));
  for (const json& expert : in.at("experts"))
    subject.experts.push_back({expert.at("name"), expert.at("settings"), expert.at("weight")});
  in.at("whole_machine").get_to(subject.whole_machine);
  in.at("keep_going").get_to(subject.keep_going);
  return subject;
}

}  // namespace

json question_to_json(const consensus::Question& question) {
  return {{"verdicts", question.verdicts},
          {"ordered", question.ordered},
          {"gate",
           {{"required", question.gate.required},
            {"min_answered", or_null(question.gate.min_answered)},
            {"min_confidence", question.gate.min_confidence},
            {"pass", question.gate.pass}}},
          {"circle",
           {{"min_consensus_threshold", or_null(question.circle.min_consensus_threshold)},
            {"similarity_algorithm", consensus::similarity_name(question.circle.similarity_algorithm)},
            {"embedding", question.circle.embedding},
            {"enable_parallel_processing", question.circle.enable_parallel_processing},
            {"max_threads", question.circle.max_threads}}}};
}

consensus::Question question_from_json(const json& in) {
  consensus::Question question;
  in.at("verdicts").get_to(question.verdicts);
  in.at("ordered").get_to(question.ordered);
  const json& gate = in.at("gate");
  gate.at("required").get_to(question.gate.required);
  question.gate.min_answered = optional_from<int>(gate.at("min_answered"));
  gate.at("min_confidence").get_to(question.gate.min_confidence);
  gate.at("pass").get_to(question.gate.pass);
  const json& circle = in.at("circle");
  question.circle.min_consensus_threshold = optional_from<double>(circle.at("min_consensus_threshold"));
  question.circle.similarity_algorithm = consensus::similarity_from_name(circle.at("similarity_algorithm").get<std::string>())
                                             .value_or(consensus::Similarity::cosine);
  question.circle.embedding = circle.value("embedding", std::string());
  circle.at("enable_parallel_processing").get_to(question.circle.enable_parallel_processing);
  circle.at("max_threads").get_to(question.circle.max_threads);
  return question;
}

json to_json(const Case& subject) {
  json logs = json::array();
  for (const std::string& log : subject.logs) logs.push_back(bytes_as_text(log));
  json commands = json::array();
  for (const LogCommand& command : subject.commands) commands.push_back(command_to_json(command));
  json services = json::array();
  for (const scan::Target& target : subject.services) services.push_back(target_to_json(target));
  json experts = json::array();
  for (const ExpertChoice& choice : subject.experts)
    experts.push_back({{"name", choice.name}, {"settings", choice.settings}, {"weight", choice.weight}});
  return {
      {"file", bytes_as_text(subject.file.string())},
      {"base", bytes_as_text(subject.base.string())},
      {"name", subject.name},
      {"question", question_to_json(subject.question)},
      {"question_text", subject.question_text},
      {"change_time", or_null(subject.change_time)},
      {"time_range", subject.time_range ? json::array({subject.time_range->first, subject.time_range->second}) : json(nullptr)},
      {"logs", std::move(logs)},
      {"commands", std::move(commands)},
      {"services", std::move(services)},
      {"config", bytes_as_text(subject.config)},
      {"experts", std::move(experts)},
      {"whole_machine", subject.whole_machine},
      {"keep_going", subject.keep_going}};
}

Result<Case> case_from_json(const json& in) {
  try {
    return read(in);
  } catch (const json::exception& error) {
    return fail(ErrorKind::serialization, std::string("this is no case: ") + error.what());
  }
}

}  // namespace conclave
