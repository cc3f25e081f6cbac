#include "store/settlement.h"

#include <algorithm>

#include "store/store_error.h"

namespace dispatcher {

bool Settlement::releases() const {
    return std::any_of(groups.begin(), groups.end(),
                       [](const Group& g) { return g.settled.to == FlagState::released; });
}

void settle_swept(StoreSession& session, const Settlement& settlement) {
    const auto chunks = session.list_chunks(settlement.campaign, settlement.chunk, 1);
    if (chunks.empty() || chunks[0].fence < settlement.fence)
        throw StoreError(StoreError::Kind::durability_lost,
                         "a chunk stands at an older fence than was acknowledged: the database "
                         "lost commits");
    if (chunks[0].fence == settlement.fence) return;
    Settled delivered;
    delivered.tries_added = 1;
    delivered.from_doubt = true;
    session.settle_keys(settlement.scope, settlement.claim, delivered, settlement.accepted.views());
}

}  // namespace dispatcher
