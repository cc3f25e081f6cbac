#include <nghttp2/nghttp2.h>

#include "base/error.h"
#include "base/sha256.h"
#include "mockgateway/running_gateway.h"
#include "support/catch.h"

namespace dispatcher::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

void check_answer(const Http2Answer& answer, int status, const std::string& reason) {
    CHECK(answer.status == status);
    CHECK(contains(answer.body, "\"reason\":\"" + reason + "\""));
}

TEST_CASE("an accepted push is answered with its id and stands in the ledger by then") {
    const RunningGateway gateway;
    Http2Client client(gateway.port());
    const auto push = gateway.push();
    const auto answer = client.fetch(push);
    const auto ledger = gateway.ledger();

    CHECK(answer.status == 200);
    CHECK(answer.body.empty());
    CHECK(answer.headers.at("apns-id") == "6f1b2c3d-1111-4222-8333-0123456789ab");
    REQUIRE(ledger.size() == 1);
    CHECK(ledger[0].substr(0, 75) == "{\"token\":\"" + std::string(64, 'a') + "\"");
    CHECK(
        contains(ledger[0],
                 R"("notification_id":"6f1b2c3d-1111-4222-8333-0123456789ab",)"
                 R"("collapse_id":"spring","topic":"com.example.app","push_type":"alert","at":")"));
    CHECK(contains(ledger[0], "\"payload_sha256\":\"" + to_hex(Sha256::of(push.body)) +
                                  R"(","connection":1,"stream":1})"));
}

TEST_CASE("an address that is none, or a port that there cannot be, is an error of usage") {
    for (const auto* address : {"nonsense", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999",
                                "127.0.0.1:-1", "127.0.0.1:80x", "localhost:80"}) {
        MockGatewayOptions options;
        options.listen = address;
        options.cleartext = true;
        INFO(address);
        CHECK_THROWS_AS(MockGateway(options), ConfigError);
    }
}

TEST_CASE("a push without an id gets one") {
    const RunningGateway gateway;
    Http2Client client(gateway.port());
    const auto answer = client.fetch(gateway.push().remove("apns-id"));
    const auto id = answer.headers.at("apns-id");
    CHECK(id.size() == 36);
    REQUIRE(gateway.ledger().size() == 1);
    CHECK(contains(gateway.ledger()[0], "\"notification_id\":\"" + id + "\""));
}

TEST_CASE("over TLS the certificate is good for 127.0.0.1 under the written authority") {
    TemporaryFolder tls;
    const auto with_tls = [&](MockGatewayOptions& options) {
        options.cleartext = false;
        options.tls_dir = tls.path();
    };
    for (int start = 0; start < 2; ++start) {  // the second start finds the files of the first
        const RunningGateway gateway({}, with_tls);
        Http2Client client(gateway.port(), tls.path() + "/ca.pem");
        CHECK(client.fetch(gateway.push()).status == 200);
    }
}

TEST_CASE("one stream may be open until the first accepted push, then a thousand") {
    const RunningGateway gateway({},
                                 [](MockGatewayOptions& options) { options.first_streams = 1; });
    Http2Client client(gateway.port());
    REQUIRE(client.wait_until([&] { return !client.stream_limits().empty(); }));
    CHECK(client.stream_limits() == std::vector<std::uint32_t>{1});

    CHECK(client.fetch(gateway.push("no-token")).status == 400);
    CHECK(client.stream_limits().size() == 1);
    CHECK(client.fetch(gateway.push()).status == 200);
    REQUIRE(client.wait_until([&] { return client.stream_limits().size() == 2; }));
    CHECK(client.stream_limits()[1] == 1000);
}

TEST_CASE("more streams than allowed at the start are refused, not processed") {
    const RunningGateway gateway({},
                                 [](MockGatewayOptions& options) { options.first_streams = 1; });
    Http2Client client(gateway.port());  // has not seen the limit yet: sends both at once
    const auto first = client.submit(gateway.push(std::string(64, '1')));
    const auto second = client.submit(gateway.push(std::string(64, '2')));
    REQUIRE(client.wait_until([&] { return client.closed_in_order().size() == 2; }));
    CHECK(client.answer(first).status == 200);
    CHECK(client.answer(second).close_code == NGHTTP2_REFUSED_STREAM);
    CHECK(gateway.ledger().size() == 1);
}

TEST_CASE("a ledger that cannot be written ends the gateway, and nothing is answered") {
    RunningGateway gateway({},
                           [](MockGatewayOptions& options) { options.ledger_file = "/dev/full"; });
    Http2Client client(gateway.port());
    const auto stream = client.submit(gateway.push());
    client.wait_until([&] { return !client.stream_limits().empty(); });
    CHECK_THROWS_AS(gateway.wait_for_end(), UnavailableError);
    gateway.stop();
    CHECK(client.wait_until([&] { return client.ended(); }));
    CHECK(client.answer(stream).status == 0);
}

TEST_CASE("answers wait for the latency, and open requests are counted until then") {
    const RunningGateway gateway(
        {}, [](MockGatewayOptions& options) { options.latency = std::chrono::milliseconds(200); });
    Http2Client client(gateway.port());
    const auto stream = client.submit(gateway.push());
    REQUIRE(client.wait_until([&] { return !client.stream_limits().empty(); }));
    while (gateway.ledger().empty())
        std::this_thread::yield();
    const bool counted = contains(gateway.stats(), R"({"accepted":1,"open_streams":1,)");
    REQUIRE(client.wait_until([&] { return client.answer(stream).closed; }));
    CHECK(client.answer(stream).status == 200);
    CHECK((counted || client.closed_in_order().size() == 1));
    CHECK(contains(gateway.stats(), R"({"accepted":1,"open_streams":0,)"));
}

TEST_CASE("a stop asked for while requests are open ends the gateway") {
    RunningGateway gateway("rules: [{fault: stall_before}]");
    Http2Client client(gateway.port());
    const auto stream = client.submit(gateway.push());
    client.wait_until([&] { return !client.stream_limits().empty(); });
    gateway.stop();
    CHECK(client.wait_until([&] { return client.ended(); }));
    CHECK_FALSE(client.answer(stream).closed);
}

TEST_CASE("each strict check answers with its status and reason") {
    const RunningGateway gateway;
    using Change = std::function<void(Http2Request&)>;
    const auto set = [](const char* name, const std::string& value) -> Change {
        return [=](Http2Request& push) { push.set(name, value); };
    };
    const auto drop = [](const char* name) -> Change {
        return [=](Http2Request& push) { push.remove(name); };
    };
    const auto twice = [](const char* name, const char* value) -> Change {
        return [=](Http2Request& push) { push.add(name, value); };
    };
    const auto body = [](const std::string& text) -> Change {
        return [=](Http2Request& push) { push.body = text; };
    };
    const auto now = std::time(nullptr);
    const auto& key = gateway.key;
    const auto token = [&](const std::string& authorization) {
        return set("authorization", authorization);
    };

    const std::vector<std::tuple<Change, int, std::string>> rows{
        {set(":path", "/3/devices/aa"), 404, "BadPath"},
        {set(":method", "PUT"), 405, "MethodNotAllowed"},
        {twice("apns-topic", "com.example.app"), 400, "DuplicateHeaders"},
        {twice("apns-id", "6f1b2c3d-1111-4222-8333-0123456789ab"), 400, "DuplicateHeaders"},
        {drop("authorization"), 403, "MissingProviderToken"},
        {token("basic abc"), 403, "InvalidProviderToken"},
        {token("bearer a.b.c"), 403, "InvalidProviderToken"},
        {token(key.authorization(now, "short")), 403, "InvalidProviderToken"},
        {token(key.authorization(now, "ABC123DEFX")), 403, "InvalidProviderToken"},
        {token(key.authorization(now, "ABC123DEFG", "DEF123GHIX")), 403, "InvalidProviderToken"},
        {token(key.authorization(now, "ABC123DEFG", "DEF123GHIJ", "HS256")), 403,
         "InvalidProviderToken"},
        {token(ProviderKey().authorization()), 403, "InvalidProviderToken"},
        {token(key.authorization(now + 3600)), 403, "InvalidProviderToken"},
        {token(key.authorization(now - 3700)), 403, "ExpiredProviderToken"},
        {set(":path", "/3/device/"), 400, "MissingDeviceToken"},
        {set(":path", "/3/device/abcd"), 400, "BadDeviceToken"},
        {set(":path", "/3/device/" + std::string(65, 'a')), 400, "BadDeviceToken"},
        {set(":path", "/3/device/" + std::string(63, 'a') + "g"), 400, "BadDeviceToken"},
        {drop("apns-topic"), 400, "MissingTopic"},
        {set("apns-topic", "com example"), 400, "BadTopic"},
        {set("apns-topic", "com.example.other"), 400, "TopicDisallowed"},
        {set("apns-push-type", "voip"), 400, "TopicDisallowed"},
        {set("apns-id", "6F1B2C3D-1111-4222-8333-0123456789AB"), 400, "BadMessageId"},
        {set("apns-id", "6f1b2c3d111142228333-0123456789ab---"), 400, "BadMessageId"},
        {set("apns-push-type", "banner"), 400, "InvalidPushType"},
        {drop("apns-push-type"), 400, "InvalidPushType"},
        {set("apns-priority", "7"), 400, "BadPriority"},
        {set("apns-push-type", "background"), 400, "BadPriority"},
        {set("apns-expiration", "tomorrow"), 400, "BadExpirationDate"},
        {set("apns-collapse-id", std::string(65, 'c')), 400, "BadCollapseId"},
        {body(""), 400, "PayloadEmpty"},
        {body("{}"), 400, "PayloadEmpty"},
        {body(R"({"aps":)"), 400, "PayloadEmpty"},
        {body(R"({"a":")" + std::string(4090, 'x') + "\"}"), 413, "PayloadTooLarge"},
    };
    for (const auto& [change, status, reason] : rows) {
        INFO(reason);
        auto push = gateway.push();
        change(push);
        Http2Client client(gateway.port());
        check_answer(client.fetch(push), status, reason);
    }
    CHECK(gateway.ledger().empty());
    CHECK(contains(gateway.stats(), R"("BadPriority":2)"));
}

