#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace dispatcher {

/// How the mock gateway behaves; README.md beside this file tells more.
struct MockGatewayOptions {
    std::string listen = "127.0.0.1:0";  ///< HOST:PORT, numeric; [::1]:0 for IPv6; 0: any free port
    bool cleartext = false;              ///< HTTP/2 without TLS ("h2c", prior knowledge)
    bool http1_only = false;             ///< speaks no HTTP/2
    std::filesystem::path cert_file;     ///< PEM chain; empty: a certificate of its own
    std::filesystem::path key_file;      ///< of cert_file
    /// Where its own ca.pem, cert.pem and key.pem are written, or found again. Empty: nowhere.
    std::filesystem::path tls_dir;
    std::filesystem::path ledger_file;     ///< empty: no ledger
    std::filesystem::path faults_file;     ///< empty: no faults
    std::chrono::milliseconds latency{0};  ///< between a request and its answer
    std::uint32_t streams = 1000;          ///< open at once on a connection
    std::uint32_t first_streams = 1;       ///< the same until its first accepted notification

    /// Checks of the provider token and topic; what is empty is not checked.
    std::filesystem::path apns_public_key_file;  ///< PEM; the private .p8 serves as well
    std::string apns_key_id;
    std::string apns_team_id;
    std::vector<std::string> apns_topics;

    /// Checks of web pushes; what is empty is not checked.
    std::string vapid_public_key;               ///< base64url: the only one that may push
    std::filesystem::path subscriber_key_file;  ///< PEM: every subscription's private key
    std::string subscriber_auth;                ///< base64url: and its auth secret
    /// Checks of assertions, access tokens and project: the account that may push. A file that is
    /// not there is made on the first use. Empty: form only.
    std::filesystem::path fcm_service_account_file;
    std::chrono::seconds fcm_token_life{3599};  ///< of the access tokens that it gives
    /// Authority of client certificates, which APNs takes in place of a provider token (PEM).
    std::filesystem::path apns_client_ca_file;

    /// Secret that webhooks' signatures are checked with; empty: not checked.
    std::string webhook_secret;
};

/// The gateway that ships for rehearsal and tests: speaks like APNs, strictly, keeps a ledger of
/// what it accepted, and misbehaves on request.
class MockGateway {
  public:
    /// Reads the files and binds the port; connections are taken from then on and served by run().
    /// Throws ConfigError, or UnavailableError if the port or the ledger cannot be had.
    explicit MockGateway(const MockGatewayOptions& options);
    ~MockGateway();
    MockGateway(const MockGateway&) = delete;
    MockGateway& operator=(const MockGateway&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    /// What a server file names as the gateway's endpoint: https://127.0.0.1:41234, or http://.
    [[nodiscard]] std::string endpoint() const;

    /// Serves on the calling thread until a stop is asked for, from any thread. Throws
    /// UnavailableError when the ledger cannot be written: what it holds up is then never answered.
    void run(const std::stop_token& stop);

  private:
    struct Loop;
    const std::unique_ptr<Loop> loop_;
};

}  // namespace dispatcher
