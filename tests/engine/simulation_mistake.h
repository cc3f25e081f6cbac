#pragma once

#include <cstdint>

namespace dispatcher {

/// A deliberate breach of the protocol, made inside the simulated parts: the judge has to see it.
enum class Mistake : std::uint8_t {
    none,
    lease_resend,         ///< a lease that ran out releases the owner's claims to be sent again
    mark_after_send,      ///< the journal hears of a send only after it was made
    release_any_claim,    ///< a release does not look whose claim the row bears
    no_death_proof,       ///< a stopped owner's journal is taken as a dead one's
    act_before_commit,    ///< a COMMIT without an answer counts as committed
    unknown_as_not_sent,  ///< no answer from the gateway counts as proof that nothing was sent
    no_reconcile,         ///< a campaign is done when its chunks are closed once
    lost_commit,          ///< a database that crashes forgets its last acknowledged commit
    halt_unlocked,        ///< a claim reads whether the store is halted without a lock
    opt_outs_unread,      ///< a claim does not look who opted out
    addresses_shifted,    ///< a look-up gives each device the address of the next one
    first_uncounted,      ///< claims count the first recipients without waiting for each other
};

}  // namespace dispatcher
