#include "base/recycled_memory.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace dispatcher {

/// Stands before every block.
struct alignas(std::max_align_t) RecycledMemory::Block {
    std::size_t size;  ///< of what follows
    Block* next;       ///< while it is free

    [[nodiscard]] void* memory() { return this + 1; }
    static Block* of(void* memory) { return static_cast<Block*>(memory) - 1; }
};

namespace {

std::size_t class_of(std::size_t size, std::size_t smallest) {
    if (size <= smallest) return 0;
    return static_cast<std::size_t>(std::bit_width(size - 1) - std::bit_width(smallest - 1));
}

}  // namespace

RecycledMemory::~RecycledMemory() {
    for (Block* block : free_) {
        while (block != nullptr)
            std::free(std::exchange(block, block->next));
    }
}

void* RecycledMemory::take(std::size_t size) {
    const auto number = class_of(size, kSmallest);
    if (number < kClasses && free_[number] != nullptr) {
        Block* const block = free_[number];
        free_[number] = block->next;
        return block->memory();
    }
    const auto room = number < kClasses ? kSmallest << number : size;
    auto* const block = static_cast<Block*>(std::malloc(sizeof(Block) + room));
    if (block == nullptr) return nullptr;
    block->size = room;
    return block->memory();
}

void RecycledMemory::give_back(void* memory) {
    if (memory == nullptr) return;
    Block* const block = Block::of(memory);
    const auto number = class_of(block->size, kSmallest);
    if (number >= kClasses) {
        std::free(block);
        return;
    }
    block->next = free_[number];
    free_[number] = block;
}

void* RecycledMemory::resize(void* memory, std::size_t size) {
    if (memory == nullptr) return take(size);
    const auto had = Block::of(memory)->size;
    if (size <= had && size > 0) return memory;
    void* const bigger = take(size);
    if (bigger == nullptr) return nullptr;
    std::memcpy(bigger, memory, std::min(had, size));
    give_back(memory);
    return bigger;
}

}  // namespace dispatcher
