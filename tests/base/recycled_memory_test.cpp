#include "base/recycled_memory.h"

#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "support/catch.h"

namespace dispatcher::test {

TEST_CASE("memory that was given back is handed out again", "[unit][base]") {
    RecycledMemory memory;
    std::set<void*> first;
    for (int i = 0; i < 10; ++i)
        first.insert(memory.take(200));
    CHECK(first.size() == 10);
    for (void* block : first)
        memory.give_back(block);
    std::set<void*> second;
    for (int i = 0; i < 10; ++i)
        second.insert(memory.take(130));  // of the same class
    CHECK(second == first);
    for (void* block : second)
        memory.give_back(block);
}

TEST_CASE("blocks of every size are apart, aligned, and keep their bytes when resized",
          "[unit][base]") {
    RecycledMemory memory;
    std::vector<std::pair<char*, std::size_t>> blocks;
    for (std::size_t size = 1; size < 20'000; size = size * 3 / 2 + 1) {
        auto* block = static_cast<char*>(memory.take(size));
        REQUIRE(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t) == 0);
        std::memset(block, static_cast<int>(size % 251), size);
        blocks.emplace_back(block, size);
    }
    for (auto& [block, size] : blocks) {
        block = static_cast<char*>(memory.resize(block, size * 2));
        std::memset(block + size, 0, size);
    }
    for (const auto& [block, size] : blocks) {
        const std::string expected(size, static_cast<char>(size % 251));
        CHECK(std::string(block, size) == expected);
        memory.give_back(block);
    }
    memory.give_back(nullptr);
    void* fresh = memory.resize(nullptr, 10);
    CHECK(fresh != nullptr);
    memory.give_back(fresh);
}

}  // namespace dispatcher::test
