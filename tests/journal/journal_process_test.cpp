#include <algorithm>
#include <csignal>
#include <map>
#include <random>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/journal_scene.h"
#include "support/catch.h"

namespace dispatcher {
namespace {

constexpr std::uint32_t kRows = 8;
constexpr int kKills = 150;

FileJournalOptions small() {
    FileJournalOptions chosen;
    chosen.batches_max = 4;
    chosen.rows_max = kRows;
    return chosen;
}

/// One send, as the peer sees it.
struct Sent {
    std::uint32_t batch = 0;
    std::uint32_t row = 0;
};

enum class MarkOrder { before_send, after_send };

/// Claims and sends until it is killed, four batches at a time.
void send_for_ever(const ScratchDirectory& scratch, const Pipe& wire, MarkOrder order) {
    FileJournalDirectory directory(scratch.path(), kStoreId, small());
    const auto journal = directory.create(kOwner);
    for (std::uint32_t number = 1;;) {
        std::vector<std::pair<BatchNo, std::uint32_t>> open;
        for (int i = 0; i < 4; ++i, ++number)
            open.emplace_back(journal->open_batch(make_record(number, kRows)).value(), number);
        for (const auto& [batch, of] : open) {
            for (std::uint32_t row = 0; row < kRows; ++row) {
                const Sent sent{of, row};
                if (order == MarkOrder::before_send) journal->mark(batch, row, SlotState::wire);
                wire.write(&sent, sizeof sent);
                if (order == MarkOrder::after_send) journal->mark(batch, row, SlotState::wire);
                if (row % 2 == 0) journal->mark(batch, row, SlotState::done);
            }
            journal->free_batch(batch);
        }
    }
}

struct Verdict {
    int unmarked_sends = 0;  ///< the peer got it, and the journal would send it again
    int marked_unsent = 0;
    int damaged = 0;  ///< not trusted, or a record that is not what was written
};

/// Kills a sender after the peer saw `sends`, and compares what the peer saw with the journal.
Verdict kill_and_compare(std::uint32_t sends, MarkOrder order) {
    const ScratchDirectory scratch;
    Pipe wire;
    ChildProcess sender([&] { send_for_ever(scratch, wire, order); });
    wire.close_writer();
    std::map<std::pair<std::uint32_t, std::uint32_t>, int> seen;
    Sent sent;
    for (std::uint32_t i = 0; i < sends && wire.read(&sent, sizeof sent); ++i)
        ++seen[{sent.batch, sent.row}];
    sender.signal(SIGKILL);
    sender.wait();
    while (wire.read(&sent, sizeof sent))
        ++seen[{sent.batch, sent.row}];

    Verdict verdict;
    FileJournalDirectory directory(scratch.path(), kStoreId, small());
    const auto dead = directory.take_dead();
    if (dead.size() != 1 || !dead[0].is_trusted) return {0, 0, 1};
    for (const auto& batch : dead[0].batches) {
        const auto number = static_cast<std::uint32_t>(batch.record.claim.value);
        const auto written = make_record(number, kRows);
        if (batch.record.appids.bytes() != written.appids.bytes()) ++verdict.damaged;
        for (std::uint32_t row = 0; row < kRows; ++row) {
            const bool is_seen = seen.contains({number, row});
            const bool is_marked = batch.slots[row].state != SlotState::claimed;
            if (is_seen && !is_marked) ++verdict.unmarked_sends;
            if (is_marked && !is_seen) ++verdict.marked_unsent;
        }
    }
    return verdict;
}

Verdict kill_many_times(MarkOrder order) {
    std::mt19937 random(20240607);
    Verdict sum;
    for (int i = 0; i < kKills; ++i) {
        const auto sends = std::uniform_int_distribution<std::uint32_t>(1, 300)(random);
        const auto verdict = kill_and_compare(sends, order);
        sum.unmarked_sends += verdict.unmarked_sends;
        sum.marked_unsent += verdict.marked_unsent;
        sum.damaged += verdict.damaged;
    }
    return sum;
}

}  // namespace

TEST_CASE("kill -9 at any point leaves no send without its mark") {
    const auto verdict = kill_many_times(MarkOrder::before_send);
    CHECK(verdict.unmarked_sends == 0);
    CHECK(verdict.damaged == 0);
    // One row at most is marked and not yet written when its process dies.
    CHECK(verdict.marked_unsent <= kKills);
}

TEST_CASE("the comparison with the peer sees a sender that marks too late") {
    CHECK(kill_many_times(MarkOrder::after_send).unmarked_sends > 0);
}

TEST_CASE("a stopped owner's journal cannot be taken before he is dead") {
    const ScratchDirectory scratch;
    ChildProcess owner([&] {
        FileJournalDirectory directory(scratch.path(), kStoreId, small());
        const auto journal = directory.create(kOwner);
        journal->open_batch(make_record(1, 3));
        std::raise(SIGSTOP);
        pause();
    });
    owner.wait_until_stopped();
    FileJournalDirectory directory(scratch.path(), kStoreId, small());
    CHECK(directory.take_dead().empty());
    owner.signal(SIGKILL);
    owner.wait();
    const auto left = directory.take_dead();
    REQUIRE(left.size() == 1);
    CHECK(left[0].is_trusted);
    CHECK(left[0].batches.size() == 1);
}

TEST_CASE("a program that the owner started does not keep his lock") {
    const ScratchDirectory scratch;
    Pipe started;
    Pipe lives;
    ChildProcess owner([&] {
        FileJournalDirectory directory(scratch.path(), kStoreId, small());
        const auto journal = directory.create(kOwner);
        if (fork() == 0) {
            // Lives until the test closes its end of the pipe.
            dup2(lives.reader(), STDIN_FILENO);
            fcntl(lives.writer(), F_SETFD, FD_CLOEXEC);
            fcntl(started.writer(), F_SETFD, FD_CLOEXEC);
            execl("/bin/cat", "cat", nullptr);
            _exit(1);
        }
        close(lives.writer());
        // The end of `started` comes when both of us let go of it: the program by being executed.
        close(started.writer());
        std::raise(SIGSTOP);
        pause();
    });
    owner.wait_until_stopped();
    started.close_writer();
    char nothing = 0;
    CHECK_FALSE(started.read(&nothing, 1));

    owner.signal(SIGKILL);
    owner.wait();
    FileJournalDirectory directory(scratch.path(), kStoreId, small());
    CHECK(directory.take_dead().size() == 1);
    lives.close_writer();
}

TEST_CASE("of many recoveries at once exactly one gets each journal") {
    constexpr std::uint32_t kJournals = 200;
    constexpr int kRecoveries = 4;
    const ScratchDirectory scratch;
    for (std::uint32_t i = 1; i <= kJournals; ++i)
        FileJournalDirectory(scratch.path(), kStoreId, small()).create({i}).reset();

    Pipe taken;
    std::vector<std::unique_ptr<ChildProcess>> recoveries;
    for (int i = 0; i < kRecoveries; ++i) {
        recoveries.push_back(std::make_unique<ChildProcess>([&] {
            FileJournalDirectory directory(scratch.path(), kStoreId, small());
            while (!scratch.files().empty()) {
                for (const auto& left : directory.take_dead()) {
                    taken.write(&left.incarnation, sizeof left.incarnation);
                    directory.remove(left.incarnation);
                }
            }
        }));
    }
    taken.close_writer();
    std::map<IncarnationId, int> times;
    IncarnationId incarnation;
    while (taken.read(&incarnation, sizeof incarnation))
        ++times[incarnation];
    for (auto& recovery : recoveries)
        CHECK(recovery->wait() == 0);
    CHECK(times.size() == kJournals);
    for (const auto& [id, count] : times) {
        INFO("incarnation " << id.value);
        CHECK(count == 1);
    }
}

}  // namespace dispatcher
