#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/tally.h"

namespace dispatcher::cli {

/// /healthz, /readyz and /metrics of a sending process, on a port of their own with threads of
/// their own: nothing here can hold up a send. Stops when destroyed.
class OpsServer {
  public:
    /// `listen` is HOST:PORT; port 0 takes any. `check_store` reads a table of the store and throws
    /// if that fails; it is called from any thread, one at a time. `metrics` answers the text of
    /// /metrics, from any thread. Throws ConfigError for a malformed address, UnavailableError if
    /// it cannot be had.
    OpsServer(const std::string& listen, std::function<std::string()> metrics,
              std::function<void()> check_store);
    ~OpsServer();
    OpsServer(const OpsServer&) = delete;
    OpsServer& operator=(const OpsServer&) = delete;

    [[nodiscard]] std::uint16_t port() const;

  private:
    struct Server;
    const std::unique_ptr<Server> server_;
};

/// The process's counts in Prometheus' text format.
std::string metrics_text(const Tally& tally);

}  // namespace dispatcher::cli
