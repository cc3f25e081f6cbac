#include "journal/file_journal_directory.h"

#include <csignal>

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "journal/journal_scene.h"
#include "journal/network_file_system.h"
#include "support/catch.h"

namespace dispatcher {
namespace {

FileJournalOptions small() {
    FileJournalOptions chosen;
    chosen.batches_max = 2;
    chosen.rows_max = 4;
    return chosen;
}

unsigned mode_of(const std::string& path) {
    struct stat found {};
    return stat(path.c_str(), &found) == 0 ? found.st_mode & 0777U : 0U;
}

/// In a child process: makes the disk under `directory` smaller than a journal. A small tmpfs
/// where this process may mount one, else a limit on the size of files.
void shrink_disk(const std::string& directory) {
    const bool is_mounted = unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
                            mount("none", directory.c_str(), "tmpfs", 0, "size=16k") == 0;
    if (is_mounted) return;
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{16384, 16384};
    setrlimit(RLIMIT_FSIZE, &limit);
}

}  // namespace

TEST_CASE("the journal directory and its files are their owner's alone") {
    const ScratchDirectory scratch;
    const auto path = scratch.path() + "/var/journal";
    FileJournalDirectory directory(path, kStoreId, small());
    const auto journal = directory.create(kOwner);
    CHECK(mode_of(path) == 0700U);
    CHECK(mode_of(path + "/0badcafe.journal") == 0600U);
}

TEST_CASE("a living owner's journal cannot be taken, not even by its own process") {
    const ScratchDirectory scratch;
    FileJournalDirectory directory(scratch.path(), kStoreId, small());
    FileJournalDirectory other(scratch.path(), kStoreId, small());
    const auto journal = directory.create(kOwner);
    CHECK(directory.take_dead().empty());
    CHECK(other.take_dead().empty());
}

TEST_CASE("a retired journal is gone") {
    const ScratchDirectory scratch;
    FileJournalDirectory directory(scratch.path(), kStoreId, small());
    auto journal = directory.create(kOwner);
    directory.retire(kOwner);
    CHECK(scratch.files().empty());
    journal.reset();
    CHECK(directory.take_dead().empty());
}

TEST_CASE("a journal that ended without being retired is taken until it is removed") {
    const ScratchDirectory scratch;
    FileJournalDirectory directory(scratch.path(), kStoreId, small());
    directory.create(kOwner).reset();
    CHECK(directory.take_dead().size() == 1);
    // A recovery that broke off asks again.
    CHECK(directory.take_dead().size() == 1);
    directory.remove(kOwner);
    CHECK(directory.take_dead().empty());
    CHECK(scratch.files().empty());
}

TEST_CASE("two recoveries exclude each other") {
    const ScratchDirectory scratch;
    FileJournalDirectory(scratch.path(), kStoreId, small()).create(kOwner).reset();
    FileJournalDirectory second(scratch.path(), kStoreId, small());
    {
        FileJournalDirectory first(scratch.path(), kStoreId, small());
        REQUIRE(first.take_dead().size() == 1);
        CHECK(second.take_dead().empty());
    }
    // The first died over it: now it is the second's turn.
    CHECK(second.take_dead().size() == 1);
}

TEST_CASE("journals of another store are left alone") {
    const ScratchDirectory scratch;
    FileJournalDirectory(scratch.path(), "another store", small()).create(kOwner).reset();
    FileJournalDirectory directory(scratch.path(), kStoreId, small());
    CHECK(directory.take_dead().empty());
    CHECK(FileJournalDirectory(scratch.path(), "another store", small()).take_dead().size() == 1);
}

TEST_CASE("an incarnation's journal is never made over an existing one") {
    const ScratchDirectory scratch;
    FileJournalDirectory directory(scratch.path(), kStoreId, small());
    directory.create(kOwner).reset();
    CHECK_THROWS_AS(directory.create(kOwner), UnavailableError);
    CHECK(scratch.files() == std::vector<std::string>{"0badcafe.journal"});
    CHECK(directory.take_dead().at(0).is_trusted);
}

TEST_CASE("a file whose maker died over it is cleared away, and other files are not touched") {
    const ScratchDirectory scratch;
    FileJournalDirectory directory(scratch.path(), kStoreId, small());
    for (const auto* name : {"0badcafe.journal.0.new", "notes.txt", "0badcafe.journals"})
        fclose(fopen((scratch.path() + "/" + name).c_str(), "w"));
    CHECK(directory.take_dead().empty());
    CHECK(scratch.files() == std::vector<std::string>{"0badcafe.journals", "notes.txt"});
}

TEST_CASE("a disk without room for the whole journal is an error and keeps no file") {
    const ScratchDirectory scratch;
    ChildProcess child([&] {
        shrink_disk(scratch.path());
        FileJournalOptions large = small();
        large.rows_max = 1000;
        FileJournalDirectory directory(scratch.path(), kStoreId, large);
        bool is_refused = false;
        try {
            directory.create(kOwner);
        } catch (const UnavailableError&) {
            is_refused = true;
        }
        _exit(is_refused && scratch.files().empty() ? 0 : 1);
    });
    CHECK(child.wait() == 0);
    CHECK(scratch.files().empty());
}

TEST_CASE("a directory that cannot be made is an error that names it") {
    const ScratchDirectory scratch;
    fclose(fopen((scratch.path() + "/file").c_str(), "w"));
    const auto path = scratch.path() + "/file/journal";
    std::string said;
    try {
        FileJournalDirectory directory(path, kStoreId, small());
    } catch (const UnavailableError& error) {
        said = error.what();
    }
    CHECK(said.find(path) != std::string::npos);
}

TEST_CASE("file systems that other hosts may share are known by name") {
    CHECK(network_file_system(0x6969) == "NFS");
    CHECK(network_file_system(0xFF534D42) == "CIFS");
    CHECK(network_file_system(0xFFFFFFFFFF534D42ULL) == "CIFS");
    CHECK_FALSE(network_file_system(0xEF53));      // ext4
    CHECK_FALSE(network_file_system(0x01021994));  // tmpfs
    CHECK_FALSE(network_file_system(0x794C7630));  // overlayfs
}

}  // namespace dispatcher
