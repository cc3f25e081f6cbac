#include "gateway/fcm/fcm_payload.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "gateway/fcm/fcm_request.h"
#include "gateway/fcm/fcm_type.h"
#include "support/catch.h"

namespace dispatcher::test {
namespace {

using nlohmann::json;

LocaleText hello() {
    LocaleText text;
    text.title = "Hello";
    text.body = "a \"quoted\" word";
    return text;
}

std::string payload_of(LocaleText text, const std::string& block = {}) {
    Message message;
    message.default_locale = "en";
    message.locales["en"] = std::move(text);
    if (!block.empty()) message.blocks["fcm"] = block;
    return fcm::make_payload(message, "en").json;
}

constexpr std::int64_t kNow = 1'900'000'000;
const std::string kToken = "abc:APA91b" + std::string(40, 'x');

Notification notification_with(const std::string& payload) {
    Notification notification;
    notification.token = kToken;
    notification.payload = payload;
    notification.id = "6f1b2c3d-1111-8222-8333-0123456789ab";
    notification.collapse_id = "0123456789012345678901234567890123456789012";
    notification.expires_at = WallTime(std::chrono::seconds(kNow + 3600));
    return notification;
}

/// The body that the payload becomes.
json body_of(const Notification& notification, bool only_checks = false) {
    http2::Request request;
    http2::Fields fields;
    fcm::FcmRequest(http2::Endpoint::parse("https://fcm.googleapis.com", "test"), "p", only_checks)
        .write(notification, "Bearer x", WallTime(std::chrono::seconds(kNow)), request, fields);
    INFO(request.body);
    auto body = json::parse(request.body, nullptr, false);
    REQUIRE(body.is_object());
    return body;
}

json message_of(const std::string& payload) {
    return body_of(notification_with(payload))["message"];
}

}  // namespace

TEST_CASE("a message says what the template says, and how long and how urgently",
          "[unit][gateway]") {
    auto text = hello();
    text.image = "https://example.com/i.png";
    text.link = "https://example.com/";
    text.data = {{"sku", "7"}};
    CHECK(body_of(notification_with(payload_of(text))) == json::parse(R"({"message":{
        "token":")" + kToken + R"(",
        "notification":{"title":"Hello","body":"a \"quoted\" word",
                        "image":"https://example.com/i.png"},
        "data":{"link":"https://example.com/","sku":"7",
                "notification_id":"6f1b2c3d-1111-8222-8333-0123456789ab"},
        "android":{"ttl":"3600s","priority":"HIGH",
                   "notification":{"tag":"0123456789012345678901234567890123456789012"}},
        "apns":{"headers":{"apns-collapse-id":"0123456789012345678901234567890123456789012",
                           "apns-expiration":"1900003600","apns-priority":"10"}},
        "webpush":{"headers":{"TTL":"3600","Urgency":"high",
                              "Topic":"01234567890123456789012345678901"}}}})"));
}

TEST_CASE("the fcm block wins, and what it says is not said again", "[unit][gateway]") {
    const auto message = message_of(payload_of(hello(), R"({
        "notification":{"title":"Other"},
        "android":{"ttl":"5s","priority":"normal","collapse_key":"k",
                   "notification":{"tag":"mine","channel_id":"c"}},
        "apns":{"headers":{"apns-collapse-id":"mine","apns-expiration":"1","apns-priority":"5"},
                "payload":{"aps":{"sound":"default"}}},
        "webpush":{"headers":{"ttl":"1","URGENCY":"low","topic":"t"}},
        "fcm_options":{"analytics_label":"l"}})"));
    CHECK(message["notification"] ==
          json::parse(R"({"title":"Other","body":"a \"quoted\" word"})"));
    CHECK(message["android"] == json::parse(R"({"ttl":"5s","priority":"normal","collapse_key":"k",
                          "notification":{"tag":"mine","channel_id":"c"}})"));
    CHECK(message["apns"]["headers"] ==
          json::parse(R"({"apns-collapse-id":"mine","apns-expiration":"1","apns-priority":"5"})"));
    CHECK(message["webpush"]["headers"] ==
          json::parse(R"({"ttl":"1","URGENCY":"low","topic":"t"})"));
    CHECK(message["fcm_options"]["analytics_label"] == "l");
}

TEST_CASE("a message that shows nothing gets no tag, which would show it", "[unit][gateway]") {
    LocaleText text;
    text.data = {{"sync", "now"}};
    const auto message = message_of(payload_of(text));
    CHECK_FALSE(message.contains("notification"));
    CHECK(message["android"] == json::parse(R"({"ttl":"3600s","priority":"HIGH"})"));
    CHECK_FALSE(message["apns"]["headers"].contains("apns-priority"));
}

