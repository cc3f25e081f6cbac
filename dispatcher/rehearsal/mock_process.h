#pragma once

#include <string>

#include "rehearsal/child_process.h"
#include "rehearsal/rehearsal_place.h"

namespace dispatcher {

/// What a rehearsal's mock gateway is asked for.
struct MockProcessOptions {
    std::string provider_key;     ///< tokens are checked against it
    std::string service_account;  ///< made there, and FCM's assertions checked against it
    std::string vapid_key;        ///< base64url: Web Push comes from whoever has it
    std::string subscriber_key;   ///< the file of every browser's key; empty: nobody subscribed
    std::string subscriber_auth;  ///< base64url
    std::string faults_file;      ///< empty: no faults
    std::string latency;          ///< "20ms"; empty: it answers at once
};

/// The mock gateway of a rehearsal, a child with its ledger in the rehearsal's folder. One thread.
class MockProcess {
  public:
    /// Returns when it listens. `stop_fd` is readable when somebody wants to stop waiting. Throws
    /// ConfigError with what the gateway says about its options, UnavailableError.
    MockProcess(const RehearsalPlace& place, const MockProcessOptions& options, int stop_fd);

    [[nodiscard]] ChildProcess& child() { return child_; }
    [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
    [[nodiscard]] const std::string& ca_file() const { return ca_file_; }
    [[nodiscard]] const std::string& ledger() const { return ledger_; }
    /// It ended, and nobody asked it to: says why. Throws UnavailableError.
    [[noreturn]] void fail() const;

  private:
    void await_endpoint(int stop_fd);

    const std::string out_file_;
    const std::string err_file_;
    const std::string ca_file_;
    const std::string ledger_;
    ChildProcess child_;
    std::string endpoint_;
};

/// The last lines of a child's output, for messages; "" if there are none.
std::string last_lines(const std::string& file);

}  // namespace dispatcher
