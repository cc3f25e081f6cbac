#pragma once

#include <chrono>
#include <string>

#include "base/http_url.h"
#include "base/secret.h"

namespace dispatcher {

/// `dead_tokens.webhook` of the server file: the service that is told which device tokens are dead.
struct NoticeOptions {
    std::string written_url;  ///< as the file has it
    HttpUrl url;
    Secret secret;        ///< empty: requests are not signed
    std::string ca_file;  ///< absolute; empty: the system's authorities
    std::chrono::milliseconds timeout{10'000};
};

}  // namespace dispatcher
