#pragma once

#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "mockgateway/http2_client.h"
#include "mockgateway/mock_gateway.h"
#include "mockgateway/provider_key.h"
#include "support/temporary_folder.h"

namespace dispatcher::test {

/// A mock gateway that serves on a thread of its own, with its ledger and key in a temporary
/// folder.
class RunningGateway {
  public:
    /// In the clear and with many streams from the start, unless `change` says otherwise.
    explicit RunningGateway(const std::string& faults = {},
                            const std::function<void(MockGatewayOptions&)>& change = {}) {
        MockGatewayOptions options;
        options.cleartext = true;
        options.first_streams = 1000;
        options.ledger_file = folder_.path() + "/ledger.ndjson";
        options.apns_key_id = "ABC123DEFG";
        options.apns_team_id = "DEF123GHIJ";
        options.apns_topics = {"com.example.app"};
        options.apns_public_key_file = folder_.path() + "/public.pem";
        key.write_public(options.apns_public_key_file);
        if (!faults.empty()) {
            options.faults_file = folder_.path() + "/faults.yaml";
            std::ofstream(options.faults_file) << faults;
        }
        if (change) change(options);
        gateway_ = std::make_unique<MockGateway>(options);
        std::promise<void> promise;
        end_ = promise.get_future();
        thread_ = std::jthread([this, done = std::move(promise)](std::stop_token stop) mutable {
            try {
                gateway_->run(stop);
                done.set_value();
            } catch (...) {
                done.set_exception(std::current_exception());
            }
        });
    }
    ~RunningGateway() { stop(); }
    RunningGateway(const RunningGateway&) = delete;
    RunningGateway& operator=(const RunningGateway&) = delete;

    /// Ends the thread, closes every connection.
    void stop() {
        thread_ = {};
        gateway_.reset();
    }
    /// Waits for run() to return, or throws what it threw.
    void wait_for_end() { end_.get(); }

    [[nodiscard]] std::uint16_t port() const { return gateway_->port(); }
    [[nodiscard]] const std::string& folder() const { return folder_.path(); }

    /// A push that the gateway accepts as it is.
    [[nodiscard]] Http2Request push(const std::string& token = std::string(64, 'a')) const {
        return {{{":method", "POST"},
                 {":scheme", "http"},
                 {":authority", "127.0.0.1"},
                 {":path", "/3/device/" + token},
                 {"authorization", authorization},
                 {"apns-topic", "com.example.app"},
                 {"apns-id", "6f1b2c3d-1111-4222-8333-0123456789ab"},
                 {"apns-push-type", "alert"},
                 {"apns-priority", "10"},
                 {"apns-expiration", "1900000000"},
                 {"apns-collapse-id", "spring"}},
                R"({"aps":{"alert":"hello"}})"};
    }

    /// The answer of GET /mock/stats, asked on a connection of its own.
    [[nodiscard]] std::string stats() const {
        Http2Client client(port());
        return client
            .fetch({{{":method", "GET"},
                     {":scheme", "http"},
                     {":authority", "127.0.0.1"},
                     {":path", "/mock/stats"}},
                    ""})
            .body;
    }

    [[nodiscard]] std::vector<std::string> ledger() const {
        std::ifstream file(folder_.path() + "/ledger.ndjson");
        std::vector<std::string> lines;
        for (std::string line; std::getline(file, line);)
            lines.push_back(line);
        return lines;
    }

    ProviderKey key;
    std::string authorization = key.authorization();

  private:
    TemporaryFolder folder_;
    std::unique_ptr<MockGateway> gateway_;
    std::future<void> end_;
    std::jthread thread_;
};

}  // namespace dispatcher::test
