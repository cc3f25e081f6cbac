#include "journal/journal_scene.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dispatcher {

ScratchDirectory::ScratchDirectory() {
    auto pattern = (std::filesystem::temp_directory_path() / "journal-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no scratch directory");
    path_ = pattern;
}

ScratchDirectory::~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string ScratchDirectory::journal_of(IncarnationId incarnation) const {
    return fmt::format("{}/{:08x}.journal", path_, incarnation.value);
}

std::vector<std::string> ScratchDirectory::files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

ChildProcess::ChildProcess(const std::function<void()>& body) : pid_(fork()) {
    if (pid_ < 0) throw std::runtime_error("cannot fork");
    if (pid_ > 0) return;
    // The test framework's own handler would report the child's end as the test's.
    std::signal(SIGABRT, SIG_DFL);
    std::freopen("/dev/null", "w", stderr);
    body();
    _exit(0);
}

ChildProcess::~ChildProcess() {
    if (pid_ < 0) return;
    signal(SIGKILL);
    wait();
}

void ChildProcess::signal(int number) const {
    kill(pid_, number);
}

void ChildProcess::wait_until_stopped() const {
    int status = 0;
    while (waitpid(pid_, &status, WUNTRACED) < 0 && errno == EINTR) {
    }
    if (!WIFSTOPPED(status)) throw std::runtime_error("the child ended instead of stopping");
}

int ChildProcess::wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
}

Pipe::Pipe() {
    if (pipe(ends_) != 0) throw std::runtime_error("no pipe");
}

Pipe::~Pipe() {
    close(ends_[0]);
    close_writer();
}

void Pipe::write(const void* bytes, std::size_t size) const {
    if (::write(ends_[1], bytes, size) != static_cast<ssize_t>(size)) _exit(1);
}

bool Pipe::read(void* bytes, std::size_t size) const {
    auto* at = static_cast<char*>(bytes);
    while (size > 0) {
        const auto got = ::read(ends_[0], at, size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

void Pipe::close_writer() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
}

BatchRecord make_record(std::uint32_t number, std::size_t rows, IncarnationId owner) {
    BatchRecord record;
    record.claim = make_claim_id(owner, number);
    record.campaign = {7};
    record.scope = {9};
    record.chunk = {number % 3};
    record.fence = {number + 40};
    for (std::size_t row = 0; row < rows; ++row)
        record.appids.push(fmt::format("device-{:06}-{:04}", number, row));
    return record;
}

std::string read_bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::string& path, const std::string& bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace dispatcher
