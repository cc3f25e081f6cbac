#include <fstream>
#include <map>

#include "apns_rig.h"
#include "fcm_rig.h"
#include "gateway/fcm/fcm_type.h"
#include "gateway/loopback/loopback_type.h"
#include "support/catch.h"
#include "webhook_rig.h"

// What every gateway promises to the engine. A new gateway adds a setup here.

namespace dispatcher::test {
namespace {

constexpr std::size_t kNotifications = 3000;

struct LoopbackSetup {
    SteppedClock clock;
    CountingRandom random;
    std::unique_ptr<Gateway> gateway;
    LoopbackSetup() {
        GatewayOptions options;
        options.in_flight = 64;
        gateway = loopback::make_type()->open(options, clock, random);
    }
    [[nodiscard]] int most_often() const { return 1; }
};

/// Accepts most, and fails the others in the ways a server can.
void misbehave(Peer& peer, const SeenRequest& request) {
    switch (request.number == 1 ? 0 : request.number % 97) {
        case 3:
            peer.reply(request.stream, 410, R"({"reason":"Unregistered"})");
            break;
        case 7:
            peer.send_reset(request.stream, 7);
            break;
        case 11:
            peer.send_reset(request.stream, 2);
            break;
        case 13:
            peer.reply(request.stream, 429, R"({"reason":"TooManyRequests"})");
            break;
        case 19:
            peer.reply(request.stream, 500, "<html>oops</html>");
            break;
        case 90:
            peer.send_goaway(request.stream - 2);
            break;
        case 95:
            peer.cut();
            break;
        default:
            peer.reply(request.stream, 200);
    }
}

struct ApnsSetup {
    static ApnsRig::Change change() {
        ApnsRig::Change change;
        change.connections = 3;
        change.in_flight = 20;
        return change;
    }
    ApnsRig rig{change(), misbehave};
    Gateway* gateway = rig.gateway.get();
    SteppedClock& clock = rig.clock;
    [[nodiscard]] int most_often() const { return rig.server->most_often(); }
};

/// Access tokens by the mock gateway, all else by the scripted server.
struct FcmSetup {
    MockFcm mock;
    SteppedClock clock;
    CountingRandom random;
    ScriptedServer server{in_the_clear(), nullptr, misbehave};
    std::unique_ptr<Gateway> gateway;
    FcmSetup() {
        auto options = fcm_options(server.endpoint(), mock.account_file());
        options.connections = 3;
        options.in_flight = 20;
        gateway = fcm::make_type()->open(options, clock, random);
    }
    static ScriptedServer::Options in_the_clear() {
        ScriptedServer::Options options;
        options.is_tls = false;
        return options;
    }
    [[nodiscard]] int most_often() const { return server.most_often(); }
};

/// HTTP/1.1, one request at a time on each of three connections.
struct WebhookSetup {
    static void misbehave(Http1Peer& peer, const SeenRequest& request) {
        switch (request.number == 1 ? 0 : request.number % 97) {
            case 3:
                return peer.reply(410);
            case 13:
                return peer.reply(429, "", "retry-after: 1\r\n");
            case 19:
                return peer.reply(500, "<html>oops</html>", "connection: close\r\n");
            case 31:
                return peer.say("HTTP/1.1 202 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n");
            case 90:
                peer.say("garbage\r\n");
                return peer.close();
            case 95:
                return peer.close();
            default:
                return peer.reply(202);
        }
    }
    ScriptedHttp1Server server{nullptr, misbehave};
    WebhookRig rig{server.endpoint(), [](GatewayOptions& options) { options.connections = 3; }};
    Gateway* gateway = rig.gateway.get();
    SteppedClock& clock = rig.clock;
    [[nodiscard]] int most_often() const { return server.most_often(); }
};

}  // namespace

TEMPLATE_TEST_CASE("every submitted ticket is answered exactly once", "[contract][gateway]",
                   LoopbackSetup, ApnsSetup, FcmSetup, WebhookSetup) {
    TestType setup;
    auto& gateway = *setup.gateway;
    SystemClock real;
    const auto end = real.now() + std::chrono::seconds(60);
    std::vector<GatewayAnswer> answers;
    std::map<Ticket, int> counts;
    Ticket next = 0;
    const std::string token(64, 'c');
    while (counts.size() < kNotifications && real.now() < end) {
        for (auto room = gateway.capacity(); room > 0 && next < kNotifications; --room) {
            const auto id = id_of(next);
            Notification notification;
            notification.appid = notification.id = id;
            notification.token = token;
            notification.payload =
                R"({"aps":{},"data":{"notification_id":"00000000-0000-0000-0000-000000000000"}})";
            gateway.submit(next++, notification);
        }
        CHECK(gateway.in_flight() == next - counts.size());
        answers.clear();
        gateway.wait(setup.clock.now() + std::chrono::milliseconds(20), answers);
        for (const auto& answer : answers) {
            ++counts[answer.ticket];
            CHECK(answer.ticket < next);
            CHECK_FALSE(answer.detail.empty());
        }
    }
    CHECK(counts.size() == kNotifications);
    for (const auto& [ticket, count] : counts)
        REQUIRE(count == 1);
    CHECK(gateway.in_flight() == 0);
    CHECK(setup.most_often() == 1);
}

TEMPLATE_TEST_CASE("wake() makes the next wait return at once, and only that",
                   "[contract][gateway]", LoopbackSetup, ApnsSetup, FcmSetup, WebhookSetup) {
    TestType setup;
    std::vector<GatewayAnswer> answers;
    setup.gateway->wake();
    const auto before = setup.clock.now();
    setup.gateway->wait(before + std::chrono::minutes(5), answers);
    CHECK(setup.clock.now() - before < std::chrono::minutes(1));
    const auto again = setup.clock.now();
    setup.gateway->wait(again + std::chrono::milliseconds(20), answers);
    CHECK(setup.clock.now() - again >= std::chrono::milliseconds(20));
    CHECK(answers.empty());
}

TEST_CASE("loopback answers as told and keeps a ledger of what it accepted",
          "[contract][gateway]") {
    TemporaryDirectory directory;
    SteppedClock clock;
    CountingRandom random;
    GatewayOptions options;
    const auto ledger = directory.file("ledger");
    options.keys["ledger"] = ledger;
    const auto answer_of = [&] {
        const auto gateway = loopback::make_type()->open(options, clock, random);
        Notification notification;
        notification.appid = "d\"1";
        notification.id = "n1";
        gateway->submit(5, notification);
        std::vector<GatewayAnswer> answers;
        gateway->wait(clock.now(), answers);
        REQUIRE(answers.size() == 1);
        return describe(answers.front().outcome);
    };
    CHECK(answer_of() == "accepted");
    options.keys["accept"] = "none";
    CHECK(answer_of() == "rejected rejected_by_request");
    options.keys["otherwise"] = "refuse";
    CHECK(answer_of() == "refused too_many_requests");
    options.keys["otherwise"] = "doubt";
    CHECK(answer_of() == "unknown timeout");
    std::ifstream file(ledger);
    const std::string lines{std::istreambuf_iterator<char>(file), {}};
    CHECK(lines == "{\"appid\":\"d\\\"1\",\"notification_id\":\"n1\"}\n");
}

}  // namespace dispatcher::test
