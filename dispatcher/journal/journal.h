#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "campaign/appid_list.h"
#include "campaign/ids.h"
#include "campaign/reason.h"

namespace dispatcher {

/// What a crash leaves of one claimed row.
enum class SlotState : std::uint8_t {
    free = 0,     ///< settled, or never used
    claimed = 1,  ///< not given to the gateway; with a reason: it was, and its answer proves that
                  ///< it was not processed
    wire = 2,     ///< given to the gateway, no answer recorded
    done = 3,     ///< answered for good; the reason says how (Reason::none: accepted)
};

struct JournalSlot {
    SlotState state = SlotState::free;
    Reason reason = Reason::none;
};

/// What is written before a claim transaction is sent, so that a successor can find its rows.
struct BatchRecord {
    ClaimId claim;
    CampaignId campaign;
    ScopeId scope;
    ChunkNo chunk;
    Fence fence;
    AppidList appids;  ///< the rows that the claim asks for, sorted; slot i belongs to appid i
};

/// Index of an open batch in the journal.
using BatchNo = std::uint32_t;

/// Port: the crash journal of one lane. open_batch() and free_batch() may be called from the
/// claimer's and the settler's thread, mark() from the sender's; slots are single aligned words.
class Journal {
  public:
    virtual ~Journal() = default;
    /// J2: complete before return. Nothing if every batch is in use: claim later. At most
    /// `rows_max` appids. All slots start as `claimed`.
    virtual std::optional<BatchNo> open_batch(const BatchRecord& record) = 0;
    /// J3–J5: a release store; costs nanoseconds.
    virtual void mark(BatchNo batch, std::uint32_t row, SlotState state,
                      Reason reason = Reason::none) = 0;
    /// In `sync` mode: makes the marks so far survive power loss, before anything is flushed to a
    /// gateway. Otherwise does nothing.
    virtual void sync() = 0;
    /// J4: after the settlement of all its rows was acknowledged.
    virtual void free_batch(BatchNo batch) = 0;
    /// Batches open now.
    [[nodiscard]] virtual std::size_t open_batches() const = 0;
};

/// What a dead incarnation left, read under its lock.
struct LeftBatch {
    BatchRecord record;
    std::vector<JournalSlot> slots;  ///< one per appid
};

struct LeftJournal {
    IncarnationId incarnation;
    /// False: of another boot or damaged; nothing in it proves anything (J7), but its owner is
    /// dead. Batches are empty then.
    bool is_trusted = false;
    std::vector<LeftBatch> batches;
};

/// Port: all the journals of this host, for takeover. The lock of a LeftJournal is held until it is
/// removed or the object ends.
class JournalDirectory {
  public:
    virtual ~JournalDirectory() = default;
    /// Makes a journal, its lock held (J6). Throws UnavailableError (disk full, no permission).
    virtual std::unique_ptr<Journal> create(IncarnationId incarnation) = 0;
    /// Takes the lock of every journal here whose owner is dead and reads it.
    virtual std::vector<LeftJournal> take_dead() = 0;
    /// After its recovery is complete: removes a journal taken by take_dead().
    virtual void remove(IncarnationId incarnation) = 0;
    /// Of this process's own journal, at a clean end: nothing was left in it.
    virtual void retire(IncarnationId incarnation) = 0;
};

}  // namespace dispatcher
