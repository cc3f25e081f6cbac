#pragma once

#include <chrono>
#include <string>

#include "base/secret.h"

namespace dispatcher {

/// A database that audiences may be read from: only read, and never over the store's connection.
struct SourceOptions {
    std::string name;  ///< as campaign files call it
    /// sqlite:PATH (absolute here), or mysql://user@host1:3306,host2:3306/database. No password.
    std::string url;
    Secret password;
    std::string tls_ca;  ///< verified, or the connection is refused; empty: no TLS
    std::chrono::milliseconds timeout{60'000};  ///< of a query, from its start to its last row
    std::string timeout_key;                    ///< what to raise where that is too short
};

/// For people: that a query passed the timeout.
std::string too_slow(const SourceOptions& source);

}  // namespace dispatcher
