#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "gateway/gateway.h"

namespace dispatcher::test {

/// The machine's clock, which a test may put forward.
class SteppedClock final : public Clock {
  public:
    BootTime now() override { return system_.now() + std::chrono::nanoseconds(ahead_.load()); }
    WallTime wall() override {
        return system_.wall() + std::chrono::floor<std::chrono::milliseconds>(
                                    std::chrono::nanoseconds(ahead_.load()));
    }
    void advance(std::chrono::nanoseconds by) { ahead_ += by.count(); }

  private:
    SystemClock system_;
    std::atomic<std::int64_t> ahead_{0};
};

/// Counts up: the spread of reconnects is the same in every run.
class CountingRandom final : public Random {
  public:
    std::uint64_t next() override { return next_++; }

  private:
    std::atomic<std::uint64_t> next_{0};
};

/// A gateway, driven as the engine does, and what it answered to each ticket. What stands behind it
/// and how it is opened is the derived rigs' matter.
class GatewayRig {
  public:
    /// Waits until `is_true`, for up to a generous time.
    [[nodiscard]] bool await(const std::function<bool()>& is_true);
    /// Waits until this many answers came in all, late ones too.
    [[nodiscard]] bool await_answers(std::size_t count);
    /// One wait() that does not wait.
    void turn();

    /// The first answer to a ticket, as "kind reason" in words; "-" if there is none.
    [[nodiscard]] std::string answer(Ticket ticket) const { return nth_answer(ticket, 0); }
    [[nodiscard]] std::string late_answer(Ticket ticket) const { return nth_answer(ticket, 1); }
    /// Of all tickets the most answers that one got.
    [[nodiscard]] std::size_t answers_max() const;
    [[nodiscard]] std::size_t tickets_answered() const { return by_ticket_.size(); }

    SteppedClock clock;
    CountingRandom random;
    std::unique_ptr<Gateway> gateway;
    Ticket next_ticket = 0;
    std::vector<GatewayAnswer> answers;

  protected:
    GatewayRig() = default;
    ~GatewayRig() = default;
    /// Calls `submit_one` so often as capacity comes; false if none came within a generous time.
    [[nodiscard]] bool send_by(const std::function<void()>& submit_one, std::size_t count);

  private:
    [[nodiscard]] std::string nth_answer(Ticket ticket, std::size_t n) const;

    std::map<Ticket, std::vector<std::string>> by_ticket_;
};

/// "accepted", "not_sent goaway", …
std::string describe(const Outcome& outcome);

/// The notification id of a ticket.
std::string id_of(Ticket ticket);

}  // namespace dispatcher::test
