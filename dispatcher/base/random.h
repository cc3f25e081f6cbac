#pragma once

#include <cstdint>

namespace dispatcher {

/// Port: the only source of randomness, so that a simulation can replay it. Thread-safe.
class Random {
  public:
    virtual ~Random() = default;
    virtual std::uint64_t next() = 0;
};

/// The kernel's random numbers.
class SystemRandom final : public Random {
  public:
    std::uint64_t next() override;
};

}  // namespace dispatcher
