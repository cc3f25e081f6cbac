#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "gateway/gateway_type.h"
#include "gateway/http2/concurrency_limit.h"
#include "gateway/http2/connection.h"
#include "gateway/http2/host_lookup.h"
#include "gateway/http2/reach.h"
#include "gateway/http2/wake_event.h"

namespace dispatcher::http2 {

/// The connections of one gateway: opens them while there is work, waits for their sockets, and
/// backs off where none can be made. One thread, but for wake().
class ConnectionPool {
  public:
    /// `needs_warm_up`: the first connection must have proved our credentials before others open.
    /// Throws ConfigError for an unreadable ca_file.
    ConnectionPool(const GatewayOptions& options, Endpoint endpoint, bool needs_warm_up,
                   Clock& clock, Random& random, Reach reach);
    ~ConnectionPool();
    ConnectionPool(const ConnectionPool&) = delete;
    ConnectionPool& operator=(const ConnectionPool&) = delete;

    /// A connection takes one request at a time until a reply has proved our credentials.
    [[nodiscard]] bool needs_warm_up() const { return needs_warm_up_; }
    /// Requests that would be framed at once.
    [[nodiscard]] std::size_t room(BootTime now) const;
    /// A connection with room, or null.
    [[nodiscard]] Connection* pick(BootTime now);
    /// Starts what is missing, unless a failure is too fresh.
    void open_missing(BootTime now);
    /// Writes what was submitted.
    void flush();
    /// Waits for sockets or wake() until `until` and lets the connections read and write.
    void poll(BootTime until);
    /// Lets the connections act on what is overdue.
    void tick(BootTime now);
    /// When poll() must end at the latest; `is_wanted`: also for a reconnect.
    [[nodiscard]] BootTime next_tick(bool is_wanted) const;
    void for_each(const std::function<void(Connection&)>& visit);
    /// Forgets closed connections, whose streams must all have been handled.
    void remove_closed(BootTime now);

    /// Something came back on this connection: the gateway works.
    void note_reply(Connection& connection);
    /// When its request began, and whether the gateway turned it away for the moment.
    void note_speed(BootTime began, BootTime now, bool is_trouble) {
        concurrency_.note_reply(began, now, is_trouble);
    }
    /// A request was not answered in time.
    void note_silence() { concurrency_.note_silence(); }
    /// A reply on it proved our credentials.
    void note_proof(Connection& connection);

    /// From any thread.
    void wake();
    /// The same as a function that may outlive the pool.
    [[nodiscard]] std::function<void()> caller() const;
    /// Whether wake() was called since the last time.
    [[nodiscard]] bool take_wake();

    [[nodiscard]] Gateway::Health health() const;
    /// The host was found, and none of its addresses may be connected to.
    [[nodiscard]] bool is_barred() const { return is_barred_; }
    /// Readable when poll() has something to do before next_tick(): for one who waits for several.
    [[nodiscard]] int descriptor() const { return epoll_; }

  private:
    struct Entry;

    [[nodiscard]] std::size_t connections_max() const {
        return is_single_file_ ? single_file_.most : connections_.most;
    }
    [[nodiscard]] std::size_t wanted() const;
    [[nodiscard]] std::size_t missing() const;
    [[nodiscard]] ConcurrencyLimit::Range range() const;
    [[nodiscard]] std::size_t open() const;
    void adapt(BootTime now);
    [[nodiscard]] bool find_addresses(BootTime now);
    void open_one(BootTime now);
    void watch(Entry& entry);
    void fail(std::string trouble, BootTime now);
    void forget_failures();
    void limit_draining();

    const std::string name_;
    const Endpoint endpoint_;
    const ConcurrencyLimit::Range connections_;  ///< over HTTP/2, in the beginning and at most
    const ConcurrencyLimit::Range single_file_;  ///< the same over HTTP/1.1
    const std::size_t streams_max_;              ///< of one connection, ours
    Connection::Limits limits_;                  ///< of one connection, now
    const bool needs_warm_up_;
    Clock& clock_;
    Random& random_;
    const Reach reach_;
    std::shared_ptr<WakeEvent> wake_;
    int epoll_ = -1;

    std::optional<HostLookup> lookup_;
    std::vector<Address> addresses_;
    std::size_t address_at_ = 0;
    BootTime addresses_until_{};
    bool is_barred_ = false;

    Scratch scratch_;
    std::vector<std::unique_ptr<Entry>> entries_;
    std::size_t current_ = 0;  ///< of entries_: takes the next request
    unsigned run_ = 0;         ///< requests given to it in a row
    bool is_proven_ = false;
    bool is_single_file_ = false;  ///< HTTP/1.1: a connection carries one request at a time
    std::size_t streams_offered_;  ///< of one connection, within ours
    ConcurrencyLimit concurrency_;
    std::size_t open_ = 0;  ///< requests when poll() began

    unsigned failures_ = 0;
    BootTime retry_at_{};
    Gateway::Health health_;
};

}  // namespace dispatcher::http2
