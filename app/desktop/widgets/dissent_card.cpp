#include "app/desktop/widgets/dissent_card.h"

#include <QGridLayout>
#include <QVBoxLayout>
#include <algorithm>
#include <tuple>

#include "app/desktop/text.h"
#include "app/desktop/verdict_look.h"
#include "app/desktop/widgets/expert_card.h"

namespace conclave::desktop {

namespace {

constexpr qsizetype most_content = 600;
constexpr std::size_t most_claims = 4;
constexpr int sides_in_a_row = 3;

bool looksAt(const Report& report, const consensus::ExpertResponse& response, const consensus::ScopeVerdict& scope) {
  const auto& voters = scope.voters;
  const bool votes = std::find(voters.begin(), voters.end(), response.expert_name) != voters.end();
  return votes && (!report.receipt.question.ordered || response.scope == scope.scope);
}

// Who carried the scope's verdict, in the form of a dissent; nothing where there is no verdict.
std::optional<consensus::Dissent> carriers(const Report& report, const std::string& name) {
  const auto& scopes = report.consensus.scopes;
  const auto scope = std::find_if(scopes.begin(), scopes.end(), [&](const auto& each) { return each.scope == name; });
  if (scope == scopes.end() || !scope->verdict) return std::nullopt;
  consensus::Dissent side{name, *scope->verdict, {}, {}, {}};
  const consensus::ExpertResponse* best = nullptr;
  const auto rank = [](const consensus::ExpertResponse& response) {
    const auto proofs = std::count_if(response.claims.begin(), response.claims.end(), consensus::is_proof);
    return std::tuple(response.weight, proofs > 0, response.confidence);
  };
  for (const auto& response : report.responses) {
    if (response.verdict != scope->verdict || !looksAt(report, response, *scope)) continue;
    side.experts.push_back(response.expert_name);
    if (!best || rank(response) > rank(*best)) best = &response;
  }
  if (!best) return std::nullopt;
  std::sort(side.experts.begin(), side.experts.end());
  side.best_expert = best->expert_name;
  side.content = best->content;
  for (const auto& claim : best->claims) side.unique_claims.push_back(claim.text);
  return side;
}

const consensus::Claim* claimWith(const Report& report, const std::vector<std::string>& experts, const std::string& text) {
  for (const auto& response : report.responses) {
    if (std::find(experts.begin(), experts.end(), response.expert_name) == experts.end()) continue;
    for (const auto& claim : response.claims) {
      if (claim.text == text) return &claim;
    }
  }
  return nullptr;
}

}  // namespace

DissentCard::DissentCard(const Report& report, const Theme& theme, QWidget* parent) : Card(tr("Dissent"), parent) {
  std::vector<std::string> scopes;
  for (const auto& dissent : report.consensus.dissenting_opinions) {
    if (std::find(scopes.begin(), scopes.end(), dissent.scope) == scopes.end()) scopes.push_back(dissent.scope);
  }
  for (const auto& scope : scopes) {
    if (report.consensus.scopes.size() > 1)
      column()->addWidget(plainLabel(tr("In %1").arg(qtText(scope)), QStringLiteral("muted")));
    std::vector<QWidget*> sides;
    if (const auto carried = carriers(report, scope)) sides.push_back(makeSide(*carried, true, report, theme));
    for (const auto& dissent : report.consensus.dissenting_opinions) {
      if (dissent.scope == scope) sides.push_back(makeSide(dissent, false, report, theme));
    }
    auto* grid = new QGridLayout;
    grid->setSpacing(10);
    const int columns = std::min(sides_in_a_row, static_cast<int>(sides.size()));
    for (int at = 0; at < columns; ++at) grid->setColumnStretch(at, 1);
    for (int index = 0; index < static_cast<int>(sides.size()); ++index)
      grid->addWidget(sides[static_cast<std::size_t>(index)], index / columns, index % columns);
    column()->addLayout(grid);
  }
}

QWidget* DissentCard::makeSide(const consensus::Dissent& side, bool carried, const Report& report, const Theme& theme) {
  const VerdictLook look = lookOf(side.verdict, report.receipt.question, theme);
  auto* frame = new QFrame;
  frame->setObjectName(QStringLiteral("side"));
  frame->setStyleSheet(
      QStringLiteral("QFrame#side { background: %1; border: 1px solid %2; border-left: 4px solid %3; border-radius: 6px; }")
          .arg(theme.tint(look.colour, 0.05).name(), theme.border.name(), look.colour.name()));
  auto* rows = new QVBoxLayout(frame);
  rows->setContentsMargins(12, 8, 12, 10);
  QString head = QStringLiteral("<span style='color:%1; font-weight:600'>%2</span> <span style='color:%3'>%4</span>")
                     .arg(look.colour.name(), look.word.toHtmlEscaped(), theme.muted.name(),
                          carried ? tr("carried the scope") : tr("against it"));
  head += QStringLiteral("<br>") + expertLinks(side.experts, theme);
  if (side.effective_experts > 0)
    head += QStringLiteral(" <span style='color:%1'>%2</span>")
                .arg(theme.muted.name(), tr("(as %1 independent)").arg(side.effective_experts, 0, 'f', 1));
  const auto linked = [this](const QString& html) {
    auto* label = richLabel(html);
    connect(label, &QLabel::linkActivated, this, [this](const QString& link) {
      if (const auto place = placeFromLink(link)) Q_EMIT placeRequested(*place);
    });
    return label;
  };
  rows->addWidget(linked(head));
  const QString content = qtText(side.content);
  if (!content.isEmpty())
    rows->addWidget(plainLabel(content.size() > most_content ? content.left(most_content) + QStringLiteral(" ...") : content));
  if (!side.best_expert.empty() && side.experts.size() > 1)
    rows->addWidget(linked(
        tr("<span style='color:%1'>in the words of</span> %2").arg(theme.muted.name(), expertLinks({side.best_expert}, theme))));
  QString claims;
  for (std::size_t index = 0; index < std::min(side.unique_claims.size(), most_claims); ++index) {
    const auto* claim = claimWith(report, side.experts, side.unique_claims[index]);
    claims += claim ? claimHtml(*claim, theme)
                    : QStringLiteral("<p style='margin:0 0 6px 0'>%1</p>").arg(qtText(side.unique_claims[index]).toHtmlEscaped());
  }
  if (side.unique_claims.size() > most_claims)
    claims +=
        tr("<p style='color:%1'>and %2 more claims</p>").arg(theme.muted.name()).arg(side.unique_claims.size() - most_claims);
  if (!claims.isEmpty()) rows->addWidget(linked(claims));
  rows->addStretch();
  return frame;
}

}  // namespace conclave::desktop
