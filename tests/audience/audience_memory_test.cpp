#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audience_case.h"
#include "support/catch.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_IS_SHADOWED 1
#else
#define MEMORY_IS_SHADOWED 0
#endif

namespace dispatcher {
namespace {

/// A file of many rows, without holding them.
void write_rows(const std::string& path, std::uint32_t count) {
    std::ofstream file(path);
    file << "appid,token,locale\n";
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto number = i * 2'654'435'761U;
        file << "device-" << number << ",0123456789abcdef0123456789abcdef" << number << ",de\n";
    }
}

/// Peak memory in KiB of a process of its own that reads and cuts the audience; 0 if it failed.
long peak_kib(const AudienceCase& given) {
    const auto child = fork();
    if (child == 0) {
        std::uint64_t bytes = 0;
        given.read().cut([&bytes](Audience::Chunk&& chunk) { bytes += chunk.blocks.data.size(); });
        _exit(bytes > 0 ? 0 : 1);
    }
    int status = 0;
    rusage used{};
    wait4(child, &status, 0, &used);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? used.ru_maxrss : 0;
}

}  // namespace

TEST_CASE("memory does not grow with the audience", "[files]") {
    if (MEMORY_IS_SHADOWED) {
        WARN("skipped: a sanitizer keeps freed memory, so the peak says nothing");
        return;
    }
    AudienceCase given("");
    given.send_all_to_one_gateway();
    given.options.sort_bytes_max = std::size_t{4} << 20;
    write_rows(given.options.file, 150'000);
    const auto small = peak_kib(given);
    write_rows(given.options.file, 1'000'000);
    const auto large = peak_kib(given);
    REQUIRE(small > 0);
    REQUIRE(large > 0);
    CHECK(large < small + 3 * 1024);
    CHECK(large < 40 * 1024);
}

}  // namespace dispatcher
