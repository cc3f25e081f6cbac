#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "campaign/appid_list.h"
#include "store/settlement.h"
#include "store/store_session.h"

namespace dispatcher {

/// What a dead process left in one chunk, by its journal.
struct LeftRows {
    ClaimId claim;
    AppidList never_sent;  ///< slots never marked as on the wire
    AppidList on_the_wire;
    struct Answered {
        Settled settled;
        AppidList appids;
    };
    std::vector<Answered> answered;
    std::vector<Answered> refused;  ///< sent, and answered that they were not processed
    AppidList all;                  ///< every row of the batch, sorted
};

struct RecoveredRows {
    std::size_t never_sent = 0;
    std::size_t refused = 0;
    std::size_t answered = 0;
    std::size_t in_doubt = 0;
};

/// Whether any row of these batches still stands as the dead process left it, so that there is
/// something to settle. Reads only.
bool are_unsettled(StoreSession& session, ScopeId scope, std::span<const LeftRows> batches);

/// J7, in an open transaction: settles each row by what the journal proves about it. Rows that the
/// process had not won, or that were settled before, stay as they are.
RecoveredRows settle_left(StoreSession& session, ScopeId scope, std::span<const LeftRows> batches);

}  // namespace dispatcher
