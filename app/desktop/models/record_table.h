// How often each expert was right, of what people judged: one row per expert.
#pragma once

#include <QAbstractTableModel>

#include "app/desktop/judgements.h"

namespace conclave::desktop {

// Shows what one question taught. GUI thread. Sort by sort_role; what is not known is below everything.
class RecordTable : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column {
    name_column,
    right_column,
    judged_column,
    confidence_column,
    claims_column,
    silent_column,
    weight_column,
    column_count
  };
  static constexpr int sort_role = Qt::UserRole + 8;

  using QAbstractTableModel::QAbstractTableModel;
  void show(const JudgedPtr& judged, std::size_t question);  // an index of Judged::questions; past its end: nothing
  [[nodiscard]] std::string expert(int row) const;

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  [[nodiscard]] const Taught* taught() const;
  [[nodiscard]] QString text(const consensus::TrackRecord& record, int column) const;
  [[nodiscard]] QVariant number(const consensus::TrackRecord& record, int column) const;
  [[nodiscard]] double weight(const consensus::TrackRecord& record) const;
  JudgedPtr judged_;
  std::size_t question_ = 0;
};

// "80 % (55 to 93 %), 10 of 12 judged"; empty if nothing was judged.
[[nodiscard]] QString recordText(const consensus::TrackRecord& record);

}  // namespace conclave::desktop
