#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "journal/journal.h"
#include "journal/journal_layout.h"
#include "journal/locked_file.h"

namespace dispatcher {

/// A crash journal in one file that is allocated whole and mapped shared: a mark is one store to
/// the page cache, which outlives kill -9. The file stays locked until the object ends. Threads as
/// the port says; sync() from any.
class FileJournal final : public Journal {
  public:
    /// Makes the content of the new, empty `file` under its lock. Throws UnavailableError if the
    /// disk has no room for all of it: nothing can run out later, in mid-send.
    FileJournal(LockedFile file, IncarnationId incarnation, const JournalLayout& layout,
                const StoreKey& store, const BootId& boot, bool is_synced);
    ~FileJournal() override;
    FileJournal(const FileJournal&) = delete;
    FileJournal& operator=(const FileJournal&) = delete;

    /// In sync mode the record is on the disk when this returns; throws UnavailableError if it
    /// cannot be, and the batch stays open then.
    std::optional<BatchNo> open_batch(const BatchRecord& record) override;
    void mark(BatchNo batch, std::uint32_t row, SlotState state, Reason reason) override;
    /// Throws UnavailableError if the disk fails: then nothing may be sent.
    void sync() override;
    void free_batch(BatchNo batch) override;
    [[nodiscard]] std::size_t open_batches() const override;

  private:
    /// What the owner knows of an area without reading it back.
    struct Area {
        std::uint64_t generation = 0;  ///< of the last batch opened here
        std::uint32_t rows = 0;
        bool is_open = false;
    };
    [[nodiscard]] std::byte* at(BatchNo batch, std::size_t offset) const;
    void write_record(BatchNo batch, const BatchRecord& record, std::uint64_t generation);
    void write_slot(BatchNo batch, std::uint32_t row, std::uint64_t word) const;
    void write_word(BatchNo batch, std::uint64_t word) const;

    // Constant after construction.
    LockedFile file_;
    const IncarnationId incarnation_;
    const JournalLayout layout_;
    const bool is_synced_;
    std::byte* map_ = nullptr;

    // An area belongs to whoever holds its open batch; the others are guarded by mutex_.
    std::vector<Area> areas_;
    mutable std::mutex mutex_;
    std::vector<BatchNo> free_;  // guarded by mutex_
    ClaimId last_claim_{};       // guarded by mutex_
};

}  // namespace dispatcher
