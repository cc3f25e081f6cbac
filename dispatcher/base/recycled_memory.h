#pragma once

#include <array>
#include <cstddef>

namespace dispatcher {

/// Memory for one session's frames and streams: what is released is handed out again, so that a
/// session that carries on asks the heap for nothing. It holds as much as was in use at the busiest
/// moment, until it ends. One thread.
class RecycledMemory {
  public:
    RecycledMemory() = default;
    ~RecycledMemory();
    RecycledMemory(const RecycledMemory&) = delete;
    RecycledMemory& operator=(const RecycledMemory&) = delete;

    /// Null if the heap is exhausted. Aligned as from malloc().
    [[nodiscard]] void* take(std::size_t size);
    /// `block` is null or from take().
    void give_back(void* block);
    /// As realloc().
    [[nodiscard]] void* resize(void* block, std::size_t size);

  private:
    struct Block;
    /// Sizes 64, 128, … 4096; larger blocks come from the heap and go back there.
    static constexpr std::size_t kSmallest = 64;
    static constexpr std::size_t kClasses = 7;

    std::array<Block*, kClasses> free_{};
};

}  // namespace dispatcher
