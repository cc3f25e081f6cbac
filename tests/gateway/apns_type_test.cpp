#include "gateway/apns/apns_type.h"

#include <nlohmann/json.hpp>

#include "apns_rig.h"
#include "base/error.h"
#include "support/catch.h"

namespace dispatcher::test {
namespace {

using nlohmann::json;

Message message_with(LocaleText text, const std::string& block = {}) {
    Message message;
    message.default_locale = "en";
    message.locales["en"] = std::move(text);
    if (!block.empty()) message.blocks["apns"] = block;
    return message;
}

PayloadDocument payload_of(LocaleText text, const std::string& block = {}) {
    return apns::make_type()->payload_document(message_with(std::move(text), block), "en");
}

LocaleText say_hello() {
    LocaleText text;
    text.title = "Hello {{name}}";
    text.body = "a \"quoted\" word";
    return text;
}

}  // namespace

TEST_CASE("a payload has the texts under aps and the rest beside it", "[unit][gateway]") {
    auto text = say_hello();
    text.link = "https://example.com/{{id}}";
    text.image = "https://example.com/i.png";
    text.data = {{"sku", "{{sku}}"}, {"kind", "sale"}};
    const auto document = payload_of(text);
    CHECK(document.push_type == "alert");
    CHECK(json::parse(document.json) ==
          json::parse(R"({"aps":{"alert":{"title":"Hello {{name}}","body":"a \"quoted\" word"},
                          "mutable-content":1},"link":"https://example.com/{{id}}",
                          "image":"https://example.com/i.png","sku":"{{sku}}","kind":"sale"})"));
}

TEST_CASE("the apns block wins over what the template says", "[unit][gateway]") {
    const auto document =
        payload_of(say_hello(),
                   R"({"aps":{"alert":{"title":"Other","subtitle":"S"},"sound":"default"},"x":1})");
    CHECK(json::parse(document.json) ==
          json::parse(R"({"aps":{"alert":{"title":"Other","subtitle":"S",
                          "body":"a \"quoted\" word"},"sound":"default"},"x":1})"));
}

TEST_CASE("the push type follows the payload unless the block says another", "[unit][gateway]") {
    CHECK(payload_of({}, R"({"aps":{"content-available":1}})").push_type == "background");
    CHECK(payload_of(say_hello(), R"({"aps":{"content-available":1}})").push_type == "alert");
    CHECK(payload_of({}, R"({"aps":{"badge":3}})").push_type == "alert");
    const auto voip = payload_of({}, R"({"push_type":"voip","call":"{{id}}"})");
    CHECK(voip.push_type == "voip");
    CHECK(json::parse(voip.json) == json::parse(R"({"aps":{},"call":"{{id}}"})"));
}

TEST_CASE("a block or message that fits no payload is refused", "[unit][gateway]") {
    CHECK_THROWS_AS(payload_of({}), ConfigError);
    CHECK_THROWS_AS(payload_of(say_hello(), "[1]"), ConfigError);
    CHECK_THROWS_AS(payload_of(say_hello(), R"({"aps":null})"), ConfigError);
    CHECK_THROWS_AS(payload_of(say_hello(), R"({"push_type":"loud"})"), ConfigError);
    auto text = say_hello();
    text.data["aps"] = "x";
    CHECK_THROWS_AS(payload_of(text), ConfigError);
}

TEST_CASE("an APNs device token is an even number of hexadecimal digits", "[unit][gateway]") {
    const auto type = apns::make_type();
    CHECK_FALSE(type->token_problem(std::string(64, 'a')));
    CHECK_FALSE(type->token_problem(std::string(200, 'F')));
    for (const auto& wrong : {std::string(62, 'a'), std::string(202, 'a'), std::string(65, 'a'),
                              std::string(63, 'a') + "g", std::string(64, ' ')})
        CHECK(type->token_problem(wrong).has_value());
    // A token never stands in a message.
    CHECK(type->token_problem("dQw4w9WgXcQ:APA91b")->find("dQw4") == std::string::npos);
}

