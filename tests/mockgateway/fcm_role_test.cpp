#include "mockgateway/fcm/fcm_role.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "mockgateway/fcm/service_account_file.h"
#include "mockgateway/http1_client.h"
#include "mockgateway/running_gateway.h"
#include "support/catch.h"

namespace dispatcher::test {
namespace {

using nlohmann::json;

std::string base64url(const std::string& text) {
    return to_base64url({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

/// An assertion without a signature worth the name: enough where the mock has no account's key.
std::string assertion(const json& difference = json::object()) {
    const auto now = std::time(nullptr);
    json head{{"alg", "RS256"}, {"typ", "JWT"}};
    json claims{{"iss", "a@b"},
                {"scope", "https://www.googleapis.com/auth/firebase.messaging"},
                {"aud", "http://127.0.0.1/token"},
                {"iat", now},
                {"exp", now + 3600}};
    claims.merge_patch(difference);
    if (claims.contains("alg")) head["alg"] = claims["alg"];
    return base64url(head.dump()) + "." + base64url(claims.dump()) + "." + base64url("signature");
}

std::string form(const std::string& assertion) {
    return "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" +
           assertion;
}

/// Asks for a token over HTTP/1.1, as Google's clients do, and answers the whole response.
std::string ask(const RunningGateway& gateway, const std::string& body) {
    Http1Client client(gateway.port());
    client.say(
        "POST /token HTTP/1.1\r\nHost: x\r\n"
        "content-type: application/x-www-form-urlencoded\r\ncontent-length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
    return client.hear();
}

json body_of(const std::string& response) {
    return json::parse(response.substr(response.find("\r\n\r\n")));
}

const std::string kToken = "cT9:APA91b" + std::string(130, 'x');

json message() {
    return json::parse(R"({"message":{"token":")" + kToken + R"(",
        "notification":{"title":"Hello"},
        "data":{"notification_id":"6f1b2c3d-1111-4222-8333-0123456789ab"},
        "android":{"ttl":"3600s","priority":"HIGH","notification":{"tag":"spring"}},
        "apns":{"headers":{"apns-collapse-id":"spring","apns-expiration":"1900000000"}},
        "webpush":{"headers":{"TTL":"3600","Urgency":"high","Topic":"spring"}}}})");
}

/// A mock gateway, and an access token that it gave.
struct Scene {
    explicit Scene(const std::string& faults = {}) : gateway(faults) {}

    RunningGateway gateway;
    Http2Client client{gateway.port()};
    std::string authorization =
        "Bearer " + body_of(ask(gateway, form(assertion())))["access_token"].get<std::string>();

    [[nodiscard]] Http2Request push(const std::string& body) const {
        return {{{":method", "POST"},
                 {":scheme", "http"},
                 {":authority", "127.0.0.1"},
                 {":path", "/v1/projects/shop/messages:send"},
                 {"authorization", authorization},
                 {"content-type", "application/json"}},
                body};
    }
    Http2Answer send(const json& difference) {
        auto body = message();
        body.merge_patch(difference);
        return client.fetch(push(body.dump()));
    }
};

json changed(const std::string& path, const json& value) {
    json difference;
    difference[json::json_pointer(path)] = value;
    return difference;
}

}  // namespace

TEST_CASE("a good message is answered with its name and stands in the ledger") {
    Scene scene;
    const auto answer = scene.send(json::object());
    CHECK(answer.status == 200);
    CHECK(
        json::parse(answer.body)["name"].get<std::string>().starts_with("projects/shop/messages/"));
    const auto ledger = scene.gateway.ledger();
    REQUIRE(ledger.size() == 1);
    const auto line = json::parse(ledger[0]);
    CHECK(line["token"] == kToken);
    CHECK(line["notification_id"] == "6f1b2c3d-1111-4222-8333-0123456789ab");
    CHECK(line["collapse_id"] == "spring");
    CHECK(line["topic"] == "shop");
    CHECK(line["push_type"] == "notification");
}

TEST_CASE("a message that is only to be checked is not in the ledger") {
    Scene scene;
    CHECK(scene.send({{"validate_only", true}}).status == 200);
    CHECK(scene.send({{"validate_only", "yes"}}).status == 400);
    CHECK(scene.gateway.ledger().empty());
}

TEST_CASE("messages are checked as strictly as FCM does, and the field is named") {
    struct Row {
        std::string path;
        json value;
        std::string field;
    };
    const std::vector<Row> rows{
        {"/extra", 1, ""},
        {"/message/extra", 1, "message"},
        {"/message/token", nullptr, ""},
        {"/message/token", "short", "message.token"},
        {"/message/token", kToken + " ", "message.token"},
        {"/message/topic", "news", ""},
        {"/message/data/n", 7, "message.data.n"},
        {"/message/data/from", "x", "message.data"},
        {"/message/data/google.x", "x", "message.data"},
        {"/message/data", "x", "message.data"},
        {"/message/data/big", std::string(4096, 'x'), ""},
        {"/message/notification/tag", "x", "message.notification"},
        {"/message/notification/title", 7, "message.notification.title"},
        {"/message/android/ttl", "3600", "message.android.ttl"},
        {"/message/android/ttl", "-1s", "message.android.ttl"},
        {"/message/android/ttl", "2419201s", "message.android.ttl"},
        {"/message/android/priority", "urgent", "message.android.priority"},
        {"/message/android/notification/tag", 7, "message.android.notification.tag"},
        {"/message/android/tag", "x", "message.android"},
        {"/message/apns/headers/apns-priority", 10, "message.apns.headers.apns-priority"},
        {"/message/apns/headers/apns-priority", "7", "message.apns.headers"},
        {"/message/apns/headers/apns-expiration", "tomorrow", "message.apns.headers"},
        {"/message/apns/headers/apns-collapse-id", std::string(65, 'c'), "message.apns.headers"},
        {"/message/apns/payload", "x", "message.apns.payload"},
        {"/message/webpush/headers/TTL", "1h", "message.webpush.headers"},
        {"/message/webpush/headers/Topic", std::string(33, 't'), "message.webpush.headers"},
    };
    Scene scene;
    for (const auto& row : rows) {
        INFO(row.path << " = " << row.value.dump().substr(0, 60));
        const auto answer = scene.send(changed(row.path, row.value));
        CHECK(answer.status == 400);
        const auto error = json::parse(answer.body)["error"];
        CHECK(error["status"] == "INVALID_ARGUMENT");
        std::string field;
        for (const auto& detail : error.value("details", json::array()))
            if (detail.contains("fieldViolations")) field = detail["fieldViolations"][0]["field"];
        CHECK(field == row.field);
    }
    CHECK(scene.client.fetch(scene.push("{")).status == 400);
    CHECK(scene.client.fetch(scene.push("[]")).status == 400);
    CHECK(scene.client.fetch(scene.push("{}")).status == 400);
    CHECK(scene.gateway.ledger().empty());
}

TEST_CASE("path, authorization and content type are checked") {
    Scene scene;
    const auto body = message().dump();
    struct Row {
        std::string header;
        std::string value;
        int status;
        std::string word;
    };
    const std::vector<Row> rows{
        {":path", "/v1/projects/shop/messages", 404, "NOT_FOUND"},
        {":path", "/v1/projects//messages:send", 404, "NOT_FOUND"},
        {":method", "PUT", 404, "NOT_FOUND"},
        {"authorization", "Bearer ya29.mock-guessed", 401, "UNAUTHENTICATED"},
        {"authorization", "bearer " + scene.authorization.substr(7), 401, "UNAUTHENTICATED"},
        {"content-type", "text/plain", 400, "INVALID_ARGUMENT"},
    };
    for (const auto& row : rows) {
        INFO(row.header << ": " << row.value);
        const auto answer = scene.client.fetch(scene.push(body).set(row.header, row.value));
        CHECK(answer.status == row.status);
        CHECK(json::parse(answer.body)["error"]["status"] == row.word);
    }
    CHECK(scene.client.fetch(scene.push(body).remove("authorization")).status == 401);
}

TEST_CASE("each claim of an assertion is checked") {
    const RunningGateway gateway;
    const auto now = std::time(nullptr);
    const std::vector<json> rows{
        {{"alg", "HS256"}},
        {{"iss", "nobody"}},
        {{"scope", "https://www.googleapis.com/auth/cloud-platform"}},
        {{"aud", "https://example.com/"}},
        {{"iat", nullptr}},
        {{"exp", "soon"}},
        {{"iat", now + 3600}, {"exp", now + 7200}},
        {{"iat", now - 7200}, {"exp", now - 3600}},
        {{"exp", now + 3700}},
        {{"exp", now - 1}},
    };
    for (const auto& row : rows) {
        INFO(row.dump());
        const auto response = ask(gateway, form(assertion(row)));
        CHECK(response.starts_with("HTTP/1.1 400"));
        CHECK(body_of(response)["error"] == "invalid_grant");
    }
    for (const auto* bad : {"", "a", "a.b", "a.b.c", "e30.e30.e30"})
        CHECK(ask(gateway, form(bad)).starts_with("HTTP/1.1 400"));
    CHECK(body_of(ask(gateway, "grant_type=password"))["error"] == "unsupported_grant_type");
    const auto good = body_of(ask(gateway, form(assertion())));
    CHECK(good["token_type"] == "Bearer");
    CHECK(good["expires_in"] == 3599);
}

TEST_CASE("with an account's file, key, address and project must be that account's") {
    const TemporaryFolder folder;
    const auto file = folder.path() + "/made/account.json";
    const RunningGateway gateway({}, [&](MockGatewayOptions& options) {
        options.fcm_service_account_file = file;  // made on the first use
    });
    const auto account = json::parse(std::ifstream(file));
    CHECK(account["token_uri"] == "http://127.0.0.1:" + std::to_string(gateway.port()) + "/token");
    const json right{{"iss", account["client_email"]}, {"aud", account["token_uri"]}};
    CHECK(body_of(ask(gateway, form(assertion())))["error_description"] ==
          "Invalid grant: account not found");
    CHECK(body_of(ask(gateway,
                      form(assertion({{"iss", account["client_email"]}}))))["error_description"] ==
          "Invalid JWT: Failed audience check.");
    CHECK(body_of(ask(gateway, form(assertion(right))))["error_description"] ==
          "Invalid JWT Signature.");
}

TEST_CASE("every fault is worded as FCM words it") {
    struct Row {
        std::string rule;
        int status;
        std::string status_word;
        std::string code;
    };
    const std::vector<Row> rows{
        {"fault: unregistered", 404, "NOT_FOUND", "UNREGISTERED"},
        {"fault: bad_device_token", 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"},
        {"fault: bad_request, reason: SENDER_ID_MISMATCH", 403, "PERMISSION_DENIED",
         "SENDER_ID_MISMATCH"},
        {"fault: bad_request, reason: THIRD_PARTY_AUTH_ERROR", 401, "UNAUTHENTICATED",
         "THIRD_PARTY_AUTH_ERROR"},
        {"fault: too_many_requests", 429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"},
        {"fault: unavailable", 503, "UNAVAILABLE", "UNAVAILABLE"},
        {"fault: server_error", 500, "INTERNAL", "INTERNAL"},
        {"fault: expired_provider_token", 401, "UNAUTHENTICATED", ""},
        {"fault: invalid_provider_token", 403, "PERMISSION_DENIED", ""},
    };
    for (const auto& row : rows) {
        INFO(row.rule);
        Scene scene("rules: [{" + row.rule + "}]");
        const auto answer = scene.send(json::object());
        CHECK(answer.status == row.status);
        const auto error = json::parse(answer.body)["error"];
        CHECK(error["status"] == row.status_word);
        std::string code;
        for (const auto& detail : error.value("details", json::array()))
            if (detail.contains("errorCode")) code = detail["errorCode"];
        CHECK(code == row.code);
    }
}

}  // namespace dispatcher::test
