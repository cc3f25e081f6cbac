#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "engine/simulated_gateway.h"
#include "engine/simulated_world.h"
#include "engine/simulation_mistake.h"
#include "journal/journal.h"

namespace dispatcher {

/// The journals of one simulated host: they outlive its processes, and are worth nothing after a
/// power cut unless they were synced.
class SimulatedHost {
  public:
    struct Slot {
        JournalSlot now;
        JournalSlot on_disk;  ///< as of the last sync
    };
    struct Batch {
        BatchRecord record;
        std::vector<Slot> slots;
    };
    struct File {
        std::vector<std::optional<Batch>> batches;
        bool is_locked = true;
        bool is_of_another_boot = false;
        const ProcessLife* owner = nullptr;
    };

    SimulatedHost(World& world, bool is_synced) : world_(world), is_synced_(is_synced) {}

    /// Every process here is dead already. A file may be gone altogether.
    void lose_power();
    [[nodiscard]] bool is_synced() const { return is_synced_; }

    std::map<IncarnationId, std::shared_ptr<File>> files;

  private:
    World& world_;
    const bool is_synced_;
};

/// One lane's journal. Dropping it gives its lock back, as the end of a process does.
class SimulatedJournal final : public Journal {
  public:
    SimulatedJournal(World& world, Ledger& ledger, ProcessLife& life,
                     std::shared_ptr<SimulatedHost::File> file, bool is_synced, Mistake mistake);
    ~SimulatedJournal() override { file_->is_locked = false; }

    std::optional<BatchNo> open_batch(const BatchRecord& record) override;
    void mark(BatchNo batch, std::uint32_t row, SlotState state, Reason reason) override;
    void sync() override;
    void free_batch(BatchNo batch) override;
    [[nodiscard]] std::size_t open_batches() const override;

  private:
    struct LateMark {
        BatchNo batch;
        std::uint32_t row;
        ClaimId claim;
    };
    SimulatedHost::Batch& open_at(BatchNo batch);

    World& world_;
    Ledger& ledger_;
    ProcessLife& life_;
    std::shared_ptr<SimulatedHost::File> file_;
    const bool is_synced_;
    const Mistake mistake_;
    std::vector<LateMark> late_marks_;  ///< of the mistake mark_after_send
};

/// A process's view of its host's journals; the locks that it took end with it.
class SimulatedJournalDirectory final : public JournalDirectory {
  public:
    SimulatedJournalDirectory(World& world, Ledger& ledger, SimulatedHost& host, ProcessLife& life,
                              Mistake mistake)
        : world_(world), ledger_(ledger), host_(host), life_(life), mistake_(mistake) {}
    ~SimulatedJournalDirectory() override;

    std::unique_ptr<Journal> create(IncarnationId incarnation) override;
    std::vector<LeftJournal> take_dead() override;
    void remove(IncarnationId incarnation) override;
    void retire(IncarnationId incarnation) override;

  private:
    [[nodiscard]] LeftJournal read(IncarnationId incarnation,
                                   const SimulatedHost::File& file) const;

    World& world_;
    Ledger& ledger_;
    SimulatedHost& host_;
    ProcessLife& life_;
    const Mistake mistake_;
    std::set<IncarnationId> taken_;
};

}  // namespace dispatcher
