#include "journal/file_journal_directory.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/invariant.h"
#include "base/log.h"
#include "base/sha256.h"
#include "journal/file_journal.h"
#include "journal/journal_image.h"
#include "journal/network_file_system.h"

namespace dispatcher {
namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr std::size_t kHexDigits = 8;
constexpr std::string_view kSuffix = ".journal";
/// Of a file whose maker has not finished its header; may be cleared away once its lock is free.
constexpr std::string_view kUnnamedSuffix = ".new";
constexpr int kCreateTriesMax = 100;
constexpr std::size_t kFileBytesMax = std::size_t{1} << 30;

[[noreturn]] void fail(const std::string& what, int error) {
    throw UnavailableError(fmt::format("{}: {}", what, std::generic_category().message(error)));
}

StoreKey key_of(std::string_view store_id) {
    const auto digest = Sha256::of(store_id);
    StoreKey key;
    std::copy_n(digest.begin(), key.size(), key.begin());
    return key;
}

/// Parsed from the kernel's text, 32 hexadecimal digits with dashes.
BootId current_boot() {
    constexpr auto kPath = "/proc/sys/kernel/random/boot_id";
    std::string text;
    std::getline(std::ifstream(kPath) >> std::ws, text);
    std::erase(text, '-');
    BootId boot;
    if (text.size() != 2 * boot.size())
        throw UnavailableError(fmt::format("the journal needs {}, which cannot be read", kPath));
    for (std::size_t i = 0; i < boot.size(); ++i)
        std::from_chars(&text[2 * i], &text[2 * i] + 2, boot[i], 16);
    return boot;
}

void make_directory(const std::string& directory) {
    const std::filesystem::path path(directory);
    std::error_code error;
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
    if (!error && mkdir(directory.c_str(), kDirectoryMode) != 0 && errno != EEXIST)
        error = {errno, std::generic_category()};
    if (error) fail(fmt::format("cannot make the journal directory {}", directory), error.value());
}

void refuse_shared_file_system(const std::string& directory) {
    struct statfs found {};
    if (statfs(directory.c_str(), &found) != 0)
        fail(fmt::format("cannot look at the journal directory {}", directory), errno);
    if (const auto name = network_file_system(static_cast<std::uint64_t>(found.f_type)))
        throw UnavailableError(fmt::format(
            "the journal directory {} is on {}, which other hosts may share: a lock there does not "
            "prove that a process is dead. Set journal.dir to a local disk or a tmpfs",
            directory, *name));
}

std::optional<IncarnationId> parse_name(std::string_view name) {
    if (name.size() != kHexDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
    IncarnationId incarnation;
    const auto* end = name.data() + kHexDigits;
    const auto parsed = std::from_chars(name.data(), end, incarnation.value, 16);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    return incarnation;
}

}  // namespace

FileJournalDirectory::FileJournalDirectory(std::string directory, std::string_view store_id,
                                           const FileJournalOptions& options)
    : directory_(std::move(directory)),
      options_(options),
      store_(key_of(store_id)),
      boot_(options.boot ? *options.boot : current_boot()) {
    make_directory(directory_);
    refuse_shared_file_system(directory_);
}

std::unique_ptr<Journal> FileJournalDirectory::create(IncarnationId incarnation) {
    const JournalLayout layout(options_.batches_max, options_.rows_max);
    invariant(layout.file_bytes() <= kFileBytesMax, "a journal has a bounded size");
    std::string unnamed;
    auto file = create_unnamed(incarnation, unnamed);
    // Whatever happens below, the first name goes.
    struct Unlink {
        const std::string& path;
        ~Unlink() { unlink(path.c_str()); }
    } const unlink_first_name{unnamed};

    const int descriptor = file.descriptor();
    auto journal = std::make_unique<FileJournal>(std::move(file), incarnation, layout, store_,
                                                 boot_, options_.sync);
    if (options_.sync && fdatasync(descriptor) != 0)
        fail(fmt::format("the disk of {} does not keep what it is given", directory_), errno);
    const auto path = path_of(incarnation);
    if (link(unnamed.c_str(), path.c_str()) != 0)
        fail(fmt::format("cannot name the journal file {}", path), errno);
    if (options_.sync) {
        const int entry = open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const bool is_kept = entry >= 0 && fsync(entry) == 0;
        const int error = errno;
        if (entry >= 0) close(entry);
        if (!is_kept) {
            unlink(path.c_str());
            fail(fmt::format("the disk of {} does not keep what it is given", directory_), error);
        }
    }
    return journal;
}

std::vector<LeftJournal> FileJournalDirectory::take_dead() {
    const std::lock_guard lock(mutex_);
    take_locks();
    std::vector<LeftJournal> left;
    for (const auto& [incarnation, file] : taken_) {
        const auto bytes = file.read(kFileBytesMax);
        left.push_back(JournalImage(bytes ? *bytes : std::string_view()).read(incarnation, boot_));
    }
    return left;
}

void FileJournalDirectory::remove(IncarnationId incarnation) {
    const std::lock_guard lock(mutex_);
    // Under the lock, so that nobody can take what is about to go.
    if (taken_.contains(incarnation)) unlink(path_of(incarnation).c_str());
    taken_.erase(incarnation);
}

void FileJournalDirectory::retire(IncarnationId incarnation) {
    unlink(path_of(incarnation).c_str());
}

std::string FileJournalDirectory::path_of(IncarnationId incarnation) const {
    return fmt::format("{}/{:08x}{}", directory_, incarnation.value, kSuffix);
}

LockedFile FileJournalDirectory::create_unnamed(IncarnationId incarnation,
                                                std::string& path) const {
    for (int i = 0; i < kCreateTriesMax; ++i) {
        path = fmt::format("{}.{}{}", path_of(incarnation), i, kUnnamedSuffix);
        if (auto file = LockedFile::create(path)) return std::move(*file);
    }
    throw UnavailableError(
        fmt::format("cannot create a journal file in {}: its names are taken", directory_));
}

bool FileJournalDirectory::is_foreign(const std::string& path) const {
    JournalHeader header;
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(&header), sizeof header);
    return file.good() && header.is_valid() && header.store != store_;
}

void FileJournalDirectory::take_locks() {
    std::error_code error;
    std::filesystem::directory_iterator entries(directory_, error);
    if (error) fail(fmt::format("cannot list the journal directory {}", directory_), error.value());
    for (const auto& entry : entries) {
        // Opening anything else, a FIFO say, could wait for ever.
        if (!entry.is_regular_file(error)) continue;
        const auto path = entry.path().string();
        const auto name = entry.path().filename().string();
        if (name.ends_with(kUnnamedSuffix)) {
            if (LockedFile::take(path)) unlink(path.c_str());
            continue;
        }
        const auto incarnation = parse_name(name);
        if (!incarnation || taken_.contains(*incarnation) || is_foreign(path)) continue;
        if (auto file = LockedFile::take(path)) taken_.emplace(*incarnation, std::move(*file));
    }
}

}  // namespace dispatcher
