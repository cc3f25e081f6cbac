#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "campaign/ids.h"
#include "journal/journal.h"
#include "store/flag_store.h"

namespace dispatcher {

/// What the dead processes of this host left behind, and what was done about it.
struct Recovered {
    std::size_t incarnations = 0;
    std::size_t never_sent = 0;  ///< claimed, but it never left this machine: may be sent again
    /// Sent, and the gateway answered that it was not processed: may be sent again.
    std::size_t refused = 0;
    std::size_t answered = 0;   ///< the gateway's answer was in the journal
    std::size_t in_doubt = 0;   ///< on the wire when the process died
    std::size_t untrusted = 0;  ///< journals damaged or of another boot: their claims are in doubt
    std::vector<IncarnationId> dead;

    [[nodiscard]] std::size_t claimed() const { return never_sent + refused + answered + in_doubt; }
};

/// Settles what the journals of dead processes of this host prove (J7), one transaction a chunk,
/// then removes them. A journal is removed last, so that a recovery that dies is simply repeated.
/// `me` is the incarnation in whose name chunks are taken over. Adds to `recovered` what it
/// settles. Throws StoreError: call again with the same `recovered`; what was settled is not
/// settled twice.
void recover_dead(JournalDirectory& journals, FlagStore& flags, IncarnationId me,
                  Recovered& recovered);

}  // namespace dispatcher
