#pragma once

#include <optional>

#include "config/map_reader.h"
#include "notice/notice_options.h"

namespace dispatcher {

/// Reads `dead_tokens: {webhook: {url, secret, ca_file, timeout}}`, as gateways of type webhook
/// spell their keys; nothing where the file has no webhook there. `are_secrets_needed`: else the
/// values may stand for what was not looked up, and are not checked.
std::optional<NoticeOptions> read_dead_tokens(MapReader reader, bool are_secrets_needed);

}  // namespace dispatcher