TEST_CASE("keys that belong together are checked together", "[unit][gateway]") {
    TemporaryDirectory directory;
    const auto type = apns::make_type();
    auto options = apns_options(directory, {});
    CHECK_FALSE(type->problem(options));
    CHECK(type->target(options) == "api.push.apple.com com.example.app production");
    options.keys["environment"] = "sandbox";
    CHECK(type->target(options) == "api.sandbox.push.apple.com com.example.app sandbox");
    options.endpoint = "https://127.0.0.1:4443";
    CHECK(type->target(options) == "127.0.0.1:4443 com.example.app sandbox");
    options.keys["key_id"] = "SHORT";
    CHECK(type->problem(options)->find("key_id") != std::string::npos);
    options.keys["cert_file"] = "x.pem";
    CHECK(type->problem(options)->find("not available in this version") != std::string::npos);
}

TEST_CASE("an endpoint that is none is refused", "[unit][gateway]") {
    TemporaryDirectory directory;
    const auto type = apns::make_type();
    for (const char* wrong : {"api.push.apple.com", "ftp://x", "https://", "https://x:0",
                              "https://x:99999", "https://x/path", "https://[::1", "https://a b"}) {
        INFO(wrong);
        CHECK_THROWS_AS(type->target(apns_options(directory, wrong)), ConfigError);
    }
    CHECK(type->target(apns_options(directory, "http://[::1]:80/")) ==
          "[::1] com.example.app production");
}

TEST_CASE("the server receives exactly the request that the preview shows", "[gateway]") {
    ApnsRig rig([](Peer& peer, const SeenRequest& request) { peer.reply(request.stream, 200); });
    const auto type = apns::make_type();
    const std::string token(64, 'b');
    Notification notification;
    notification.token = token;
    notification.payload = R"({"aps":{"alert":{"title":"Grüße"}}})";
    notification.id = "01234567-89ab-8def-8123-456789abcdef";
    notification.collapse_id = "c0llapse";
    notification.push_type = "alert";
    notification.expires_at = WallTime(std::chrono::milliseconds(1'900'000'000'999));
    const auto preview =
        type->preview(apns_options(rig.directory, rig.server->endpoint()), notification);
    CHECK(preview.method == "POST");
    CHECK(preview.url == rig.server->endpoint() + "/3/device/" + token);
    CHECK(preview.body == notification.payload);

    // The second and third are written with what the connection remembers of the first.
    for (std::size_t i = 1; i <= 3; ++i) {
        REQUIRE(rig.await([&] { return rig.gateway->capacity() > 0; }));
        rig.gateway->submit(i, notification);
        REQUIRE(rig.await_answers(i));
    }
    for (const auto& seen : rig.server->seen()) {
        CHECK(seen.body == preview.body);
        CHECK(seen.headers.at(":path") == "/3/device/" + token);
        CHECK(seen.headers.at("authorization").starts_with("bearer ey"));
        CHECK(seen.headers.size() == preview.headers.size() + 4);
        for (const auto& [name, value] : preview.headers) {
            if (name != "authorization") {
                INFO(name);
                CHECK(seen.headers.at(name) == value);
            }
        }
    }
    const auto headers = rig.server->seen().front().headers;
    CHECK(headers.at("apns-topic") == "com.example.app");
    CHECK(headers.at("apns-push-type") == "alert");
    CHECK(headers.at("apns-priority") == "10");
    CHECK(headers.at("apns-expiration") == "1900000000");
    CHECK(headers.at("apns-id") == notification.id);
    CHECK(headers.at("apns-collapse-id") == "c0llapse");
    CHECK(headers.at("content-length") == std::to_string(notification.payload.size()));
    CHECK(headers.at("content-type") == "application/json");
}

TEST_CASE("a background notification never has the high priority", "[unit][gateway]") {
    TemporaryDirectory directory;
    Notification notification;
    notification.priority = Priority::high;
    notification.push_type = "background";
    const auto preview =
        apns::make_type()->preview(apns_options(directory, "https://x"), notification);
    const std::map<std::string, std::string> headers(preview.headers.begin(),
                                                     preview.headers.end());
    CHECK(headers.at("apns-priority") == "5");
    CHECK(headers.at("authorization") == "bearer (redacted)");
}

}  // namespace dispatcher::test
