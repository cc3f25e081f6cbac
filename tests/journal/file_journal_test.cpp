#include "journal/file_journal.h"

#include <csignal>

#include <sys/stat.h>
#include <sys/wait.h>

#include "journal/journal_layout.h"
#include "journal/journal_scene.h"
#include "support/catch.h"

namespace dispatcher {
namespace {

constexpr BootId kThisBoot{1};
constexpr BootId kNextBoot{2};

FileJournalOptions options(std::uint32_t batches_max, std::uint32_t rows_max, bool sync = false) {
    FileJournalOptions chosen;
    chosen.batches_max = batches_max;
    chosen.rows_max = rows_max;
    chosen.sync = sync;
    chosen.boot = kThisBoot;
    return chosen;
}

LeftJournal take_one(const ScratchDirectory& scratch, const BootId& boot = kThisBoot) {
    FileJournalOptions chosen;
    chosen.boot = boot;
    FileJournalDirectory directory(scratch.path(), kStoreId, chosen);
    auto left = directory.take_dead();
    REQUIRE(left.size() == 1);
    CHECK(left[0].incarnation == kOwner);
    return std::move(left[0]);
}

/// Leaves a journal with one batch of three rows: claimed, on the wire, rejected.
void leave_three_rows(const ScratchDirectory& scratch, bool sync = false) {
    FileJournalDirectory directory(scratch.path(), kStoreId, options(2, 4, sync));
    const auto journal = directory.create(kOwner);
    const auto batch = journal->open_batch(make_record(1, 3)).value();
    journal->mark(batch, 1, SlotState::wire);
    journal->mark(batch, 2, SlotState::done, Reason::unregistered);
    journal->sync();
}

}  // namespace

TEST_CASE("a dead owner's batches are read back as they were written") {
    const ScratchDirectory scratch;
    leave_three_rows(scratch);
    const auto left = take_one(scratch);
    REQUIRE(left.is_trusted);
    REQUIRE(left.batches.size() == 1);
    const auto& record = left.batches[0].record;
    const auto written = make_record(1, 3);
    CHECK(record.claim == written.claim);
    CHECK(record.campaign == written.campaign);
    CHECK(record.scope == written.scope);
    CHECK(record.chunk == written.chunk);
    CHECK(record.fence == written.fence);
    REQUIRE(record.appids.size() == 3);
    for (std::size_t row = 0; row < 3; ++row)
        CHECK(record.appids[row] == written.appids[row]);
    const auto& slots = left.batches[0].slots;
    REQUIRE(slots.size() == 3);
    CHECK(slots[0].state == SlotState::claimed);
    CHECK(slots[1].state == SlotState::wire);
    CHECK(slots[2].state == SlotState::done);
    CHECK(slots[2].reason == Reason::unregistered);
}

TEST_CASE("a row with proof that it was not sent goes back to claimed before anything else") {
    const ScratchDirectory scratch;
    {
        FileJournalDirectory directory(scratch.path(), kStoreId, options(1, 1));
        const auto journal = directory.create(kOwner);
        const auto batch = journal->open_batch(make_record(1, 1)).value();
        journal->mark(batch, 0, SlotState::wire);
        journal->mark(batch, 0, SlotState::claimed);
    }
    CHECK(take_one(scratch).batches.at(0).slots.at(0).state == SlotState::claimed);
}

TEST_CASE("a freed batch leaves nothing to recover") {
    const ScratchDirectory scratch;
    {
        FileJournalDirectory directory(scratch.path(), kStoreId, options(2, 4));
        const auto journal = directory.create(kOwner);
        const auto first = journal->open_batch(make_record(1, 4)).value();
        CHECK(journal->open_batches() == 1);
        journal->open_batch(make_record(2, 2));
        CHECK(journal->open_batches() == 2);
        journal->free_batch(first);
        CHECK(journal->open_batches() == 1);
    }
    const auto left = take_one(scratch);
    REQUIRE(left.batches.size() == 1);
    CHECK(left.batches[0].record.claim == make_claim_id(kOwner, 2));
}

TEST_CASE("a journal whose areas are all in use takes no batch until one is freed") {
    const ScratchDirectory scratch;
    FileJournalDirectory directory(scratch.path(), kStoreId, options(2, 4));
    const auto journal = directory.create(kOwner);
    const auto first = journal->open_batch(make_record(1, 1)).value();
    REQUIRE(journal->open_batch(make_record(2, 1)));
    CHECK_FALSE(journal->open_batch(make_record(3, 1)));
    journal->free_batch(first);
    CHECK(journal->open_batch(make_record(3, 1)));
}

TEST_CASE("marks of an earlier batch are never taken for those of the batch that reuses its area") {
    const ScratchDirectory scratch;
    {
        FileJournalDirectory directory(scratch.path(), kStoreId, options(1, 4));
        const auto journal = directory.create(kOwner);
        for (std::uint32_t number = 1; number <= 50; ++number) {
            const auto rows = number % 4 + 1;
            const auto batch = journal->open_batch(make_record(number, rows)).value();
            for (std::uint32_t row = 0; row < rows; ++row)
                journal->mark(batch, row, SlotState::done, Reason::unregistered);
            journal->free_batch(batch);
        }
        journal->open_batch(make_record(51, 4));
    }
    const auto left = take_one(scratch);
    REQUIRE(left.is_trusted);
    REQUIRE(left.batches.size() == 1);
    CHECK(left.batches[0].record.appids[3] == make_record(51, 4).appids[3]);
    for (const auto& slot : left.batches[0].slots)
        CHECK(slot.state == SlotState::claimed);
}

TEST_CASE("a word of another generation is not decoded") {
    const auto word = SlotWord::encode(5, SlotState::done, Reason::expired_token);
    REQUIRE(SlotWord::decode(word, 5));
    CHECK(SlotWord::decode(word, 5)->state == SlotState::done);
    CHECK(SlotWord::decode(word, 5)->reason == Reason::expired_token);
    CHECK_FALSE(SlotWord::decode(word, 4));
    CHECK_FALSE(SlotWord::decode(word, 6));
    const auto latest = SlotWord::encode(SlotWord::kGenerationMax, SlotState::wire, Reason::none);
    CHECK(SlotWord::decode(latest, SlotWord::kGenerationMax)->state == SlotState::wire);
}

TEST_CASE("a slot of another generation makes the journal prove nothing") {
    const ScratchDirectory scratch;
    leave_three_rows(scratch);
    const JournalLayout layout(2, 4);
    auto bytes = read_bytes(scratch.journal_of(kOwner));
    const auto generation_byte = layout.area(1) + layout.slots() + 3;
    // Which of the two areas is used is the journal's own affair: spoil the same slot in both.
    for (const auto at : {generation_byte, layout.area(0) + layout.slots() + 3})
        bytes[at] = static_cast<char>(bytes[at] + 1);
    write_bytes(scratch.journal_of(kOwner), bytes);
    CHECK_FALSE(take_one(scratch).is_trusted);
}

TEST_CASE("one flipped bit in a header or a record makes the journal prove nothing") {
    const ScratchDirectory scratch;
    leave_three_rows(scratch);
    const auto whole = read_bytes(scratch.journal_of(kOwner));
    const JournalLayout layout(2, 4);
    std::size_t used = 0;
    while ((whole[layout.area(static_cast<std::uint32_t>(used))] & 1) == 0)
        ++used;
    const auto area = layout.area(static_cast<std::uint32_t>(used));
    const auto keys = make_record(1, 3).appids.bytes().size();

    std::vector<std::size_t> places;
    for (std::size_t at = 0; at < sizeof(JournalHeader); ++at)
        places.push_back(at);
    for (std::size_t at = 1; at < sizeof(AreaHead); ++at)
        places.push_back(area + at);
    for (std::size_t at = 0; at < 3; ++at)
        places.push_back(area + layout.lengths() + at);
    for (std::size_t at = 0; at < keys; ++at)
        places.push_back(area + layout.keys() + at);
    for (const auto at : places) {
        auto bytes = whole;
        bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
        write_bytes(scratch.journal_of(kOwner), bytes);
        INFO("byte " << at);
        const auto left = take_one(scratch);
        CHECK_FALSE(left.is_trusted);
        CHECK(left.batches.empty());
    }
}

TEST_CASE("a journal cut short makes no claim to be complete") {
    const ScratchDirectory scratch;
    leave_three_rows(scratch);
    std::filesystem::resize_file(scratch.journal_of(kOwner), 4096);
    CHECK_FALSE(take_one(scratch).is_trusted);
    std::filesystem::resize_file(scratch.journal_of(kOwner), 0);
    CHECK_FALSE(take_one(scratch).is_trusted);
}

TEST_CASE("a record whose owner died before it was complete is no batch") {
    const ScratchDirectory scratch;
    leave_three_rows(scratch);
    auto bytes = read_bytes(scratch.journal_of(kOwner));
    const JournalLayout layout(2, 4);
    for (std::uint32_t batch = 0; batch < 2; ++batch) {
        auto& word = bytes[layout.area(batch)];
        word = static_cast<char>(word & ~1);
    }
    write_bytes(scratch.journal_of(kOwner), bytes);
    const auto left = take_one(scratch);
    CHECK(left.is_trusted);
    CHECK(left.batches.empty());
}

TEST_CASE("a journal of another boot proves nothing") {
    const ScratchDirectory scratch;
    leave_three_rows(scratch);
    const auto left = take_one(scratch, kNextBoot);
    CHECK_FALSE(left.is_trusted);
    CHECK(left.batches.empty());
}

TEST_CASE("a synced journal of another boot is trusted") {
    const ScratchDirectory scratch;
    leave_three_rows(scratch, true);
    const auto left = take_one(scratch, kNextBoot);
    REQUIRE(left.is_trusted);
    REQUIRE(left.batches.size() == 1);
    CHECK(left.batches[0].slots[1].state == SlotState::wire);
}

TEST_CASE("a record that a power cut tore is left out of a synced journal") {
    const ScratchDirectory scratch;
    {
        FileJournalDirectory directory(scratch.path(), kStoreId, options(2, 4, true));
        const auto journal = directory.create(kOwner);
        journal->open_batch(make_record(1, 4));
        journal->open_batch(make_record(2, 4));
    }
    auto bytes = read_bytes(scratch.journal_of(kOwner));
    const auto at = bytes.find("device-000002");
    REQUIRE(at != std::string::npos);
    bytes[at] = 'X';
    write_bytes(scratch.journal_of(kOwner), bytes);
    const auto left = take_one(scratch, kNextBoot);
    REQUIRE(left.is_trusted);
    REQUIRE(left.batches.size() == 1);
    CHECK(left.batches[0].record.claim == make_claim_id(kOwner, 1));
}

TEST_CASE("appids of 64 bytes in a full batch survive in every area") {
    const ScratchDirectory scratch;
    constexpr std::uint32_t kBatches = 3;
    constexpr std::uint32_t kRows = 100;
    const auto appid = [](std::uint32_t batch, std::uint32_t row) {
        const auto number = std::to_string(batch * 1000 + row);
        return std::string(64 - number.size(), 'a') + number;
    };
    {
        FileJournalDirectory directory(scratch.path(), kStoreId, options(kBatches, kRows));
        const auto journal = directory.create(kOwner);
        for (std::uint32_t batch = 0; batch < kBatches; ++batch) {
            auto record = make_record(batch + 1, 0);
            for (std::uint32_t row = 0; row < kRows; ++row)
                record.appids.push(appid(batch, row));
            const auto opened = journal->open_batch(record).value();
            for (std::uint32_t row = 0; row < kRows; row += 2)
                journal->mark(opened, row, SlotState::wire);
        }
    }
    const auto left = take_one(scratch);
    REQUIRE(left.batches.size() == kBatches);
    for (const auto& batch : left.batches) {
        const auto number = static_cast<std::uint32_t>(batch.record.claim.value) - 1;
        for (std::uint32_t row = 0; row < kRows; ++row) {
            REQUIRE(batch.record.appids[row] == appid(number, row));
            REQUIRE(batch.slots[row].state ==
                    (row % 2 == 0 ? SlotState::wire : SlotState::claimed));
        }
    }
}

TEST_CASE("a claim id that was used before is a bug and ends the process") {
    const ScratchDirectory scratch;
    ChildProcess child([&] {
        FileJournalDirectory directory(scratch.path(), kStoreId, options(2, 4));
        const auto journal = directory.create(kOwner);
        journal->open_batch(make_record(1, 1));
        journal->open_batch(make_record(1, 1));
    });
    const int status = child.wait();
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
}

TEST_CASE("every byte of a journal is allocated before its first use") {
    const ScratchDirectory scratch;
    FileJournalDirectory directory(scratch.path(), kStoreId, options(8, 1000));
    const auto journal = directory.create(kOwner);
    struct stat found {};
    REQUIRE(stat(scratch.journal_of(kOwner).c_str(), &found) == 0);
    CHECK(static_cast<std::size_t>(found.st_size) == JournalLayout(8, 1000).file_bytes());
    CHECK(found.st_blocks * 512 >= found.st_size);
}

}  // namespace dispatcher
