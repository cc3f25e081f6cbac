#include "journal/file_journal.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/invariant.h"
#include "campaign/names.h"

namespace dispatcher {
namespace {

using AtomicWord = std::atomic_ref<std::uint64_t>;
static_assert(AtomicWord::is_always_lock_free);

[[noreturn]] void fail(const char* what, int error) {
    throw UnavailableError(fmt::format("{}: {}", what, std::generic_category().message(error)));
}

void allocate(int descriptor, std::size_t bytes) {
    int error = EINTR;
    while (error == EINTR)
        error = posix_fallocate(descriptor, 0, static_cast<off_t>(bytes));
    if (error != 0)
        fail(
            fmt::format("the journal needs {} KiB on its disk (journal.dir)", bytes / 1024).c_str(),
            error);
}

}  // namespace

FileJournal::FileJournal(LockedFile file, IncarnationId incarnation, const JournalLayout& layout,
                         const StoreKey& store, const BootId& boot, bool is_synced)
    : file_(std::move(file)),
      incarnation_(incarnation),
      layout_(layout),
      is_synced_(is_synced),
      areas_(layout.batches_max()) {
    allocate(file_.descriptor(), layout_.file_bytes());
    void* map = mmap(nullptr, layout_.file_bytes(), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_POPULATE, file_.descriptor(), 0);
    if (map == MAP_FAILED) fail("cannot map the journal", errno);
    map_ = static_cast<std::byte*>(map);
    for (auto batch = layout_.batches_max(); batch > 0; --batch)
        free_.push_back(batch - 1);
    const auto header = JournalHeader::make(incarnation, store, boot, layout_, is_synced);
    std::memcpy(map_, &header, sizeof header);
}

FileJournal::~FileJournal() {
    munmap(map_, layout_.file_bytes());
}

std::optional<BatchNo> FileJournal::open_batch(const BatchRecord& record) {
    const auto rows = record.appids.size();
    invariant(rows > 0 && rows <= layout_.rows_max(), "a batch fits in its journal area");
    invariant(incarnation_of(record.claim) == incarnation_, "a claim id is of its own incarnation");
    BatchNo batch = 0;
    {
        const std::lock_guard lock(mutex_);
        if (free_.empty()) return std::nullopt;
        invariant(record.claim > last_claim_, "a claim id is never used twice");
        last_claim_ = record.claim;
        batch = free_.back();
        free_.pop_back();
    }
    auto& area = areas_[batch];
    ++area.generation;
    invariant(area.generation <= SlotWord::kGenerationMax, "generations suffice");
    area.rows = static_cast<std::uint32_t>(rows);
    area.is_open = true;
    write_record(batch, record, area.generation);
    sync();
    return batch;
}

void FileJournal::mark(BatchNo batch, std::uint32_t row, SlotState state, Reason reason) {
    const auto& area = areas_[batch];
    invariant(area.is_open && row < area.rows, "a mark belongs to a row of an open batch");
    write_slot(batch, row, SlotWord::encode(area.generation, state, reason));
}

void FileJournal::sync() {
    if (!is_synced_) return;
    // fdatasync also writes the pages that were changed through the mapping.
    if (fdatasync(file_.descriptor()) != 0)
        fail("the journal's disk does not keep what it is given", errno);
}

void FileJournal::free_batch(BatchNo batch) {
    auto& area = areas_[batch];
    invariant(area.is_open, "only an open batch is freed");
    area.is_open = false;
    write_word(batch, AreaHead::word_of(area.generation, false));
    const std::lock_guard lock(mutex_);
    free_.push_back(batch);
}

std::size_t FileJournal::open_batches() const {
    const std::lock_guard lock(mutex_);
    return areas_.size() - free_.size();
}

std::byte* FileJournal::at(BatchNo batch, std::size_t offset) const {
    return map_ + layout_.area(batch) + offset;
}

/// The area is free while it is filled, so a death in between leaves no batch: none was claimed.
void FileJournal::write_record(BatchNo batch, const BatchRecord& record, std::uint64_t generation) {
    auto* lengths = at(batch, layout_.lengths());
    for (std::size_t row = 0; row < record.appids.size(); ++row) {
        const auto length = record.appids[row].size();
        invariant(length > 0 && length <= kAppidBytesMax, "an appid has 1 to 64 bytes");
        lengths[row] = static_cast<std::byte>(length);
        write_slot(batch, static_cast<std::uint32_t>(row),
                   SlotWord::encode(generation, SlotState::claimed, Reason::none));
    }
    const auto keys = record.appids.bytes();
    std::memcpy(at(batch, layout_.keys()), keys.data(), keys.size());

    AreaHead head;
    head.word = AreaHead::word_of(generation, false);
    head.claim = record.claim.value;
    head.fence = record.fence.value;
    head.campaign = record.campaign.value;
    head.scope = record.scope.value;
    head.chunk = record.chunk.value;
    head.rows = static_cast<std::uint32_t>(record.appids.size());
    head.key_bytes = static_cast<std::uint32_t>(keys.size());
    head.crc = head.crc_with({reinterpret_cast<const char*>(lengths), record.appids.size()}, keys);
    std::memcpy(at(batch, sizeof head.word),
                reinterpret_cast<const std::byte*>(&head) + sizeof head.word,
                sizeof head - sizeof head.word);
    write_word(batch, AreaHead::word_of(generation, true));
}

void FileJournal::write_slot(BatchNo batch, std::uint32_t row, std::uint64_t word) const {
    auto* slot = at(batch, layout_.slots() + row * sizeof word);
    AtomicWord(*reinterpret_cast<std::uint64_t*>(slot)).store(word, std::memory_order_release);
}

void FileJournal::write_word(BatchNo batch, std::uint64_t word) const {
    AtomicWord(*reinterpret_cast<std::uint64_t*>(at(batch, 0)))
        .store(word, std::memory_order_release);
    // What follows (a new record over a freed one) must not be moved before it.
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace dispatcher
