#include "rehearsal/gateway_settings.h"

#include <fstream>

#include "base/error.h"
#include "rehearsal/server_text.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

namespace dispatcher {
namespace {

GatewayOptions real_apns() {
    GatewayOptions real;
    real.name = "apns";
    real.type = "apns";
    real.endpoint = "https://api.push.apple.com";
    real.ca_file = "/etc/ssl/real.pem";
    real.connections = 8;
    real.in_flight = 500;
    real.rate_per_second = 100;
    real.keys = {{"key_file", "/secret/AuthKey.p8"},
                 {"key_id", "ABC123DEFG"},
                 {"team_id", "DEF123GHIJ"},
                 {"topic", "com.example.app"},
                 {"environment", "production"}};
    return real;
}

RehearsalMade made() {
    return {"/tmp/r",
            "https://127.0.0.1:41234",
            "/tmp/r/mock/ca.pem",
            "/tmp/r/AuthKey.p8",
            "/tmp/r/account.json",
            "/tmp/r/vapid.pem"};
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an APNs gateway is led to the mock gateway, with other credentials", "[unit]") {
    const auto rehearsed = rehearsal_settings(real_apns(), made());
    CHECK(rehearsed.name == "apns");
    CHECK(rehearsed.type == "apns");
    CHECK(rehearsed.endpoint == "https://127.0.0.1:41234");
    CHECK(rehearsed.ca_file == "/tmp/r/mock/ca.pem");
    CHECK(rehearsed.connections == 8);
    CHECK(rehearsed.in_flight == 500);
    CHECK(rehearsed.rate_per_second == 0);
    CHECK(rehearsed.secrets.empty());
    CHECK(rehearsed.keys == std::map<std::string, std::string>{{"key_file", "/tmp/r/AuthKey.p8"},
                                                               {"key_id", kRehearsalKeyId},
                                                               {"team_id", kRehearsalTeamId},
                                                               {"topic", "com.example.app"},
                                                               {"environment", "production"}});
    CHECK(is_played_by_mock(real_apns()));
    CHECK(own_ledger(rehearsed).empty());
}

TEST_CASE("FCM and webhooks are led to the mock gateway, their secrets left behind", "[unit]") {
    GatewayOptions fcm;
    fcm.name = fcm.type = "fcm";
    fcm.keys = {{"service_account", "/secret/account.json"}};
    CHECK(rehearsal_settings(fcm, made()).keys ==
          std::map<std::string, std::string>{{"service_account", "/tmp/r/account.json"}});
    GatewayOptions hook;
    hook.name = "hook";
    hook.type = "webhook";
    hook.keys = {{"url", "https://push.example.com/send"}, {"honours_idempotency_key", "86400000"}};
    hook.secrets.emplace("secret", Secret("do not tell"));
    const auto rehearsed = rehearsal_settings(hook, made());
    CHECK(rehearsed.keys ==
          std::map<std::string, std::string>{{"url", "https://127.0.0.1:41234/hook"},
                                             {"honours_idempotency_key", "86400000ms"}});
    CHECK(rehearsed.secrets.empty());
}

TEST_CASE("Web Push has keys of the rehearsal's, and may have several services full", "[unit]") {
    GatewayOptions web;
    web.name = "web";
    web.type = "webpush";
    web.connections = 2;
    web.in_flight = 100;
    web.keys = {{"vapid_key_file", "/secret/vapid.pem"},
                {"subject", "mailto:ops@example.com"},
                {"private_endpoints", "refuse"}};
    const auto rehearsed = rehearsal_settings(web, made());
    CHECK(rehearsed.endpoint == "https://127.0.0.1:41234");
    CHECK(rehearsed.keys ==
          std::map<std::string, std::string>{{"vapid_key_file", "/tmp/r/vapid.pem"},
                                             {"subject", "mailto:ops@example.com"}});
    CHECK(is_encrypted(web));
    CHECK_FALSE(is_encrypted(real_apns()));
    CHECK(ledger_token(web, "https://push.example.net/push/abc?d=1") == "abc?d=1");
    CHECK(ledger_token(web, "https://push.example.net/send/abc") == "send/abc");
    CHECK(ledger_token(real_apns(), "abc") == "abc");
    std::vector<GatewayOptions> gateways = {web, real_apns()};
    CHECK(wire_of(gateways) == 4 * 200 + 4000);
    CHECK(limit_wire(gateways, 100));
    CHECK(wire_of(gateways) <= 100);
}

TEST_CASE("a mock gateway that is configured already is replaced as well", "[unit]") {
    auto real = real_apns();
    real.endpoint = "https://127.0.0.1:8443";
    CHECK(rehearsal_settings(real, made()).endpoint == "https://127.0.0.1:41234");
}

TEST_CASE("a loopback gateway stays one, with a ledger of its own", "[unit]") {
    GatewayOptions real;
    real.name = "hook";
    real.type = "loopback";
    real.keys = {{"accept", "none"}, {"otherwise", "doubt"}, {"ledger", "/real/ledger"}};
    const auto rehearsed = rehearsal_settings(real, made());
    CHECK(rehearsed.endpoint.empty());
    CHECK(rehearsed.keys.at("accept") == "none");
    CHECK(rehearsed.keys.at("otherwise") == "doubt");
    CHECK(own_ledger(rehearsed) == "/tmp/r/ledger-hook.ndjson");
    CHECK_FALSE(is_played_by_mock(real));
}

TEST_CASE("a type that the mock gateway does not play is refused by name", "[unit]") {
    GatewayOptions real;
    real.name = "phones";
    real.type = "pigeon";
    CHECK_THROWS_AS(rehearsal_settings(real, made()), ConfigError);
    CHECK_THROWS_AS(is_played_by_mock(real), ConfigError);
}

TEST_CASE("the wire is narrowed where a campaign is small, and left alone otherwise", "[unit]") {
    std::vector<GatewayOptions> gateways = {real_apns(), real_apns()};
    CHECK(wire_of(gateways) == 8000);
    CHECK_FALSE(limit_wire(gateways, 8000));
    CHECK(limit_wire(gateways, 100));
    CHECK(wire_of(gateways) <= 100);
    CHECK(gateways[0].connections == 8);
    CHECK(gateways[0].in_flight == 6);
    CHECK(limit_wire(gateways, 1));
    CHECK(wire_of(gateways) == 2);  // one for each gateway
}

TEST_CASE("the server file names nothing real", "[unit]") {
    ServerFile real;
    real.store.url = "mysql://pushonce@db.example.com/pushonce";
    real.store.lease = std::chrono::milliseconds{5000};
    real.journal.sync = true;
    real.journal.dir = "/real/journal";
    const auto text =
        rehearsal_server_text("/tmp/r", real, {rehearsal_settings(real_apns(), made())});
    CHECK(contains(text, "url: \"sqlite:/tmp/r/store.db\", lease: 5000ms"));
    CHECK(contains(text, "dir: \"/tmp/r/journal\", sync: true"));
    CHECK(contains(text, "endpoint: \"https://127.0.0.1:41234\""));
    for (const auto* word : {"apple", "secret", "mysql", "/real", "ABC123"})
        CHECK_FALSE(contains(text, word));
}

}  // namespace dispatcher
