#pragma once

#include <cstddef>
#include <string_view>

#include "store/store_session.h"

namespace dispatcher {

/// Walks sorted keys and the sorted flags of their range together: `visit(key, flag)`, where the
/// flag is null for a key that has none. `Keys` has size() and operator[].
template <class Keys, class Visit>
void merge_keys(const Keys& keys, const FlagRows& flags, Visit&& visit) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const std::string_view key = keys[i];
        while (at < flags.size() && flags.appids[at] < key)
            ++at;
        const bool has_flag = at < flags.size() && flags.appids[at] == key;
        visit(key, has_flag ? &flags.rows[at] : nullptr);
    }
}

}  // namespace dispatcher
