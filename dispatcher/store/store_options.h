#pragma once

#include <chrono>
#include <string>

#include "base/secret.h"

namespace dispatcher {

/// Where the flags are kept.
struct StoreOptions {
    /// sqlite:PATH (absolute here), or mysql://user@host1:3306,host2:3306/database.
    std::string url = "sqlite:var/pushonce.db";
    Secret password;
    std::string tls_ca;  ///< verified, or the connection is refused; empty: no TLS
    std::chrono::milliseconds lease{30'000};     ///< ≥ 1 s
    std::chrono::milliseconds patience{60'000};  ///< how long to wait for a lost store in mid-run
    std::chrono::hours retention_flags{24 * 400};
    std::chrono::hours retention_audience{24 * 30};
};

}  // namespace dispatcher
