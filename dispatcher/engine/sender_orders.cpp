// What others order a lane's sender to do: to go on under new terms, to give back what it has not
// sent.

#include <utility>

#include "engine/sender.h"

namespace dispatcher {

/// An operator changed retries or deadline.
void Sender::take_terms(BootTime now) {
    terms_changes_ = control_.terms_changes();
    const auto terms = control_.terms();
    context_.settings = terms.settings;
    context_.campaign = terms.campaign;
    window_clock_.follow(context_.settings, context_.campaign, now);
    expires_.reset();
    if (terms.campaign.deadline) expires_ = now + (*terms.campaign.deadline - terms.campaign.now);
}

/// Gives back every row that is not on the wire. A row that may have been sent cannot be given
/// back: it waits for the gateway to come back, or is in doubt.
void Sender::release_unsent(Reason reason, BootTime now) {
    const auto waiting = std::exchange(held_, {});
    for (auto& open : open_) {
        if (!open) continue;
        const auto index = static_cast<std::size_t>(&open - open_.data());
        for (std::uint32_t row = 0; row < open->rows.size(); ++row) {
            const auto phase = open->rows[row].phase;
            if (open->rows[row].is_doubtful) {
                if (phase == Phase::held && reason != Reason::unreachable)
                    put_in_doubt(index, row, now);
            } else if (phase == Phase::waiting || phase == Phase::held ||
                       phase == Phase::withheld) {
                if (reason == Reason::unreachable) open->rows[row].due_in = kDownDue;
                answer_row(*open, row, FlagState::released, reason, now);
            }
        }
        open->next = open->rows.size();
    }
    current_.reset();
    aside_.clear();
    for (auto rest = waiting; !rest.empty(); rest.pop())
        if (const auto& open = open_[rest.top().open];
            open && open->serial == rest.top().serial && open->rows[rest.top().row].is_doubtful)
            held_.push(rest.top());
}

}  // namespace dispatcher
