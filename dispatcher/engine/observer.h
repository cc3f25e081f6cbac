#pragma once

#include <cstddef>
#include <string>

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
    virtual void campaign_paused(const std::string& /*cause*/) {}
};

}  // namespace dispatcher
