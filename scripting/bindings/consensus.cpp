// conclave.consensus: from responses to a verdict, and how alike texts are.
#include "engine/consensus/conclude.h"

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/case/report.h"
#include "engine/consensus/similarity.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/buffers.h"
#include "scripting/bindings/circle_cast.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/operation.h"
#include "scripting/bindings/response_cast.h"

namespace conclave::scripting {
namespace {

using consensus::CircleConfig;
using consensus::ConsensusResult;
using nlohmann::json;

consensus::Similarity to_similarity(py::handle value) {
  const std::string name = to_utf8(value, "similarity_algorithm");
  if (const auto similarity = consensus::similarity_from_name(name)) return *similarity;
  throw py::value_error("similarity_algorithm is cosine, jaccard, levenshtein or semantic, not '" + name + "'");
}

// Of what compares texts by themselves.
consensus::Similarity without_vectors(consensus::Similarity similarity) {
  if (similarity == consensus::Similarity::semantic)
    throw py::value_error("semantic compares vectors of texts, not texts: see semantic_similarities");
  return similarity;
}

double to_share(py::handle value, const char* what) {
  const double share = to_number(value, what);
  if (!(share >= 0 && share <= 1)) throw py::value_error(std::string(what) + " must be from 0 to 1");
  return share;
}

// None and "auto": estimated.
std::optional<double> to_threshold(py::handle value) {
  if (value.is_none() || (PyUnicode_Check(value.ptr()) != 0 && to_utf8(value, "min_consensus_threshold") == "auto"))
    return std::nullopt;
  return to_share(value, "min_consensus_threshold");
}

py::object threshold_of(const ScriptCircle& config) {
  return config.min_consensus_threshold ? py::object(py::float_(*config.min_consensus_threshold)) : py::none();
}

void set_embedding(ScriptCircle& config, py::handle embedding) {
  const bool is_name = PyUnicode_Check(embedding.ptr()) != 0;
  if (!embedding.is_none() && !is_name && PyCallable_Check(embedding.ptr()) == 0)
    throw py::type_error("embedding is the name of a plugin or a function of texts, not " +
                         to_utf8(py::type::of(embedding).attr("__name__"), "type"));
  config.embedding = is_name ? to_utf8(embedding, "embedding") : std::string();
  config.function = embedding.is_none() || is_name ? py::object() : py::reinterpret_borrow<py::object>(embedding);
}

py::object embedding_of(const ScriptCircle& config) {
  if (config.function) return config.function;
  return config.embedding.empty() ? py::object(py::none()) : py::object(to_str(config.embedding));
}

// None: one per hardware thread.
int to_max_threads(py::handle value) {
  if (value.is_none()) return 0;
  if (PyLong_Check(value.ptr()) == 0)
    throw py::type_error("max_threads must be int or None, not " + to_utf8(py::type::of(value).attr("__name__"), "type"));
  int overflow = 0;
  const long threads = PyLong_AsLongAndOverflow(value.ptr(), &overflow);
  if (overflow != 0 || threads < 0 || threads > std::numeric_limits<int>::max())
    throw py::value_error("max_threads must be a positive number of threads");
  return static_cast<int>(threads);
}

py::object max_threads_of(const ScriptCircle& config) {
  return config.max_threads == 0 ? py::object(py::none()) : py::object(py::int_(config.max_threads));
}

ScriptCircle make_config(py::handle threshold, bool parallel, py::handle max_threads, py::handle algorithm,
                         py::handle embedding) {
  ScriptCircle config(CircleConfig{to_threshold(threshold), to_similarity(algorithm), {}, parallel, to_max_threads(max_threads)});
  set_embedding(config, embedding);
  return config;
}

py::tuple config_state(const ScriptCircle& self) {
  return py::make_tuple(threshold_of(self), self.enable_parallel_processing, max_threads_of(self),
                        to_str(consensus::similarity_name(self.similarity_algorithm)), embedding_of(self));
}

void bind_config_of_circle(py::module_& module) {
  py::class_<ScriptCircle>(module, "CircleConfig", "How a circle's texts are compared.")
      .def(py::init(&make_config), py::arg("min_consensus_threshold") = 0.7, py::arg("enable_parallel_processing") = true,
           py::arg("max_threads") = py::none(), py::arg("similarity_algorithm") = "cosine", py::arg("embedding") = py::none(),
           "min_consensus_threshold: cut for grouping texts, in [0, 1], or None or 'auto' to estimate it from the texts, by the "
           "largest gap between the similarities at which they would be merged; max_threads: None or 0 for one per hardware "
           "thread; similarity_algorithm: cosine, jaccard, levenshtein or semantic; embedding: what semantic compares texts by, "
           "the name of a plugin or a function from n texts to n vectors.")
      .def_property(
          "min_consensus_threshold", &threshold_of,
          [](ScriptCircle& self, py::handle value) { self.min_consensus_threshold = to_threshold(value); },
          "None: estimated from the texts; a result's `grouping` says at which similarity they were grouped.")
      .def_property(
          "similarity_algorithm",
          [](const ScriptCircle& self) { return to_str(consensus::similarity_name(self.similarity_algorithm)); },
          [](ScriptCircle& self, py::handle value) { self.similarity_algorithm = to_similarity(value); })
      .def_property(
          "enable_parallel_processing", [](const ScriptCircle& self) { return self.enable_parallel_processing; },
          [](ScriptCircle& self, bool value) { self.enable_parallel_processing = value; })
      .def_property(
          "max_threads", &max_threads_of, [](ScriptCircle& self, py::handle value) { self.max_threads = to_max_threads(value); },
          "None: one per hardware thread.")
      .def_property("embedding", &embedding_of, &set_embedding)
      .def("__eq__",
           [](const ScriptCircle& self, const py::object& other) -> py::object {
             if (!py::isinstance<ScriptCircle>(other)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
             return py::bool_(config_state(self).equal(config_state(py::cast<const ScriptCircle&>(other))));
           })
      .def("__copy__", [](const ScriptCircle& self) { return self; })
      .def(
          "__deepcopy__", [](const ScriptCircle& self, const py::dict&) { return self; }, py::arg("memo"))
      .def("__repr__",
           [](const ScriptCircle& self) {
             const py::str shown(
                 "CircleConfig(min_consensus_threshold={!r}, enable_parallel_processing={!r}, max_threads={!r}, "
                 "similarity_algorithm={!r}");
             const py::object embedding = embedding_of(self);
             const auto end = embedding.is_none() ? py::str(")") : py::str(", embedding={!r})").format(embedding);
             return py::str("{}{}").format(shown.format(*config_state(self)), end);
           })
      .def(py::pickle(&config_state,
                      [](const py::tuple& s) { return make_config(s[0], py::cast<bool>(s[1]), s[2], s[3], s[4]); }));
  module.attr("CircleConfig").attr("__match_args__") =
      py::make_tuple("min_consensus_threshold", "enable_parallel_processing", "max_threads", "similarity_algorithm", "embedding");
}

constexpr const char* consensus_fields[] = {
    "verdict",         "passed",           "reason",         "confidence_score", "confidence_interval",
    "calibrated",      "coverage",         "consensus_text", "scopes",           "dissenting_opinions",
    "key_insights",    "agreement_matrix", "matrix_experts", "groups",           "effective_experts",
    "counterfactuals", "statements",       "grouping",       "weights",          "uncalibrated_score"};

// The one place that writes a consensus as JSON is the report.
json consensus_json(const ConsensusResult& self) {
  Report report;
  report.consensus = self;
  const json whole = to_json(report);
  json part = json::object();
  for (const char* field : consensus_fields) part[field] = whole.at(field);
  return part;
}

py::object field(const ConsensusResult& self, const char* name) { return json_to_python(consensus_json(self).at(name)); }

py::object interval(const ConsensusResult& self) {
  if (!self.confidence_interval) return py::none();
  return py::make_tuple(self.confidence_interval->first, self.confidence_interval->second);
}

// A symmetric matrix of numbers with the buffer protocol, whose rows are lists.
class AgreementMatrix {
 public:
  explicit AgreementMatrix(const std::vector<std::vector<double>>& rows) : size_(rows.size()) {
    for (const auto& row : rows) {
      if (row.size() != size_) throw py::value_error("an agreement matrix has as many columns as rows");
      values_.insert(values_.end(), row.begin(), row.end());
    }
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] double at(py::ssize_t row, py::ssize_t column) const { return values_[place(row) * size_ + place(column)]; }
  [[nodiscard]] std::vector<double> row(py::ssize_t index) const {
    const auto begin = values_.begin() + static_cast<std::ptrdiff_t>(place(index) * size_);
    return {begin, begin + static_cast<std::ptrdiff_t>(size_)};
  }
  [[nodiscard]] std::vector<std::vector<double>> rows() const {
    std::vector<std::vector<double>> out;
    for (std::size_t i = 0; i < size_; ++i) out.push_back(row(static_cast<py::ssize_t>(i)));
    return out;
  }
  py::buffer_info buffer() {
    const auto n = static_cast<py::ssize_t>(size_);
    const auto item = static_cast<py::ssize_t>(sizeof(double));
    return {values_.data(), item, py::format_descriptor<double>::format(), 2, {n, n}, {n * item, item}, true};
  }
  bool operator==(const AgreementMatrix&) const = default;

 private:
  [[nodiscard]] std::size_t place(py::ssize_t index) const {
    const auto n = static_cast<py::ssize_t>(size_);
    if (index < -n || index >= n) throw py::index_error("there is no such expert in the matrix");
    return static_cast<std::size_t>(index < 0 ? index + n : index);
  }
  std::size_t size_;
  std::vector<double> values_;
};

py::object agreement_matrix_of(const ConsensusResult& self) { return py::cast(AgreementMatrix(self.agreement_matrix)); }

void bind_matrix(py::module_& module) {
  py::class_<AgreementMatrix>(
      module, "AgreementMatrix", py::buffer_protocol(),
      "How far n experts' texts agree: n x n float64 in [0, 1], read-only, with the buffer protocol. m[i] is a "
      "row as a list, m[i, j] a number.")
      .def_buffer(&AgreementMatrix::buffer)
      .def_property_readonly("shape", [](const AgreementMatrix& self) { return py::make_tuple(self.size(), self.size()); })
      .def("__len__", &AgreementMatrix::size)
      .def(
          "__getitem__", [](const AgreementMatrix& self, py::ssize_t row) { return json_to_python(self.row(row)); },
          py::arg("row"))
      .def(
          "__getitem__",
          [](const AgreementMatrix& self, const py::tuple& place) {
            if (place.size() != 2) throw py::index_error("a place in the matrix is a row and a column");
            return self.at(py::cast<py::ssize_t>(place[0]), py::cast<py::ssize_t>(place[1]));
          },
          py::arg("place"))
      .def("__iter__", [](const AgreementMatrix& self) { return py::iter(json_to_python(self.rows())); })
      .def("tolist", [](const AgreementMatrix& self) { return json_to_python(self.rows()); })
      .def("__eq__",
           [](const AgreementMatrix& self, const py::object& other) -> py::object {
             if (py::isinstance<AgreementMatrix>(other)) return py::bool_(self == py::cast<const AgreementMatrix&>(other));
             if (!PyList_Check(other.ptr())) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
             return py::bool_(json_to_python(self.rows()).equal(other));
           })
      .def("__copy__", [](const AgreementMatrix& self) { return self; })
      .def(
          "__deepcopy__", [](const AgreementMatrix& self, const py::dict&) { return self; }, py::arg("memo"))
      .def("__repr__", [](const AgreementMatrix& self) { return py::str("<AgreementMatrix of {} experts>").format(self.size()); })
      .def(py::pickle([](const AgreementMatrix& self) { return py::make_tuple(json_to_python(self.rows())); },
                      [](const py::tuple& state) {
                        return AgreementMatrix(to_json_value(state[0], "state").get<std::vector<std::vector<double>>>());
                      }));
  module.attr("AgreementMatrix").attr("__match_args__") = py::make_tuple("shape");
}

void bind_result(py::module_& module) {
  py::class_<ConsensusResult>(module, "ConsensusResult", "The verdict of a circle and how it came about.")
      .def_property_readonly(
          "verdict", [](const ConsensusResult& self) { return field(self, "verdict"); }, "None: no consensus.")
      .def_readonly("passed", &ConsensusResult::passed)
      .def_property_readonly("reason", [](const ConsensusResult& self) { return to_str(self.reason); })
      .def_readonly("confidence_score", &ConsensusResult::confidence_score,
                    "Probability of the verdict; without labels the weight share of the largest group.")
      .def_property_readonly(
          "confidence_interval", &interval,
          "(low, high), 95 %, by bootstrap over families of experts, where near-copies are one; None for fewer "
          "than three families.")
      .def_readonly("calibrated", &ConsensusResult::calibrated,
                    "Whether confidence_score was compared with outcomes, on judged reports.")
      .def_readonly("uncalibrated_score", &ConsensusResult::uncalibrated_score, "confidence_score before that.")
      .def_readonly("coverage", &ConsensusResult::coverage)
      .def_property_readonly(
          "consensus_text", [](const ConsensusResult& self) { return to_str(self.consensus_text); },
          "The statements, each on its line, claims with their support.")
      .def_property_readonly(
          "statements", [](const ConsensusResult& self) { return field(self, "statements"); },
          "What the consensus says, each in the words of one expert: the central answer, then claims. Dicts with "
          "text, expert, scope, claim, supports, contradicts, voters and verified.")
      .def_property_readonly(
          "weights", [](const ConsensusResult& self) { return field(self, "weights"); },
          "By expert, its share of all votes that count; without labels, of all answers. Sums to 1.")
      .def_property_readonly(
          "grouping", [](const ConsensusResult& self) { return field(self, "grouping"); },
          "At which similarity texts were grouped: {threshold, estimated}.")
      .def_property_readonly("scopes", [](const ConsensusResult& self) { return field(self, "scopes"); })
      .def_property_readonly("dissenting_opinions",
                             [](const ConsensusResult& self) { return field(self, "dissenting_opinions"); })
      .def_property_readonly("key_insights", [](const ConsensusResult& self) { return field(self, "key_insights"); })
      .def_property_readonly("agreement_matrix", &agreement_matrix_of,
                             "An AgreementMatrix, n x n in [0, 1], in the order of matrix_experts.")
      .def_property_readonly("matrix_experts", [](const ConsensusResult& self) { return texts_to_python(self.matrix_experts); })
      .def_property_readonly(
          "groups", [](const ConsensusResult& self) { return field(self, "groups"); }, "Names by text similarity.")
      .def_readonly("effective_experts", &ConsensusResult::effective_experts)
      .def_property_readonly("counterfactuals", [](const ConsensusResult& self) { return field(self, "counterfactuals"); })
      .def("to_dict", [](const ConsensusResult& self) { return json_to_python(consensus_json(self)); })
      .def("__eq__",
           [](const ConsensusResult& self, const py::object& other) -> py::object {
             if (!py::isinstance<ConsensusResult>(other)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
             return py::bool_(consensus_json(self) == consensus_json(py::cast<const ConsensusResult&>(other)));
           })
      .def("__copy__", [](const ConsensusResult& self) { return self; })
      .def(
          "__deepcopy__", [](const ConsensusResult& self, const py::dict&) { return self; }, py::arg("memo"))
      .def("__repr__",
           [](const ConsensusResult& self) {
             return py::str("<ConsensusResult verdict={!r} confidence={:.2f} coverage={:.2f}>")
                 .format(field(self, "verdict"), self.confidence_score, self.coverage);
           })
      .def(py::pickle(
          [](const ConsensusResult& self) {
            Report report;
            report.consensus = self;
            return py::make_tuple(json_to_python(to_json(report)));
          },
          [](const py::tuple& state) { return value_or_raise(report_from_json(to_json_value(state[0], "state"))).consensus; }));
  module.attr("ConsensusResult").attr("__match_args__") = py::make_tuple("verdict", "confidence_score", "consensus_text");
}

OperationPtr prepare_conclude(const py::iterable& responses, py::handle verdicts, bool ordered, py::handle gate,
                              const ScriptCircle& config, double evidence_coverage, bool evidence_unreadable,
                              py::handle vectors) {
  auto list = to_responses(responses);
  consensus::Question question;
  if (verdicts.is_none())
    question = consensus::question_of(list);
  else
    question.verdicts = to_texts(verdicts, "verdicts");
  if (!ordered) question.ordered = false;
  question.circle = config;
  if (!gate.is_none()) {
    const auto given = py::cast<py::dict>(gate);
    for (const auto& [key, value] : given) {
      const std::string name = to_utf8(key, "gate");
      if (name == "required")
        question.gate.required = to_texts(value, "gate.required");
      else if (name == "pass")
        question.gate.pass = to_texts(value, "gate.pass");
      else if (name == "min_confidence")
        question.gate.min_confidence = to_share(value, "gate.min_confidence");
      else if (name == "min_answered")
        question.gate.min_answered = py::cast<int>(value);
      else
        throw py::value_error("gate has no '" + name + "'");
    }
  }
  std::optional<json> rows;
  if (!vectors.is_none()) rows = to_json_value(vectors, "vectors");
  return make_operation(
      std::make_shared<Job>("conclude"),
      [list = std::move(list), question = std::move(question), evidence_coverage, evidence_unreadable,
       rows = std::move(rows)]() -> Result<ConsensusResult> {
        std::optional<consensus::Agreements> agreements;
        if (rows) {
          auto made = consensus::semantic_agreements(list, *rows);
          if (!made) return tl::unexpected(std::move(made.error()));
          agreements = std::move(*made);
        }
        return consensus::conclude(list, question, evidence_coverage, evidence_unreadable, agreements);
      },
      [](Result<ConsensusResult>&& result) -> py::object { return py::cast(value_or_raise(std::move(result))); });
}

double text_similarity(py::handle text1, py::handle text2, py::handle algorithm) {
  const std::string first = to_utf8(text1, "text1");
  const std::string second = to_utf8(text2, "text2");
  const auto similarity = without_vectors(to_similarity(algorithm));
  const py::gil_scoped_release release;
  return consensus::text_similarity(first, second, similarity);
}

OperationPtr prepare_text_similarity(py::handle text1, py::handle text2, py::handle algorithm) {
  return make_operation(
      std::make_shared<Job>("text similarity"),
      [first = to_utf8(text1, "text1"), second = to_utf8(text2, "text2"),
       similarity = without_vectors(to_similarity(algorithm))] { return consensus::text_similarity(first, second, similarity); },
      [](double similarity) -> py::object { return py::float_(similarity); });
}

OperationPtr prepare_similarity_matrix(const py::iterable& texts, const ScriptCircle& settings, double cutoff) {
  const CircleConfig config = settings;  // without the function, which may only be let go of with the GIL
  (void)without_vectors(config.similarity_algorithm);
  if (!(cutoff >= 0.0 && cutoff <= 1.0)) throw py::value_error("cutoff must be a number from 0 to 1");
  return make_operation(
      std::make_shared<Job>("text similarities"),
      [list = to_texts(texts, "texts"), config, cutoff] {
        return std::make_shared<const Eigen::MatrixXd>(consensus::similarity_matrix(list, config, cutoff));
      },
      [](const std::shared_ptr<const Eigen::MatrixXd>& owner) {  // symmetric, so that its order does not matter
        const auto size = owner->rows();
        return view_of(SharedBuffer{owner, owner->data(), static_cast<std::size_t>(size), sizeof(double), "d", size});
      });
}

}  // namespace

void bind_consensus(py::module_& module) {
  bind_config_of_circle(module);
  bind_matrix(module);
  bind_result(module);
  def_operation(
      module, "conclude", &prepare_conclude, py::arg("responses"), py::kw_only(), py::arg("verdicts") = py::none(),
      py::arg("ordered") = true, py::arg("gate") = py::none(), py::arg("config") = ScriptCircle{},
      py::arg("evidence_coverage") = 1.0, py::arg("evidence_unreadable") = false, py::arg("vectors") = py::none(),
      "responses: ExpertResponses, mappings or objects; verdicts: best first, None for healthy, degraded and failing, or, if no "
      "response has one of these, for the labels that responses have, in no order; gate: {required, min_answered, "
      "min_confidence, pass}; vectors: for a semantic config, one for each of texts_to_embed(responses).");
  module.def(
      "texts_to_embed",
      [](const py::iterable& responses) { return texts_to_python(consensus::texts_to_embed(to_responses(responses))); },
      py::arg("responses"), "The texts of those that answered with one, in their order.");
  module.def(
      "semantic_similarities",
      [](py::handle vectors) {
        const json rows = to_json_value(vectors, "vectors");
        return json_to_python(value_or_raise(consensus::semantic_similarities(rows, rows.size())));
      },
      py::arg("vectors"), "Cosine of n vectors as n lists in [0, 1]; CircleError for what is no matrix of finite numbers.");
  module.def("text_similarity", &text_similarity, py::arg("text1"), py::arg("text2"), py::arg("algorithm") = "cosine",
             "In [0, 1].");
  operations_of(module)["text_similarity"] =
      py::cpp_function(&prepare_text_similarity, py::arg("text1"), py::arg("text2"), py::arg("algorithm") = "cosine");
  def_operation(
      module, "similarity_matrix", &prepare_similarity_matrix, py::arg("texts"), py::arg("config") = ScriptCircle{},
      py::arg("cutoff") = 0.0,
      "n x n float64 in [0, 1], symmetric, as a memoryview; what is below the cutoff is 0, which for levenshtein saves most "
      "of the time. ValueError for a cutoff outside [0, 1].");
}

}  // namespace conclave::scripting
