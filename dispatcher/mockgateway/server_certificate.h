#pragma once

#include <filesystem>
#include <memory>

struct ssl_ctx_st;

namespace dispatcher::mock {

/// Where the server's certificate comes from: the given files; or else `dir`, which is filled with
/// ca.pem, cert.pem and key.pem on the first use and serves later runs unchanged; or else a
/// certificate of its own that nobody can check.
struct CertificateOptions {
    std::filesystem::path cert_file;
    std::filesystem::path key_file;
    std::filesystem::path dir;
    /// The authority of clients' certificates (PEM): asked for, and the handshake ends with one
    /// that is not good; a client may have none. Empty: not asked for.
    std::filesystem::path client_ca_file{};
    bool http1_only = false;  ///< ALPN chooses no HTTP/2
};

/// The TLS side of the listener: TLS 1.2 or newer, HTTP/2 or HTTP/1.1 by ALPN.
class ServerCertificate {
  public:
    /// Throws ConfigError if a file cannot be used, UnavailableError if one cannot be written.
    explicit ServerCertificate(const CertificateOptions& options);

    [[nodiscard]] ssl_ctx_st* context() const { return context_.get(); }

  private:
    const std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> context_;
};

}  // namespace dispatcher::mock
