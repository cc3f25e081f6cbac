#include "audience/external_sort.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "support/catch.h"
#include "temporary_directory.h"

namespace dispatcher {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs sort_externally(ScratchSpace& space, const Pairs& records, std::size_t bytes_max) {
    ExternalSort sort(space, bytes_max);
    for (const auto& [key, payload] : records)
        std::memcpy(sort.add(key, payload.size()), payload.data(), payload.size());
    Pairs sorted;
    sort.finish(
        [&sorted](const Record& record) { sorted.emplace_back(record.key, record.payload); });
    return sorted;
}

}  // namespace

TEST_CASE("records come out sorted by bytes, equal keys in the order of adding", "[files]") {
    const TemporaryDirectory dir;
    ScratchSpace space(dir.path());
    std::mt19937 random(2);
    const std::vector<std::string> prefixes = {"", "device-", "device-000000", "\xC3\xBC", "z"};
    for (const std::size_t bytes_max : {1'024, 5'000, 60'000, 10'000'000}) {
        for (const std::size_t count : {0, 1, 2, 3'000}) {
            Pairs records;
            for (std::size_t i = 0; i < count; ++i) {
                const auto& prefix = prefixes[bytes_max == 5'000 ? 2 : random() % prefixes.size()];
                records.emplace_back(prefix + std::to_string(random() % 1'000),
                                     std::to_string(i) + std::string(random() % 30, 'p'));
            }
            auto expected = records;
            std::stable_sort(expected.begin(), expected.end(),
                             [](const auto& a, const auto& b) { return a.first < b.first; });
            CHECK(sort_externally(space, records, bytes_max) == expected);
        }
    }
    CHECK(dir.is_empty());
}

TEST_CASE("keys with zeros, prefixes of one another and no bytes at all", "[files]") {
    const TemporaryDirectory dir;
    ScratchSpace space(dir.path());
    using namespace std::string_literals;
    const Pairs records = {{"a\0"s, "1"}, {"a", "2"}, {"", "3"},      {"a\0\0\0\0\0\0\0\0b"s, "4"},
                           {"\xFF", "5"}, {"a", "6"}, {"a\0b"s, "7"}, {"ab", "8"}};
    auto expected = records;
    std::stable_sort(expected.begin(), expected.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    CHECK(sort_externally(space, records, 1'024) == expected);
    CHECK(sort_externally(space, records, 1'000'000) == expected);
}

TEST_CASE("a record larger than the buffer is sorted all the same", "[files]") {
    const TemporaryDirectory dir;
    ScratchSpace space(dir.path());
    Pairs records;
    for (int i = 50; i > 0; --i)
        records.emplace_back("k" + std::to_string(i % 7),
                             std::string(i % 5 == 0 ? 300'000 : 20, 'x'));
    auto expected = records;
    std::stable_sort(expected.begin(), expected.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    CHECK(sort_externally(space, records, 4'096) == expected);
}

}  // namespace dispatcher