TEST_CASE("without a collapse id nothing collapses, and a key of one's own may be any text",
          "[unit][gateway]") {
    auto notification = notification_with({});
    const auto payload = payload_of(hello());
    notification.payload = payload;
    notification.collapse_id = {};
    auto message = body_of(notification)["message"];
    CHECK(message["android"]["notification"] == json::object());
    CHECK_FALSE(message["apns"]["headers"].contains("apns-collapse-id"));
    CHECK_FALSE(message["webpush"]["headers"].contains("Topic"));

    notification.collapse_id = "order \"7\" é";
    message = body_of(notification)["message"];
    CHECK(message["android"]["notification"]["tag"] == "order \"7\" é");
    CHECK(message["apns"]["headers"]["apns-collapse-id"] == "order \"7\" é");
    CHECK_FALSE(message["webpush"]["headers"].contains("Topic"));
}

TEST_CASE("what a row says can neither be nor hide a gap", "[unit][gateway]") {
    LocaleText text;
    text.title = R"({"":11 {"":55 "notification_id":"00000000-0000-0000-0000-000000000000")";
    text.data = {{R"(a{")", R"({"":11})"}, {R"("notification_id)", "x"}};
    const auto message = message_of(payload_of(text));
    CHECK(message["notification"]["title"] == text.title);
    CHECK(message["data"][R"(a{")"] == R"({"":11})");
    CHECK(message["data"]["notification_id"] == "6f1b2c3d-1111-8222-8333-0123456789ab");
}

TEST_CASE("ttl is never negative nor longer than FCM keeps a message", "[unit][gateway]") {
    const auto payload = payload_of(hello());
    auto notification = notification_with(payload);
    notification.expires_at = WallTime(std::chrono::seconds(kNow - 5));
    CHECK(body_of(notification)["message"]["android"]["ttl"] == "0s");
    notification.expires_at = WallTime(std::chrono::seconds(kNow + 9'999'999));
    CHECK(body_of(notification)["message"]["android"]["ttl"] == "2419200s");
    notification.priority = Priority::normal;
    const auto message = body_of(notification)["message"];
    CHECK(message["android"]["priority"] == "NORMAL");
    CHECK(message["apns"]["headers"]["apns-priority"] == "5");
    CHECK(message["webpush"]["headers"]["Urgency"] == "normal");
}

TEST_CASE("a request that is only checked says so", "[unit][gateway]") {
    const auto payload = payload_of(hello());
    CHECK(body_of(notification_with(payload), true)["validate_only"] == true);
    CHECK_FALSE(body_of(notification_with(payload)).contains("validate_only"));
}

TEST_CASE("a block or data that FCM would refuse is refused before", "[unit][gateway]") {
    const auto complaint = [](const std::string& block, LocaleText text = hello()) {
        try {
            payload_of(std::move(text), block);
        } catch (const ConfigError& error) {
            return std::string(error.what());
        }
        return std::string("nothing");
    };
    const auto has = [](const std::string& text, const std::string& part) {
        INFO(text);
        CHECK(text.find(part) != std::string::npos);
    };
    has(complaint("[]"), "must be a map");
    has(complaint(R"({"token":"t"})"), "must not say `token`");
    has(complaint(R"({"topic":"t"})"), "must not say `topic`");
    has(complaint(R"({"andriod":{}})"), "no key `andriod`");
    has(complaint(R"({"data":{"a":1}})"), "data.a must be a text");
    has(complaint(R"({"data":{"from":"x"}})"), "must not have a key \"from\"");
    has(complaint(R"({"data":{"google.x":"x"}})"), "google.x");
    has(complaint(R"({"data":{"notification_id":"x"}})"), "it is ours");
    has(complaint(R"({"data":[]})"), "`data` a map");
    has(complaint(R"({"android":7})"), "`android` a map");
    has(complaint(R"({"apns":{"headers":7}})"), "`headers` a map");
    has(complaint(R"({"apns":{"payload":{"":7}}})"), "must not be empty");
    LocaleText reserved;
    reserved.data = {{"gcm", "x"}};
    has(complaint("{}", reserved), "\"gcm\"");
    has(complaint("{}", LocaleText{}), "the message is empty");
    CHECK(complaint("{}") == "nothing");
}

TEST_CASE("the token's form is checked before anything is sent", "[unit][gateway]") {
    const auto type = fcm::make_type();
    CHECK_FALSE(type->token_problem("cT9:APA91b" + std::string(130, 'x')));
    CHECK(type->token_problem(std::string(64, 'a'))->find("APNs") != std::string::npos);
    CHECK(type->token_problem("short"));
    CHECK(type->token_problem(std::string(64, 'x') + " y"));
    CHECK(type->token_problem(std::string(5000, 'x')));
    CHECK(type->needs_token());
    CHECK(type->payload_bytes_max() == 4096);
    CHECK(type->default_rate_per_second() == 10'000);
}

}  // namespace dispatcher::test
