#include <fstream>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "fcm_rig.h"
#include "gateway/fcm/fcm_type.h"
#include "support/catch.h"

// Every row of the classification, over HTTP/2 against the mock gateway: what the answer proves,
// and a second request that shows it: what was not processed is accepted when it is sent again;
// what may have been is never sent again by itself.

namespace dispatcher::test {
namespace {

struct Row {
    std::string fault;
    std::string outcome;
    bool accepted_first = false;  ///< the mock took it although it did not say so
};

std::string faults(const std::string& fault) {
    return "rules: [{token_prefix: bad, attempts: 1, " + fault + "}]";
}

}  // namespace

TEST_CASE("what was refused or proved not sent is accepted when it is sent again",
          "[gateway][proof]") {
    const std::vector<Row> rows{
        {"fault: too_many_requests, retry_after: 7s", "refused too_many_requests"},
        {"fault: refuse", "not_sent refused_stream"},
        {"fault: goaway_before", "not_sent goaway"},
        {"fault: expired_provider_token", "not_sent token_expired"},
        {"fault: status, status: 421", "not_sent misdirected"},
        {"fault: status, status: 425", "not_sent misdirected"},
    };
    for (const auto& row : rows) {
        INFO(row.fault);
        const MockFcm mock(faults(row.fault));
        FcmRig rig(fcm_options(mock.endpoint(), mock.account_file()));
        CHECK(rig.send(fcm_token("good")) == "accepted");
        CHECK(rig.send(fcm_token("bad")) == row.outcome);
        CHECK(mock.accepted(fcm_token("bad")) == 0);
        CHECK(rig.send(fcm_token("bad")) == "accepted");
        CHECK(mock.accepted(fcm_token("bad")) == 1);
    }
}

TEST_CASE("what may have been processed is in doubt and stays alone", "[gateway][proof]") {
    const std::vector<Row> rows{
        {"fault: unavailable", "unknown server_error"},
        {"fault: unavailable_after", "unknown server_error", true},
        {"fault: server_error", "unknown server_error"},
        {"fault: server_error_after", "unknown server_error", true},
        {"fault: status, status: 502, body: oops", "unknown server_error"},
        {"fault: status_after, status: 504", "unknown server_error", true},
        {"fault: status, status: 418", "unknown bad_answer"},
        {"fault: bad_body", "unknown bad_answer"},
        {"fault: bad_body_after", "unknown bad_answer", true},
        {"fault: reset_before", "unknown stream_reset"},
        {"fault: reset_after", "unknown stream_reset", true},
        {"fault: close_before", "unknown connection_lost"},
        {"fault: close_after", "unknown connection_lost", true},
        {"fault: goaway_after", "unknown goaway_unanswered", true},
        {"fault: garbage", "unknown connection_lost"},
        {"fault: garbage_after", "unknown connection_lost", true},
        {"fault: stall_before", "unknown timeout"},
        {"fault: stall_after", "unknown timeout", true},
    };
    for (const auto& row : rows) {
        INFO(row.fault);
        const MockFcm mock(faults(row.fault));
        FcmRig rig(fcm_options(mock.endpoint(), mock.account_file()));
        CHECK(rig.send(fcm_token("good")) == "accepted");
        CHECK(rig.send(fcm_token("bad")) == row.outcome);
        // Its second request would be accepted: none comes while others go on.
        CHECK(rig.send(fcm_token("good")) == "accepted");
        CHECK(mock.accepted(fcm_token("bad")) == (row.accepted_first ? 1 : 0));
        CHECK(rig.answers.size() == 3);
    }
}

TEST_CASE("a device is rejected for good, and the configuration is faulted", "[gateway][proof]") {
    const std::vector<Row> rows{
        {"fault: unregistered", "rejected unregistered"},
        {"fault: bad_device_token", "rejected bad_device_token"},
        {"fault: bad_request, reason: SENDER_ID_MISMATCH", "rejected bad_device_token"},
        {"fault: status, status: 413", "rejected payload_too_large"},
        {"fault: bad_request, reason: THIRD_PARTY_AUTH_ERROR", "campaign_fault campaign_fault"},
        {"fault: bad_request, reason: INVALID_ARGUMENT", "campaign_fault campaign_fault"},
        {"fault: bad_request, reason: message.android.ttl", "campaign_fault campaign_fault"},
        {"fault: invalid_provider_token", "campaign_fault campaign_fault"},
        {"fault: status, status: 404", "campaign_fault campaign_fault"},
        {"fault: status, status: 405", "campaign_fault campaign_fault"},
    };
    for (const auto& row : rows) {
        INFO(row.fault);
        const MockFcm mock(faults(row.fault));
        FcmRig rig(fcm_options(mock.endpoint(), mock.account_file()));
        CHECK(rig.send(fcm_token("bad")) == row.outcome);
        const bool is_fault = row.outcome.starts_with("campaign_fault");
        CHECK(rig.gateway->fault().empty() != is_fault);
        CHECK(rig.last.suspicious == (row.fault.find("SENDER_ID_MISMATCH") != std::string::npos));
        CHECK(mock.ledger().empty());
    }
}

TEST_CASE("a late answer turns doubt into certainty", "[gateway][proof]") {
    const MockFcm mock(faults("fault: late, delay: 1500ms"));
    FcmRig rig(fcm_options(mock.endpoint(), mock.account_file()));
    CHECK(rig.send(fcm_token("bad")) == "unknown timeout");
    REQUIRE(rig.await([&] { return rig.answers.size() == 2; }));
    CHECK(describe(rig.answers[1].outcome) == "accepted");
    CHECK(mock.ledger().size() == 1);
}

TEST_CASE("a 429 that names no time rests a minute", "[gateway]") {
    const MockFcm mock(faults("fault: too_many_requests"));
    FcmRig rig(fcm_options(mock.endpoint(), mock.account_file()));
    rig.send(fcm_token("bad"));
    CHECK(rig.last.retry_after == std::chrono::milliseconds(60'000));
    const MockFcm named(faults("fault: too_many_requests, retry_after: 7s"));
    FcmRig other(fcm_options(named.endpoint(), named.account_file()));
    other.send(fcm_token("bad"));
    CHECK(other.last.retry_after == std::chrono::milliseconds(7'000));
}

TEST_CASE("a project over its quota rests instead of using up tries", "[gateway]") {
    const MockFcm mock("rules: [{fault: too_many_requests, retry_after: 9s}]");
    FcmRig rig(fcm_options(mock.endpoint(), mock.account_file()));
    for (int i = 0; i < 50; ++i)
        CHECK(rig.send(fcm_token("a")) == "refused too_many_requests");
    CHECK(rig.gateway->capacity() == 0);
    CHECK(rig.gateway->health().trouble.empty());
    rig.clock.advance(std::chrono::seconds(9));
    CHECK(rig.send(fcm_token("a")) == "refused too_many_requests");
}

TEST_CASE("an access token that ends is renewed without a word", "[gateway]") {
    const MockFcm mock;
    FcmRig rig(fcm_options(mock.endpoint(), mock.account_file()));
    CHECK(rig.send(fcm_token("a")) == "accepted");
    rig.clock.advance(std::chrono::hours(2));  // the mock still knows the old one
    CHECK(rig.send(fcm_token("b")) == "accepted");
    CHECK(mock.ledger().size() == 2);
}

TEST_CASE("a gateway that forgot our token gets another one, once", "[gateway]") {
    const MockFcm mock({}, [](MockGatewayOptions& options) {
        options.fcm_token_life = std::chrono::seconds(0);  // forgotten as soon as given
    });
    FcmRig rig(fcm_options(mock.endpoint(), mock.account_file()));
    CHECK(rig.send(fcm_token("a")) == "not_sent token_expired");
    CHECK(rig.send(fcm_token("a")) == "campaign_fault campaign_fault");
    CHECK(rig.gateway->fault().find("a fresh access token is refused too") != std::string::npos);
}

TEST_CASE("credentials that are refused fault the campaign without a request", "[gateway]") {
    const MockFcm mock;
    const MockFcm stranger;
    auto account = nlohmann::json::parse(std::ifstream(stranger.account_file()));
    account["token_uri"] = mock.endpoint() + "/token";
    const auto file = mock.file("stranger.json");
    std::ofstream(file) << account.dump();
    FcmRig rig(fcm_options(mock.endpoint(), file));
    CHECK(rig.send(fcm_token("a")) == "campaign_fault campaign_fault");
    CHECK(rig.gateway->fault().find("does not know this key") != std::string::npos);
    CHECK(mock.ledger().empty());
}

TEST_CASE("while no token can be had there is no capacity, and the trouble is told", "[gateway]") {
    const MockFcm mock;
    auto account = nlohmann::json::parse(std::ifstream(mock.account_file()));
    account["token_uri"] = "http://127.0.0.1:1/token";
    const auto file = mock.file("nowhere.json");
    std::ofstream(file) << account.dump();
    FcmRig rig(fcm_options(mock.endpoint(), file));
    CHECK(rig.gateway->capacity() == 0);
    REQUIRE(rig.await([&] { return !rig.gateway->health().trouble.empty(); }));
    CHECK(rig.gateway->health().trouble.find("no connection to") != std::string::npos);
    CHECK(rig.gateway->capacity() == 0);
}

TEST_CASE("gateways of one account share one access token", "[gateway]") {
    const MockFcm mock;
    const auto options = fcm_options(mock.endpoint(), mock.account_file());
    FcmRig first(options);
    FcmRig second(options);
    CHECK(first.send(fcm_token("a")) == "accepted");
    CHECK(second.gateway->health().trouble.empty());
    CHECK(second.send(fcm_token("b")) == "accepted");
    // One that had to ask anew would have no token yet, and no room.
    FcmRig third(options);
    REQUIRE(third.await([&] { return third.gateway->capacity() > 0; }));
    CHECK(mock.ledger().size() == 2);
}

TEST_CASE("target and preview show the project, and no secret", "[gateway]") {
    const MockFcm mock;
    const auto options = fcm_options(mock.endpoint(), mock.account_file());
    const auto type = fcm::make_type();
    const auto authority = mock.endpoint().substr(7);
    CHECK(type->target(options) == authority + " mock-project");
    auto real = options;
    real.endpoint.clear();
    CHECK(type->target(real) == "fcm.googleapis.com mock-project");

    const auto payload = fcm_payload();
    Notification notification;
    notification.token = "t";
    notification.payload = payload;
    notification.id = "6f1b2c3d-1111-8222-8333-0123456789ab";
    const auto preview = type->preview(options, notification);
    CHECK(preview.method == "POST");
    CHECK(preview.url == mock.endpoint() + "/v1/projects/mock-project/messages:send");
    for (const auto& [name, value] : preview.headers)
        if (name == "authorization") CHECK(value == "Bearer (redacted)");
    CHECK(nlohmann::json::parse(preview.body)["message"]["token"] == "t");

    auto missing = options;
    missing.keys["service_account"] = mock.file("none.json");
    CHECK_THROWS_AS(type->target(missing), ConfigError);
    missing.is_for_show = true;  // a rehearsal needs no secret
    CHECK(type->target(missing) == authority);
}

TEST_CASE("a request that is only checked is answered and not in the ledger", "[gateway]") {
    const MockFcm mock;
    FcmRig rig(fcm_options(mock.endpoint(), mock.account_file()));
    rig.gateway = fcm::make_type()->open_for_checks(
        fcm_options(mock.endpoint(), mock.account_file()), rig.clock, rig.random);
    CHECK(rig.send(fcm_token("a")) == "accepted");
    CHECK(rig.send("pushonce-probe") == "rejected bad_device_token");
    CHECK(mock.ledger().empty());
}

}  // namespace dispatcher::test
