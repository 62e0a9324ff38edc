// No pattern may hang. PCRE2 counts steps anew for each position where a match may begin, so that its limit alone does not bound
// a line. A line is therefore tried with few steps per position, so few that all positions together take milliseconds; where they
// do not suffice it is tried again with a callout at every item of the pattern, which looks at the job and counts. Only what
// exceeds that as well is too hard.
#include "engine/logs/line_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <mutex>

namespace conclave::logs {
namespace {

constexpr std::size_t longest_quick_line = std::size_t{1} << 20U;
constexpr std::uint64_t quick_steps = 4'000'000;         // of all positions of a line
constexpr std::uint32_t least_quick_steps = 200;         // of one position
constexpr std::uint32_t patient_steps = 50'000'000;      // of one position
constexpr std::uint64_t patient_callouts = 100'000'000;  // of a line: a second or two
constexpr std::uint64_t patient_callouts_a_byte = 64;    // of a long one
constexpr std::uint32_t heap_kib = 64U << 10U;
constexpr std::size_t jit_stack_bytes = std::size_t{1} << 20U;
constexpr int stopped_code = -2001;
constexpr int too_long_code = -2002;

using CodePtr = std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)>;

struct Patience {
  const Job* job = nullptr;
  std::uint64_t left = 0;
};

int look_at_job(pcre2_callout_block* /*block*/, void* data) {
  auto& patience = *static_cast<Patience*>(data);
  if (patience.left-- == 0) return too_long_code;
  return patience.left % 1024 == 0 && patience.job->stopped() ? stopped_code : 0;
}

CodePtr compile_code(const std::string& pattern, std::uint32_t options, int& error, PCRE2_SIZE& place) {
  const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), &pcre2_compile_context_free);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  const auto* const units = reinterpret_cast<PCRE2_SPTR>(pattern.data());
  return {pcre2_compile(units, pattern.size(), options, &error, &place, context.get()), &pcre2_code_free};
}

PCRE2_SPTR units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

}  // namespace

struct LineRegex::Codes {
  std::string pattern;
  std::uint32_t options = 0;
  CodePtr quick{nullptr, &pcre2_code_free};
  bool compiled = false;  // just in time

  // Made when first needed.
  [[nodiscard]] const pcre2_code* patient() const {
    std::call_once(once, [this] {
      int error = 0;
      PCRE2_SIZE place = 0;
      slow = compile_code(pattern, options | PCRE2_AUTO_CALLOUT, error, place);
      if (slow) pcre2_jit_compile(slow.get(), PCRE2_JIT_COMPLETE);
    });
    return slow.get();
  }

 private:
  mutable std::once_flag once;
  mutable CodePtr slow{nullptr, &pcre2_code_free};
};

struct LineRegex::Workspace::Parts {
  std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> quick{pcre2_match_context_create(nullptr),
                                                                                  &pcre2_match_context_free};
  std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> patient{pcre2_match_context_create(nullptr),
                                                                                    &pcre2_match_context_free};
  std::unique_ptr<pcre2_jit_stack, decltype(&pcre2_jit_stack_free)> stack{
      pcre2_jit_stack_create(std::size_t{32} << 10U, jit_stack_bytes, nullptr), &pcre2_jit_stack_free};
  std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data{pcre2_match_data_create(1, nullptr),
                                                                           &pcre2_match_data_free};
};

LineRegex::Workspace::Workspace() : parts_(std::make_unique<Parts>()) {
  pcre2_set_heap_limit(parts_->quick.get(), heap_kib);
  pcre2_jit_stack_assign(parts_->quick.get(), nullptr, parts_->stack.get());
  pcre2_set_heap_limit(parts_->patient.get(), heap_kib);
  pcre2_set_match_limit(parts_->patient.get(), patient_steps);
  pcre2_jit_stack_assign(parts_->patient.get(), nullptr, parts_->stack.get());
}

LineRegex::Workspace::~Workspace() = default;

Result<LineRegex> LineRegex::compile(std::string_view pattern, bool any_case) {
  auto codes = std::make_shared<Codes>();
  codes->pattern = pattern;
  codes->options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | (any_case ? PCRE2_CASELESS : 0U);
  int error = 0;
  PCRE2_SIZE place = 0;
  codes->quick = compile_code(codes->pattern, codes->options, error, place);
  if (!codes->quick) {
    std::array<PCRE2_UCHAR, 256> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    return fail(ErrorKind::parse, "the regular expression is wrong at its character " + std::to_string(place + 1) + ": " +
                                      reinterpret_cast<const char*>(message.data()));
  }
  codes->compiled = pcre2_jit_compile(codes->quick.get(), PCRE2_JIT_COMPLETE) == 0;  // else interpreted
  LineRegex regex;
  regex.codes_ = std::move(codes);
  return regex;
}

// Both return what pcre2_match does; offsets are in the workspace.
int LineRegex::quickly(std::string_view line, std::size_t from, std::uint32_t options, Workspace& workspace) const {
  if (line.size() > longest_quick_line) return PCRE2_ERROR_MATCHLIMIT;
  auto& parts = *workspace.parts_;
  const std::uint64_t steps = std::max<std::uint64_t>(quick_steps / (line.size() + 1), least_quick_steps);
  pcre2_set_match_limit(parts.quick.get(), static_cast<std::uint32_t>(steps));
  const auto match = codes_->compiled ? &pcre2_jit_match : &pcre2_match;
  return match(codes_->quick.get(), units(line), line.size(), from, options, parts.data.get(), parts.quick.get());
}

int LineRegex::patiently(std::string_view line, Workspace& workspace, const Job& job) const {
  auto& parts = *workspace.parts_;
  const pcre2_code* code = codes_->patient();
  if (code == nullptr) return PCRE2_ERROR_NOMEMORY;
  Patience patience{&job, std::max<std::uint64_t>(patient_callouts, line.size() * patient_callouts_a_byte)};
  pcre2_set_callout(parts.patient.get(), &look_at_job, &patience);
  const auto match = [&](std::uint32_t options) {
    return pcre2_match(code, units(line), line.size(), 0, options, parts.data.get(), parts.patient.get());
  };
  const int answer = match(0);
  return answer == PCRE2_ERROR_JIT_STACKLIMIT ? match(PCRE2_NO_JIT) : answer;  // the interpreter has the heap
}

LineRegex::Answer LineRegex::matches(std::string_view line, Workspace& workspace, const Job& job) const {
  int answer = quickly(line, 0, 0, workspace);
  if (answer < 0 && answer != PCRE2_ERROR_NOMATCH) answer = patiently(line, workspace, job);
  if (answer >= 0) return Answer::yes;
  if (answer == PCRE2_ERROR_NOMATCH) return Answer::no;
  return answer == stopped_code ? Answer::stopped : Answer::too_hard;
}

std::optional<std::pair<std::size_t, std::size_t>> LineRegex::find(std::string_view line, std::size_t from,
                                                                   Workspace& workspace) const {
  if (from > line.size() || quickly(line, from, PCRE2_NOTEMPTY, workspace) < 0) return std::nullopt;
  const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(workspace.parts_->data.get());
  if (offsets[0] >= offsets[1]) return std::nullopt;  // \K in a look-ahead
  return std::pair(offsets[0], offsets[1]);
}

}  // namespace conclave::logs
