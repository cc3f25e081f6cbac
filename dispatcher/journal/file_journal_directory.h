#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/journal.h"
#include "journal/journal_layout.h"
#include "journal/locked_file.h"

namespace dispatcher {

struct FileJournalOptions {
    std::uint32_t batches_max = 64;  ///< batches of one lane that are claimed and not settled
    std::uint32_t rows_max = 1000;   ///< recipients of one batch
    /// Write each batch and, at each sync(), the marks to the disk: what is left is then trusted
    /// after a power cut too.
    bool sync = false;
    /// Which run of the kernel this is; absent: asked of the kernel.
    std::optional<BootId> boot;
};

/// The journals of one host in one directory, `<incarnation in hex>.journal` each. A name appears
/// with its header complete and its lock held, so whoever gets the lock of a named file has proof
/// that its owner is dead. Journals of other stores in the same directory are left alone.
/// Thread-safe.
class FileJournalDirectory final : public JournalDirectory {
  public:
    /// Makes the directory (0700) if it is missing. `store_id` names the store: any bytes. Throws
    /// UnavailableError if it cannot be made, or lies on a file system that other hosts may share.
    FileJournalDirectory(std::string directory, std::string_view store_id,
                         const FileJournalOptions& options);

    /// Throws UnavailableError; no file is left then.
    std::unique_ptr<Journal> create(IncarnationId incarnation) override;
    /// Also answers again what was taken before and not yet removed, so that a recovery that was
    /// cut off can be repeated. A file with a damaged header is taken (and not trusted) whichever
    /// store it belongs to.
    std::vector<LeftJournal> take_dead() override;
    void remove(IncarnationId incarnation) override;
    void retire(IncarnationId incarnation) override;

  private:
    [[nodiscard]] std::string path_of(IncarnationId incarnation) const;
    /// A new file under a name that take_dead() does not take, its lock held.
    [[nodiscard]] LockedFile create_unnamed(IncarnationId incarnation, std::string& path) const;
    /// Whether the file is plainly another store's.
    [[nodiscard]] bool is_foreign(const std::string& path) const;
    /// Locks the dead journals that are not taken yet, and clears away files that their makers
    /// died over. Call with mutex_ held.
    void take_locks();

    // Constant after construction.
    const std::string directory_;
    const FileJournalOptions options_;
    const StoreKey store_;
    BootId boot_{};

    std::mutex mutex_;
    std::map<IncarnationId, LockedFile> taken_;  // guarded by mutex_
};

}  // namespace dispatcher
