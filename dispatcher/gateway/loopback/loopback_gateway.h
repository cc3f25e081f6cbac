#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/gateway.h"

namespace dispatcher {

/// Answers every notification with the same outcome, at the next wait(), and sends nothing.
class LoopbackGateway final : public Gateway {
  public:
    /// `ledger_path` empty: no ledger. Throws ConfigError if it cannot be opened for appending.
    LoopbackGateway(Outcome outcome, std::size_t in_flight_max, const std::string& ledger_path,
                    Clock& clock);
    ~LoopbackGateway() override;
    LoopbackGateway(const LoopbackGateway&) = delete;
    LoopbackGateway& operator=(const LoopbackGateway&) = delete;

    [[nodiscard]] std::size_t capacity() const override;
    void submit(Ticket ticket, const Notification& notification) override;
    void wait(BootTime deadline, std::vector<GatewayAnswer>& answers) override;
    void wake() override;
    [[nodiscard]] std::size_t in_flight() const override { return submitted_.size(); }
    [[nodiscard]] Health health() const override { return {}; }

  private:
    const Outcome outcome_;
    const std::size_t in_flight_max_;
    Clock& clock_;
    int ledger_ = -1;
    std::vector<Ticket> submitted_;
    std::string lines_;  ///< ledger lines of what was submitted, not yet written
    std::mutex mutex_;
    std::condition_variable called_;
    bool is_called_ = false;  // guarded by mutex_
};

}  // namespace dispatcher
