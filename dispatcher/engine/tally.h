#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace dispatcher {

/// What this process did so far: for display only, never for decisions. Thread-safe.
struct Tally {
    Tally() = default;
    Tally(const Tally& other) { add(other); }
    Tally& operator=(const Tally&) = delete;
    ~Tally() = default;

    std::atomic<std::uint64_t> claimed{0};
    std::atomic<std::uint64_t> sent{0};  ///< handed to the gateway
    std::atomic<std::uint64_t> delivered{0};
    std::atomic<std::uint64_t> rejected{0};
    std::atomic<std::uint64_t> in_doubt{0};
    std::atomic<std::uint64_t> released{0};
    std::atomic<std::uint64_t> suppressed{0};  ///< skipped, because they opted out
    std::atomic<std::uint64_t> raced{0};       ///< already claimed by another worker
    std::atomic<std::uint64_t> on_the_wire{0};

    void add(const Tally& other) {
        claimed += other.claimed;
        sent += other.sent;
        delivered += other.delivered;
        rejected += other.rejected;
        in_doubt += other.in_doubt;
        released += other.released;
        suppressed += other.suppressed;
        raced += other.raced;
        on_the_wire += other.on_the_wire;
    }
};

/// The same over one gateway.
struct GatewayTally {
    std::string gateway;
    Tally tally;
};

}  // namespace dispatcher
