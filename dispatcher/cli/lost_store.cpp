#include "cli/lost_store.h"

#include <algorithm>

#include <fmt/format.h>

#include "journal/known_stores.h"

namespace dispatcher::cli {

std::optional<LostStore> find_lost_store(const ServerFile& server) {
    const KnownStores known(server.journal.dir);
    const auto stores = known.list();
    if (stores.empty()) return std::nullopt;
    const auto& url = server.store.url;
    const auto same = std::find_if(stores.rbegin(), stores.rend(),
                                   [&url](const auto& store) { return store.url == url; });
    if (same != stores.rend())
        return LostStore{
            true,
            fmt::format("{} is gone: it was sent from before (store {}, says {})", url,
                        same->store_id, known.path()),
            "put the file back; a new store, made by `pushonce store init`, knows nobody: a "
            "campaign launched from it notifies all of its devices again"};
    return LostStore{
        false,
        fmt::format("there is no store {}, and {} names another one that was sent from here: {}",
                    url, known.path(), stores.back().url),
        "correct store.url; or, if the new one is meant, `pushonce store init` makes it: it does "
        "not know who was notified from the other"};
}

}  // namespace dispatcher::cli
