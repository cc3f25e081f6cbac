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

TEST_CASE("each push type has its topic, its limit and its priority", "[unit][gateway]") {
    struct Row {
        const char* block;
        const char* type;
        const char* topic;
        std::size_t bytes_max;
    };
    const auto [block, push_type, topic, bytes_max] = GENERATE(
        Row{R"({"aps":{"badge":1}})", "alert", "com.example.app", 4096},
        Row{R"({"aps":{"content-available":1}})", "background", "com.example.app", 4096},
        Row{R"({"push_type":"location"})", "location", "com.example.app.location-query", 4096},
        Row{R"({"push_type":"voip"})", "voip", "com.example.app.voip", 5120},
        Row{R"({"push_type":"complication"})", "complication", "com.example.app.complication",
            4096},
        Row{R"({"push_type":"fileprovider"})", "fileprovider",
            "com.example.app.pushkit.fileprovider", 4096},
        Row{R"({"push_type":"mdm","mdm":"{{magic}}"})", "mdm", "com.example.app", 4096},
        Row{R"({"push_type":"liveactivity","aps":{"event":"update","timestamp":1,
                "content-state":{}}})",
            "liveactivity", "com.example.app.push-type.liveactivity", 4096},
        Row{R"({"push_type":"pushtotalk"})", "pushtotalk", "com.example.app.voip-ptt", 4096},
        Row{R"({"push_type":"widgets","aps":{"content-changed":true}})", "widgets",
            "com.example.app.push-type.widgets", 4096});
    const auto document = payload_of({}, block);
    CHECK(document.push_type == push_type);
    CHECK(document.bytes_max == bytes_max);
    TemporaryDirectory directory;
    Notification notification;
    notification.push_type = document.push_type;
    notification.own_priority = document.priority;
    const auto preview =
        apns::make_type()->preview(apns_options(directory, "https://x"), notification);
    const std::map<std::string, std::string> headers(preview.headers.begin(),
                                                     preview.headers.end());
    CHECK(headers.at("apns-topic") == topic);
    CHECK(headers.at("apns-push-type") == push_type);
    CHECK(headers.at("apns-priority") == (document.push_type == "background" ? "5" : "10"));
}

TEST_CASE("a topic that has its suffix already gets no second one", "[unit][gateway]") {
    TemporaryDirectory directory;
    auto options = apns_options(directory, "https://x");
    options.keys["topic"] = "com.example.app.voip";
    Notification notification;
    notification.push_type = "voip";
    for (const auto& [name, value] : apns::make_type()->preview(options, notification).headers)
        if (name == "apns-topic") CHECK(value == "com.example.app.voip");
}

TEST_CASE("what does not go with its push type is refused", "[unit][gateway]") {
    const auto block = GENERATE(
        as<std::string>{}, R"({"push_type":"background"})",
        R"({"push_type":"background","aps":{"content-available":1,"sound":"x"}})",
        R"({"push_type":"background","aps":{"content-available":1},"priority":10})",
        R"({"aps":{"content-available":1},"priority":10})",
        R"({"push_type":"liveactivity","aps":{"event":"update"}})",
        R"({"push_type":"liveactivity","aps":{"event":"now","timestamp":1,"content-state":{}}})",
        R"({"push_type":"mdm"})", R"({"push_type":"widgets"})",
        R"({"push_type":"location","aps":{"alert":"x"}})",
        R"({"push_type":"fileprovider","aps":{"alert":"x"}})", R"({"push_type":"alert"})",
        R"({"aps":{"badge":1},"priority":7})");
    INFO(block);
    CHECK_THROWS_AS(payload_of({}, block), ConfigError);
    CHECK_THROWS_AS(payload_of(say_hello(), R"({"push_type":"location"})"), ConfigError);
    const auto low = payload_of(say_hello(), R"({"priority":1})");
    CHECK(low.priority == "1");
    CHECK_FALSE(json::parse(low.json).contains("priority"));
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
    CHECK(type->problem(options)->key == "key_id");
    options.keys["cert_file"] = "x.pem";
    CHECK(type->problem(options)->text.find("exclude each other") != std::string::npos);
    for (const char* name : {"key_file", "key_id", "team_id"})
        options.keys.erase(name);
    CHECK(type->problem(options)->text.find("cert_key_file is missing") != std::string::npos);
    options.keys["cert_key_file"] = "k.pem";
    CHECK_FALSE(type->problem(options));
    options.keys.erase("cert_file");
    options.keys.erase("cert_key_file");
    CHECK(type->problem(options)->text.find("who sends is missing") != std::string::npos);
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
