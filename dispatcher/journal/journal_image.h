#pragma once

#include <optional>
#include <string_view>

#include "journal/journal.h"
#include "journal/journal_layout.h"

namespace dispatcher {

/// The bytes of a journal file whose owner is dead, read without touching them.
class JournalImage {
  public:
    explicit JournalImage(std::string_view file);

    /// Absent if the file has no complete header of this format.
    [[nodiscard]] const std::optional<JournalHeader>& header() const { return header_; }
    /// What its owner left. Trusted only if nothing is damaged, and it was written since `boot`
    /// began or in sync mode.
    [[nodiscard]] LeftJournal read(IncarnationId incarnation, const BootId& boot) const;

  private:
    /// Nothing if the area is free, or `is_damaged` is set.
    std::optional<LeftBatch> read_area(const JournalLayout& layout, BatchNo batch,
                                       bool& is_damaged) const;
    [[nodiscard]] std::uint64_t word_at(std::size_t offset) const;

    std::string_view file_;
    std::optional<JournalHeader> header_;
};

}  // namespace dispatcher
