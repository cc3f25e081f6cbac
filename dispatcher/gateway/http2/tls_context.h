#pragma once

#include <string>

struct ssl_ctx_st;

namespace dispatcher::http2 {

/// What all TLS connections of a gateway share: TLS 1.2 or newer, ALPN `h2`, the certificate
/// verified. There is no session to resume, so no request can ever travel as early data (0-RTT),
/// which would void the proof that a failed handshake sent nothing.
class TlsContext {
  public:
    /// Authorities from `ca_file`, or the system's if it is empty. Throws ConfigError if the file
    /// cannot be read.
    explicit TlsContext(const std::string& ca_file);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    [[nodiscard]] ssl_ctx_st* get() const { return context_; }

  private:
    ssl_ctx_st* context_;
};

}  // namespace dispatcher::http2
