#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/gateway_type.h"
#include "gateway_rig.h"
#include "mockgateway/mock_gateway.h"
#include "test_certificate.h"

namespace dispatcher::test {

/// The mock gateway on a thread of its own, in the clear, with a service account made for it.
class MockFcm {
  public:
    /// `faults`: text of a faults file; empty: none.
    explicit MockFcm(const std::string& faults = {},
                     const std::function<void(MockGatewayOptions&)>& change = {});
    ~MockFcm();
    MockFcm(const MockFcm&) = delete;
    MockFcm& operator=(const MockFcm&) = delete;

    [[nodiscard]] std::string endpoint() const { return mock_->endpoint(); }
    [[nodiscard]] std::string account_file() const { return directory_.file("account.json"); }
    [[nodiscard]] std::string file(const std::string& name) const { return directory_.file(name); }
    [[nodiscard]] std::vector<std::string> ledger() const;
    /// How many lines of the ledger are of this device.
    [[nodiscard]] std::size_t accepted(const std::string& token) const;

  private:
    TemporaryDirectory directory_;
    std::unique_ptr<MockGateway> mock_;
    std::jthread thread_;
};

/// Options of an fcm gateway that sends to `endpoint` for the account in the file.
GatewayOptions fcm_options(const std::string& endpoint, const std::string& account_file);

/// A registration token that begins so.
std::string fcm_token(const std::string& beginning);

/// The payload of "Hello", as the type makes it.
std::string fcm_payload();

/// An fcm gateway.
class FcmRig : public GatewayRig {
  public:
    explicit FcmRig(const GatewayOptions& options);

    /// Submits one notification as soon as there is capacity and waits for its answer: "accepted",
    /// "not_sent token_expired", …; "-" if none came.
    std::string send(const std::string& token);

    Outcome last;
};

}  // namespace dispatcher::test
