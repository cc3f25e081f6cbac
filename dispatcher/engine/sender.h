#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "base/bounded_queue.h"
#include "engine/breaker.h"
#include "engine/claimer.h"
#include "engine/late_answers.h"
#include "engine/notification_renderer.h"
#include "engine/open_claim.h"
#include "engine/window_clock.h"
#include "gateway/gateway.h"

namespace dispatcher {

/// The middle machine of a lane: renders claimed recipients, marks them in the journal, gives them
/// to the gateway, and turns the answers into settlements. Never touches the store, so a stalled
/// store never delays a late answer. One thread.
class Sender {
  public:
    Sender(const LaneContext& context, LaneControl& control, Gateway& gateway,
           NotificationRenderer& renderer, std::chrono::milliseconds gateway_patience,
           BoundedQueue<Claim>& ready, BoundedQueue<SettleJob>& jobs);

    /// Submits what it can, then waits for the gateway until `until` at the latest, and handles
    /// what was answered.
    void step(BootTime until);
    [[nodiscard]] bool is_done() const { return control_.sender_done; }

  private:
    using Phase = OpenClaim::Phase;
    /// Rows released because the gateway is out of reach are due again after this.
    static constexpr std::chrono::milliseconds kDownDue{1000};
    void take_terms(BootTime now);
    struct Held {
        BootTime due;
        std::size_t open;
        std::uint32_t serial;
        std::uint32_t row;
        bool operator>(const Held& other) const { return due > other.due; }
    };
    void take_claims(BootTime now);
    bool submit_some(BootTime now);
    bool is_too_late(std::size_t open, std::uint32_t row, BootTime now);
    bool submit_row(std::size_t open, std::uint32_t row, BootTime now);
    bool send_held(BootTime now);
    bool send_aside(BootTime now);
    bool send_next(BootTime now);
    [[nodiscard]] bool is_held(const Held& held) const;
    void handle(const GatewayAnswer& answer, BootTime now);
    void handle_late(const GatewayAnswer& answer);
    void accept(OpenClaim& open, std::uint32_t row, BootTime now);
    void reject(OpenClaim& open, std::uint32_t row, const Outcome& outcome, BootTime now);
    void reject_for_good(OpenClaim& open, std::uint32_t row, Reason reason, BootTime now);
    std::optional<DeadToken> name_token(const OpenClaim& open, std::uint32_t row);
    DeadDevice name_device(const OpenClaim& open, std::uint32_t row);
    void note_dead(OpenClaim& open, std::uint32_t row, Reason reason,
                   std::optional<WallTime> dead_since);
    bool is_dead(std::size_t open, std::uint32_t row, BootTime now);
    void retry_refused(std::size_t open, std::uint32_t row, const Outcome& outcome, BootTime now);
    void retry_not_sent(std::size_t open, std::uint32_t row, const Outcome& outcome, BootTime now);
    void hold(std::size_t open, std::uint32_t row, BootTime due);
    void set_aside(std::size_t open, std::uint32_t row, BootTime now);
    void face_doubt(std::size_t open, std::uint32_t row, const Outcome& outcome, BootTime now);
    bool hold_doubtful(std::size_t open, std::uint32_t row, const Outcome& outcome, BootTime now);
    void put_in_doubt(std::size_t open, std::uint32_t row, BootTime now);
    bool handle_doubtful(std::size_t open, std::uint32_t row, const Outcome& outcome, BootTime now);
    bool settle_held_doubt(const GatewayAnswer& answer, BootTime now);
    [[nodiscard]] bool may_repeat(const OpenClaim::Row& row, BootTime at) const;
    void answer_row(OpenClaim& open, std::uint32_t row, FlagState to, Reason reason, BootTime now);
    void release_unsent(Reason reason, BootTime now);
    void judge_withheld(BootTime now);
    void watch_gateway(BootTime now);
    void settle_answered(BootTime now);
    void push_jobs();
    BootTime next_timer(BootTime until) const;
    bool is_at_rest() const;
    void finish_if_done();

    LaneContext context_;
    LaneControl& control_;
    Gateway& gateway_;
    NotificationRenderer& renderer_;
    const std::chrono::milliseconds gateway_patience_;
    const std::optional<std::chrono::milliseconds> repeatable_for_;
    BoundedQueue<Claim>& ready_;
    BoundedQueue<SettleJob>& jobs_;

    std::vector<std::unique_ptr<OpenClaim>> open_;  ///< null: a free place
    std::optional<std::size_t> current_;            ///< the claim whose rows are being sent
    std::optional<Claim> next_claim_;               ///< waits for its place in the rate
    std::priority_queue<Held, std::vector<Held>, std::greater<>> held_;
    std::deque<Held> aside_;  ///< those whose own service had no room, in the order of `due`
    std::deque<SettleJob> unpushed_;  ///< jobs that found the queue full; as many as open claims
    LateAnswers late_;
    Breaker breaker_;
    std::string_view last_unclear_;
    std::size_t withheld_ = 0;
    std::size_t on_the_wire_ = 0;
    std::uint32_t next_serial_ = 1;
    std::uint64_t terms_changes_ = 0;  ///< of the control, that we know
    /// The campaign's deadline, carried over from the database's clock: this host's may be wrong.
    std::optional<BootTime> expires_;
    WindowClock window_clock_;
    std::optional<BootTime> down_since_;
    std::vector<GatewayAnswer> answers_;
    std::vector<std::string_view> values_;
};

}  // namespace dispatcher