TEST_CASE("what lies just inside the limits is accepted") {
    const RunningGateway gateway;
    Http2Client client(gateway.port());
    auto push = gateway.push(std::string(200, 'F'));
    push.set("apns-collapse-id", std::string(64, '"')).set("apns-expiration", "0");
    push.body = R"({"a":")" + std::string(4088, 'x') + "\"}";
    REQUIRE(push.body.size() == 4096);
    CHECK(client.fetch(push).status == 200);
    push.set("apns-push-type", "background").set("apns-priority", "5");
    CHECK(client.fetch(push).status == 200);
    push.set("apns-push-type", "voip").set("apns-topic", "com.example.app.voip");
    CHECK(client.fetch(push).status == 200);
    CHECK(gateway.ledger().size() == 3);
}

TEST_CASE("a connection is held to one key and to slow changes of its token") {
    const RunningGateway gateway({},
                                 [](MockGatewayOptions& options) { options.apns_key_id.clear(); });
    const auto now = std::time(nullptr);
    Http2Client client(gateway.port());
    const auto with = [&](const std::string& authorization) {
        return gateway.push().set("authorization", authorization);
    };
    CHECK(client.fetch(with(gateway.key.authorization(now - 1500))).status == 200);
    CHECK(client.fetch(with(gateway.key.authorization(now))).status == 200);
    check_answer(client.fetch(with(gateway.key.authorization(now - 1))), 429,
                 "TooManyProviderTokenUpdates");
    check_answer(client.fetch(with(gateway.key.authorization(now, "ABC123DEFH"))), 403,
                 "UnrelatedKeyIdInToken");
}

}  // namespace
}  // namespace dispatcher::test
