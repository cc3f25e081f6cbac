#include "engine/simulated_journal.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/invariant.h"

namespace dispatcher {
namespace {

/// Few, so that lanes run into the bound.
constexpr std::size_t kBatchesMax = 12;

}  // namespace

void SimulatedHost::lose_power() {
    for (auto file = files.begin(); file != files.end();) {
        file->second->is_of_another_boot = true;
        // Between two syncs the kernel may have written a page or not.
        for (auto& batch : file->second->batches) {
            if (!batch) continue;
            for (auto& slot : batch->slots)
                if (world_.chance(0.5)) slot.now = slot.on_disk;
        }
        const bool is_gone = !is_synced_ && world_.chance(0.5);
        file = is_gone ? files.erase(file) : std::next(file);
    }
}

SimulatedJournal::SimulatedJournal(World& world, Ledger& ledger, ProcessLife& life,
                                   std::shared_ptr<SimulatedHost::File> file, bool is_synced,
                                   Mistake mistake)
    : world_(world),
      ledger_(ledger),
      life_(life),
      file_(std::move(file)),
      is_synced_(is_synced),
      mistake_(mistake) {}

std::optional<BatchNo> SimulatedJournal::open_batch(const BatchRecord& record) {
    world_.tick(life_);
    auto& batches = file_->batches;
    const auto free = std::find(batches.begin(), batches.end(), std::nullopt);
    if (free == batches.end()) return std::nullopt;
    SimulatedHost::Slot slot;
    slot.now.state = slot.on_disk.state = SlotState::claimed;
    *free =
        SimulatedHost::Batch{record, std::vector<SimulatedHost::Slot>(record.appids.size(), slot)};
    const auto batch = static_cast<BatchNo>(free - batches.begin());
    world_.tick(life_);
    return batch;
}

SimulatedHost::Batch& SimulatedJournal::open_at(BatchNo batch) {
    auto& found = file_->batches.at(batch);
    invariant(found.has_value(), "a mark belongs to an open batch");
    return *found;
}

void SimulatedJournal::mark(BatchNo batch, std::uint32_t row, SlotState state, Reason reason) {
    world_.tick(life_);
    auto& open = open_at(batch);
    if (mistake_ == Mistake::mark_after_send && state == SlotState::wire) {
        late_marks_.push_back({batch, row, open.record.claim});
        return;
    }
    if (state == SlotState::wire) ledger_.mark(open.record.appids[row]);
    open.slots.at(row).now = {state, reason};
    world_.tick(life_);
}

void SimulatedJournal::sync() {
    world_.tick(life_);
    if (is_synced_)
        for (auto& batch : file_->batches)
            if (batch)
                for (auto& slot : batch->slots)
                    slot.on_disk = slot.now;
    // The mistake: requests have been handed over, and may have left, before this.
    for (const auto& late : late_marks_) {
        world_.tick(life_);
        auto& batch = file_->batches.at(late.batch);
        if (batch && batch->record.claim == late.claim)
            batch->slots.at(late.row).now = {SlotState::wire, Reason::none};
    }
    late_marks_.clear();
}

void SimulatedJournal::free_batch(BatchNo batch) {
    world_.tick(life_);
    open_at(batch);
    file_->batches.at(batch).reset();
    world_.tick(life_);
}

std::size_t SimulatedJournal::open_batches() const {
    return static_cast<std::size_t>(
        std::count_if(file_->batches.begin(), file_->batches.end(),
                      [](const auto& batch) { return batch.has_value(); }));
}

SimulatedJournalDirectory::~SimulatedJournalDirectory() {
    for (const auto incarnation : taken_)
        if (const auto file = host_.files.find(incarnation); file != host_.files.end())
            file->second->is_locked = false;
}

std::unique_ptr<Journal> SimulatedJournalDirectory::create(IncarnationId incarnation) {
    world_.tick(life_);
    auto file = std::make_shared<SimulatedHost::File>();
    file->batches.resize(kBatchesMax);
    file->owner = &life_;
    host_.files[incarnation] = file;
    return std::make_unique<SimulatedJournal>(world_, ledger_, life_, std::move(file),
                                              host_.is_synced(), mistake_);
}

std::vector<LeftJournal> SimulatedJournalDirectory::take_dead() {
    world_.tick(life_);
    std::vector<LeftJournal> left;
    for (auto& [incarnation, file] : host_.files) {
        const bool is_mistaken = mistake_ == Mistake::no_death_proof && file->owner->is_stopped;
        if (file->is_locked && !is_mistaken && !taken_.contains(incarnation)) continue;
        file->is_locked = true;
        taken_.insert(incarnation);
        left.push_back(read(incarnation, *file));
    }
    return left;
}

LeftJournal SimulatedJournalDirectory::read(IncarnationId incarnation,
                                            const SimulatedHost::File& file) const {
    LeftJournal left;
    left.incarnation = incarnation;
    left.is_trusted = !file.is_of_another_boot || host_.is_synced();
    if (!left.is_trusted) return left;
    for (const auto& batch : file.batches) {
        if (!batch) continue;
        LeftBatch one;
        one.record = batch->record;
        for (const auto& slot : batch->slots)
            one.slots.push_back(slot.now);
        left.batches.push_back(std::move(one));
    }
    return left;
}

void SimulatedJournalDirectory::remove(IncarnationId incarnation) {
    world_.tick(life_);
    if (taken_.erase(incarnation) > 0) host_.files.erase(incarnation);
}

void SimulatedJournalDirectory::retire(IncarnationId incarnation) {
    world_.tick(life_);
    host_.files.erase(incarnation);
}

}  // namespace dispatcher
