#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "test_certificate.h"

struct ssl_ctx_st;

namespace dispatcher::test {

/// Where a scripted server listens: a port of 127.0.0.1, connections accepted on a thread of its
/// own, and what their TLS has in common.
class ScriptedListener {
  public:
    /// `certificate` null: cleartext. `protocol`: the ALPN name that is chosen whatever a client
    /// offers, a literal; null: none is. `accept` gets each socket, opened with `socket_flags`.
    ScriptedListener(const TestCertificate* certificate, const char* protocol, int socket_flags,
                     std::function<void(int socket)> accept);
    ~ScriptedListener();
    ScriptedListener(const ScriptedListener&) = delete;
    ScriptedListener& operator=(const ScriptedListener&) = delete;

    /// Accepts no more; whoever owns the connections ends them then.
    void stop();

    /// Null: cleartext.
    [[nodiscard]] ssl_ctx_st* tls() const { return tls_; }
    [[nodiscard]] std::string endpoint() const;

  private:
    void accept_all() const;

    const std::function<void(int)> accept_;
    const int socket_flags_;
    ssl_ctx_st* tls_ = nullptr;
    int listener_ = -1;
    int stop_ = -1;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

/// Blocks SIGPIPE in the calling thread only: the client under test must do without.
void block_broken_pipe_signals();

}  // namespace dispatcher::test
