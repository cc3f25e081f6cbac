#pragma once

#include <functional>
#include <memory>

#include "gateway/http2/host_lookup.h"
#include "gateway/http2/tls_context.h"

namespace dispatcher::http2 {

/// How far connections may lead, where the host to connect to is not the operator's own choice, and
/// what several pools share.
struct Reach {
    /// Null: the pool reads `ca_file` for itself.
    std::shared_ptr<const TlsContext> tls;
    /// Which of a host's addresses may be connected to; asked about the very address that is then
    /// connected to. Empty: all.
    std::function<bool(const Address&)> is_allowed;
};

}  // namespace dispatcher::http2
