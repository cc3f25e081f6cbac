#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/observer.h"
#include "notice/dead_token_teller.h"

namespace dispatcher::cli {

/// Writes what happens in a run to the log, and passes dead device tokens on. Thread-safe.
class RunObserver final : public Observer {
  public:
    void already_claimed(std::size_t recipients) override;
    void gateway_lost(const std::string& gateway, const std::string& why) override;
    void gateway_restored(const std::string& gateway) override;
    void store_lost(const std::string& why) override;
    void store_restored() override;
    void source_lost(const std::string& why) override;
    void source_restored() override;
    void campaign_paused(const std::string& cause) override;
    void tokens_died(const std::string& gateway, std::vector<DeadDevice> devices) override;

    /// Who is told of dead tokens from now on; null: nobody. Not while lanes run.
    void pass_dead_tokens_to(DeadTokenTeller* teller) { teller_ = teller; }

    /// Recipients that other workers had claimed before us.
    [[nodiscard]] std::uint64_t already_claimed_total() const { return already_claimed_.load(); }

  private:
    std::atomic<std::uint64_t> already_claimed_{0};
    DeadTokenTeller* teller_ = nullptr;
};

}  // namespace dispatcher::cli
