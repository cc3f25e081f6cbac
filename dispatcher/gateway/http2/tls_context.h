#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "gateway/credential_file.h"
#include "gateway/http2/endpoint.h"

struct ssl_ctx_st;

namespace dispatcher::http2 {

/// What all TLS connections of a gateway share: TLS 1.2 or newer, ALPN, certificates.
/// There is no session to resume, so no request can ever travel as early data (0-RTT), which would
/// void the proof that a failed handshake sent nothing.
class TlsContext {
  public:
    /// PEM files: our certificate, with its chain, and its private key. Both empty: we have none.
    struct Identity {
        CredentialFile certificate_file;
        CredentialFile key_file;
    };

    /// Authorities from `ca_file`, or the system's if it is empty. Throws ConfigError if a file
    /// cannot be read, or the certificate is of no use at `now`.
    explicit TlsContext(const CredentialFile& ca_file, Protocols protocols = Protocols::http2,
                        const Identity& identity = {}, WallTime now = {});

    [[nodiscard]] ssl_ctx_st* get() const { return context_.get(); }

  private:
    void take_identity(const Identity& identity, WallTime now);

    struct Free {
        void operator()(ssl_ctx_st* context) const;
    };
    std::unique_ptr<ssl_ctx_st, Free> context_;
};

}  // namespace dispatcher::http2
