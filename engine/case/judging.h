// What people say of reports afterwards, and what is learned from that.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/case/audit.h"
#include "engine/case/report.h"
#include "engine/consensus/reliability/learned.h"
#include "engine/consensus/reliability/lesson.h"
#include "engine/store/store.h"

namespace conclave {

struct Judgement {
  std::string answer;  // right, wrong or the label that was true; a verdict that is called so is meant before these words
  std::string scope;   // empty: of the report's verdict
  std::string note;
};

// Kind invalid_argument for a scope or label that the report does not have, and for right and wrong where it has no verdict.
[[nodiscard]] Result<consensus::Lesson> lesson_of(const Report& report, const Judgement& judgement);

// By id, unique prefix, or "last" of a report in the history. In the place of what was said of the same before.
[[nodiscard]] Result<store::JudgementRow> judge(store::Store& history, const std::string& id, const Judgement& judgement);
// Of a report at hand, which the history need not have.
[[nodiscard]] Result<store::JudgementRow> judge(store::Store& history, const Report& report, const Judgement& judgement);
// Takes a judgement back and returns it; the report may have been purged since. Kind not_found if there is none.
[[nodiscard]] Result<store::JudgementRow> take_back(store::Store& history, const std::string& id, const std::string& scope);

// Of all judgements that count, by report and scope.
[[nodiscard]] Result<std::vector<consensus::Lesson>> lessons_of(const store::Store& history);

// What they taught of such questions.
[[nodiscard]] Result<consensus::Learned> learned_from(const store::Store& history, const consensus::Question& question);

// "wrong", "truly failing in logs.errors" and the like, without the note.
[[nodiscard]] std::string judgement_words(const store::JudgementRow& row);

// report_id, scope (null: of the report's verdict), answer, note, judged, counts.
[[nodiscard]] nlohmann::json to_json(const store::JudgementRow& row);

[[nodiscard]] AuditLine audit_of_judgement(const store::JudgementRow& row, bool taken_back);
[[nodiscard]] AuditLine audit_of_reset(std::uint64_t judgements);  // that no longer count

}  // namespace conclave
