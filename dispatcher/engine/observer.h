#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "campaign/dead_device.h"

namespace dispatcher {

/// Port: what happens in a run, for logs and progress. Called from lane threads: implementations
/// are thread-safe and never block.
class Observer {
  public:
    virtual ~Observer() = default;
    /// Recipients that another worker claimed first: an expected answer, not an error.
    virtual void already_claimed(std::size_t) {}
    virtual void gateway_lost(const std::string& /*gateway*/, const std::string& /*why*/) {}
    virtual void gateway_restored(const std::string& /*gateway*/) {}
    virtual void store_lost(const std::string& /*why*/) {}
    virtual void store_restored() {}
    virtual void source_lost(const std::string& /*why*/) {}
    virtual void source_restored() {}
    /// The gateway called the tokens of these devices dead, and the store has it.
    virtual void tokens_died(const std::string& /*gateway*/, std::vector<DeadDevice> /*devices*/) {}
    virtual void campaign_paused(const std::string& /*cause*/) {}
};

}  // namespace dispatcher
