#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "gateway/http2/endpoint.h"

namespace dispatcher::http2 {

/// A socket address to connect to.
struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;
};

/// Finds the addresses of a host without holding up its caller: a number is read at once, a name is
/// asked for by getaddrinfo() on a thread of its own. That call cannot be interrupted, so a lookup
/// that is destroyed leaves its thread to end by itself; they share only the answer.
class HostLookup {
  public:
    /// `on_done` is called from the other thread, or before the constructor returns; it must stay
    /// callable for as long as the process runs.
    HostLookup(const Endpoint& endpoint, std::function<void()> on_done);

    [[nodiscard]] bool is_done() const;
    /// After is_done(): empty if the host was not found.
    [[nodiscard]] const std::vector<Address>& addresses() const;
    /// After is_done(): why there are no addresses.
    [[nodiscard]] const std::string& trouble() const;

  private:
    struct Answer;
    std::shared_ptr<Answer> answer_;
};

}  // namespace dispatcher::http2
