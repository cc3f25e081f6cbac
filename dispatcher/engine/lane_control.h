#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "campaign/campaign.h"
#include "store/store_session.h"

namespace dispatcher {

/// Why a lane stops before its work is done.
enum class LaneStop : std::uint8_t {
    none,
    asked,           ///< signal or stop token
    campaign_moved,  ///< paused, cancelled, frozen or finished by somebody
    first_reached,   ///< the first recipients are sent to: pause it for a look
    halted,          ///< an operator halted the whole store
    gateway_lost,    ///< unreachable for longer than its patience
    source_lost,     ///< of addresses: unreachable for longer than store.patience
    store_lost,      ///< unreachable for longer than store.patience
    source_fault,    ///< the source of addresses cannot be right: pause it
    campaign_fault,  ///< the gateway faults the campaign: pause it
    frozen,          ///< the database lost what it had acknowledged: freeze it
};

/// What a lane's three machines and its dispatcher tell each other besides the queues. Thread-safe.
class LaneControl {
  public:
    /// The first reason stays.
    void stop(LaneStop reason, std::string cause = {}) {
        const std::lock_guard lock(mutex_);
        if (reason_ != LaneStop::none) return;
        cause_ = std::move(cause);
        reason_ = reason;
    }
    [[nodiscard]] LaneStop stopped() const { return reason_.load(); }
    [[nodiscard]] bool is_stopping() const { return stopped() != LaneStop::none; }
    [[nodiscard]] std::string cause() const {
        const std::lock_guard lock(mutex_);
        return cause_;
    }

    /// What an operator may change in mid-run, as the claimer read it last.
    struct Terms {
        CampaignHead campaign;
        Settings settings;
    };
    void change_terms(const CampaignHead& campaign, const Settings& settings) {
        const std::lock_guard lock(mutex_);
        terms_ = {campaign, settings};
        ++terms_changes_;
    }
    /// How often they were changed since the lane began: cheap to ask.
    [[nodiscard]] std::uint64_t terms_changes() const { return terms_changes_.load(); }
    [[nodiscard]] Terms terms() const {
        const std::lock_guard lock(mutex_);
        return terms_;
    }

    /// Recipients that the sender took in hand so far.
    std::atomic<std::uint64_t> begun{0};
    std::atomic<bool> gateway_ready{false};  ///< claims are worth making
    std::atomic<bool> is_expired{false};     ///< the campaign's deadline has passed
    std::atomic<bool> claimer_done{false};
    std::atomic<bool> sender_done{false};
    std::atomic<bool> settler_done{false};
    /// The settler cannot write: claims stop at once.
    std::atomic<bool> settler_stuck{false};
    /// The claimer found every chunk of its gateway closed.
    std::atomic<bool> is_exhausted{false};

  private:
    std::atomic<LaneStop> reason_{LaneStop::none};
    mutable std::mutex mutex_;
    std::string cause_;  // guarded by mutex_
    Terms terms_;        // guarded by mutex_
    std::atomic<std::uint64_t> terms_changes_{0};
};

}  // namespace dispatcher
