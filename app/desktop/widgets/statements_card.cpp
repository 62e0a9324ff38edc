#include "app/desktop/widgets/statements_card.h"

#include <QGridLayout>
#include <QVBoxLayout>
#include <algorithm>

#include "app/desktop/text.h"
#include "app/desktop/widgets/expert_card.h"
#include "app/desktop/widgets/probability_bar.h"

namespace conclave::desktop {

namespace {

constexpr std::size_t first_claims = 6;
constexpr std::size_t most_claims = 100;
constexpr std::size_t most_citations = 3;
constexpr int bar_width = 84;

// A statement may be the opening of a very long claim.
bool isSame(const std::string& claim, std::string statement) {
  constexpr std::string_view cut = " ...";
  if (claim == statement) return true;
  if (!statement.ends_with(cut)) return false;
  statement.resize(statement.size() - cut.size());
  return claim.starts_with(statement);
}

const consensus::Claim* claimOf(const Report& report, const consensus::Statement& statement) {
  for (const auto& response : report.responses) {
    if (response.expert_name != statement.expert) continue;
    for (const auto& claim : response.claims) {
      if (isSame(claim.text, statement.text)) return &claim;
    }
  }
  return nullptr;
}

QString supportWords(const consensus::Statement& statement) {
  QString words = StatementsCard::tr("%1 of %2 support").arg(statement.supports.size()).arg(statement.voters);
  if (!statement.contradicts.empty())
    words += StatementsCard::tr(", %1 %2")
                 .arg(statement.contradicts.size())
                 .arg(statement.contradicts.size() == 1 ? StatementsCard::tr("contradicts") : StatementsCard::tr("contradict"));
  return words;
}

}  // namespace

StatementsCard::StatementsCard(const Report& report, const ThemeController& controller, QWidget* parent)
    : Card(tr("In short"), parent) {
  const Theme& theme = controller.theme();
  const auto& statements = report.consensus.statements;
  if (statements.empty()) {
    column()->addWidget(plainLabel(qtText(report.consensus.consensus_text)));
    return;
  }
  std::vector<const consensus::Statement*> claims;
  for (const auto& statement : statements) {
    if (statement.claim) {
      claims.push_back(&statement);
      continue;
    }
    column()->addWidget(plainLabel(qtText(statement.text)));
    column()->addWidget(linked(tr("<span style='color:%1'>in the words of %2%3</span>")
                                   .arg(theme.muted.name(), expertLinks({statement.expert}, theme),
                                        statement.voters > 1 ? QStringLiteral(" · ") + supportWords(statement) : QString())));
  }
  QVBoxLayout* rows = column();
  QWidget* rest = nullptr;
  QGridLayout* grid = nullptr;
  for (std::size_t index = 0; index < std::min(claims.size(), most_claims); ++index) {
    if (index == 0 || index == first_claims) {
      if (index == first_claims) {
        rest = new QWidget;
        rows = new QVBoxLayout(rest);
        rows->setContentsMargins(0, 0, 0, 0);
      }
      grid = new QGridLayout;
      grid->setHorizontalSpacing(14);
      grid->setVerticalSpacing(8);
      grid->setColumnStretch(1, 1);
      rows->addLayout(grid);
    }
    addClaim(*grid, *claims[index], report, theme);
  }
  if (!rest) return;
  if (claims.size() > most_claims)
    rows->addWidget(plainLabel(tr("and %1 more").arg(claims.size() - most_claims), QStringLiteral("muted")));
  column()->addWidget(new Fold(counted(claims.size() - first_claims, "more claim", "more claims"), rest, controller));
}

QLabel* StatementsCard::linked(const QString& html) {
  auto* label = richLabel(html);
  connect(label, &QLabel::linkActivated, this, [this](const QString& link) {
    if (const auto place = placeFromLink(link)) Q_EMIT placeRequested(*place);
  });
  return label;
}

void StatementsCard::addClaim(QGridLayout& grid, const consensus::Statement& statement, const Report& report,
                              const Theme& theme) {
  const auto voters =
      static_cast<double>(std::max({statement.voters, statement.supports.size() + statement.contradicts.size(), std::size_t{1}}));
  const auto share = [voters](const auto& experts) { return static_cast<double>(experts.size()) / voters; };
  const QString words = supportWords(statement);
  auto* bar =
      new ProbabilityBar({{theme.accent, share(statement.supports)}, {theme.fair, share(statement.contradicts)}}, words, theme);
  bar->setFixedWidth(bar_width);
  auto* caption = new QLabel(QStringLiteral("%1 / %2").arg(statement.supports.size()).arg(statement.voters));
  caption->setObjectName(QStringLiteral("muted"));
  caption->setToolTip(words);
  auto* left = new QVBoxLayout;
  left->setSpacing(2);
  left->addSpacing(5);
  left->addWidget(bar);
  left->addWidget(caption);
  left->addStretch();

  QString detail = tr("%1: %2").arg(words.toHtmlEscaped(), expertLinks(statement.supports, theme));
  if (!statement.contradicts.empty()) detail += tr("; against it %1").arg(expertLinks(statement.contradicts, theme));
  detail += QStringLiteral(" · <span style='color:%1'>%2</span>")
                .arg((statement.verified ? theme.good : theme.fair).name(),
                     statement.verified ? tr("✓ verified") : tr("⚠ not verified"));
  QString html = QStringLiteral("%1<br><span style='color:%2'>%3</span>")
                     .arg(qtText(statement.text).toHtmlEscaped(), theme.muted.name(), detail);
  if (const auto* claim = claimOf(report, statement)) {
    for (std::size_t index = 0; index < std::min(claim->evidence.size(), most_citations); ++index)
      html += QStringLiteral("<br>") + citationHtml(claim->evidence[index], theme);
  }
  const int row = grid.rowCount();
  grid.addLayout(left, row, 0);
  grid.addWidget(linked(html), row, 1);
}

}  // namespace conclave::desktop
