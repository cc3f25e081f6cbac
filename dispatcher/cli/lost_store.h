#pragma once

#include <optional>
#include <string>

#include "config/server_file.h"

namespace dispatcher::cli {

/// Why no embedded store may be made where none is: this one was sent from before, or another one
/// with the same journals. A new one knows nobody.
struct LostStore {
    bool is_same = false;  ///< the very url that the server file names
    std::string text;      ///< one sentence for people, without a full stop
    std::string cure;      ///< what to do about it
};

/// Nothing if the server file's store, which is not there, may be made.
std::optional<LostStore> find_lost_store(const ServerFile& server);

}  // namespace dispatcher::cli
