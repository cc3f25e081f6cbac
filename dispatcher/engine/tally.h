#pragma once

#include <atomic>
#include <cstdint>

namespace dispatcher {

/// What this process did so far: for display only, never for decisions. Thread-safe.
struct Tally {
    std::atomic<std::uint64_t> claimed{0};
    std::atomic<std::uint64_t> sent{0};  ///< handed to the gateway
    std::atomic<std::uint64_t> delivered{0};
    std::atomic<std::uint64_t> rejected{0};
    std::atomic<std::uint64_t> in_doubt{0};
    std::atomic<std::uint64_t> released{0};
    std::atomic<std::uint64_t> raced{0};  ///< already claimed by another worker
    std::atomic<std::uint64_t> on_the_wire{0};
};

}  // namespace dispatcher
