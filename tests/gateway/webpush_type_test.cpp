#include "gateway/webpush/webpush_type.h"

#include <arpa/inet.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include "apns_rig.h"
#include "base/encoding.h"
#include "base/error.h"
#include "gateway/webpush/public_address.h"
#include "gateway/webpush/push_service.h"
#include "gateway/webpush/webpush_payload.h"
#include "gateway/webpush/webpush_reply.h"
#include "support/catch.h"
#include "webpush_rig.h"

namespace dispatcher::test {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;

const std::string kP256dh(kSubscriberKey);
const std::string kAuth(kSubscriberAuth);
const std::string kToken = "https://push.example.net/push/abc?d=1 " + kP256dh + " " + kAuth;

PayloadDocument payload_of(const LocaleText& text, const std::string& block = {}) {
    Message message;
    message.default_locale = "en";
    message.locales["en"] = text;
    if (!block.empty()) message.blocks["webpush"] = block;
    return webpush::make_type()->payload_document(message, "en");
}

LocaleText say_hello() {
    LocaleText text;
    text.title = "Hello {{name}}";
    text.body = "a \"quoted\" word";
    return text;
}

Notification notification_of(const PayloadDocument& document, const std::string& id) {
    Notification notification;
    notification.token = kToken;
    notification.payload = document.json;
    notification.id = id;
    return notification;
}

json filled(const Notification& notification) {
    std::string out = "left from before";
    webpush::fill_payload(notification, out);
    return json::parse(out);
}

std::string problem_of(std::string_view token) {
    return webpush::make_type()->token_problem(token).value_or("");
}

bool says(const std::string& text, std::string_view words) {
    return text.find(words) != std::string::npos;
}

bool is_public(const char* text) {
    sockaddr_storage storage{};
    auto* four = reinterpret_cast<sockaddr_in*>(&storage);
    auto* six = reinterpret_cast<sockaddr_in6*>(&storage);
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        storage.ss_family = AF_INET;
    } else {
        REQUIRE(inet_pton(AF_INET6, text, &six->sin6_addr) == 1);
        storage.ss_family = AF_INET6;
    }
    return webpush::is_public(storage);
}

}  // namespace

TEST_CASE("a subscription is a device token of three columns", "[unit][gateway][webpush]") {
    const auto type = webpush::make_type();
    CHECK(type->token_columns() == std::vector<std::string>{"endpoint", "p256dh", "auth"});
    CHECK(problem_of(kToken).empty());
    CHECK(problem_of("https://push.example.net:8443/x " + kP256dh + " " + kAuth).empty());
    CHECK(problem_of("https://[2001:db8::1]:8443/x " + kP256dh + " " + kAuth).empty());

    webpush::Subscription subscription;
    REQUIRE(webpush::Subscription::parse(kToken, subscription).empty());
    CHECK(subscription.authority == "push.example.net");
    CHECK(subscription.path == "/push/abc?d=1");
    const auto with_port = "https://push.example.net:443/x " + kP256dh + " " + kAuth;
    REQUIRE(webpush::Subscription::parse(with_port, subscription).empty());
    CHECK(subscription.authority == "push.example.net");
}

TEST_CASE("keys may be base64url or base64, padded or not", "[unit][gateway][webpush]") {
    auto standard = kP256dh;
    for (auto& c : standard)
        c = c == '-' ? '+' : c == '_' ? '/' : c;
    CHECK(problem_of("https://push.example.net/x " + standard + "= " + kAuth + "==").empty());
}

TEST_CASE("what is no subscription is told without quoting it", "[unit][gateway][webpush]") {
    const auto keys = " " + kP256dh + " " + kAuth;
    CHECK(says(problem_of("  "), "endpoint is missing"));
    CHECK(says(problem_of("http://push.example.net/secret" + keys), "https://"));
    CHECK(says(problem_of("HTTPS://push.example.net/secret" + keys), "https://"));
    for (const char* endpoint :
         {"https:///secret", "https://user@push.example.net/secret", "https://Push.example.net/s",
          "https://push.example.net:0/secret", "https://push.example.net:65536/secret",
          "https://push.example.net:/secret", "https://[::1/secret", "https://a]b/secret",
          "https://a..b/secret"})
        CHECK(says(problem_of(endpoint + keys), "host is not valid"));
    for (const char* endpoint : {"https://push.example.net", "https://push.example.net/secret#x",
                                 "https://push.example.net/s\xc3\xa9"})
        CHECK(says(problem_of(endpoint + keys), "path"));
    CHECK(says(problem_of("https://push.example.net/" + std::string(2048, 'x') + keys), "2,048"));
    const std::string endpoint = "https://push.example.net/secret ";
    CHECK(says(problem_of(endpoint), "p256dh"));
    CHECK(says(problem_of(endpoint + kP256dh.substr(1) + " " + kAuth), "p256dh is not"));
    CHECK(says(problem_of(endpoint + "A" + kP256dh.substr(1) + " " + kAuth), "p256dh is not"));
    auto bent = kP256dh;
    bent[50] = bent[50] == 'A' ? 'B' : 'A';
    CHECK(says(problem_of(endpoint + bent + " " + kAuth), "no point of the curve"));
    CHECK(says(problem_of(endpoint + kP256dh), "auth, the"));
    CHECK(says(problem_of(endpoint + kP256dh + " " + kAuth + "AA"), "auth is not 16 bytes"));
    CHECK(says(problem_of(endpoint + kP256dh + " " + kAuth + " x"), "behind auth"));
    for (const auto& token : {endpoint + bent + " " + kAuth, endpoint + kP256dh + " secret"})
        CHECK_FALSE(says(problem_of(token), "secret "));
}

TEST_CASE("a payload has the texts, and places for what only the notification knows",
          "[unit][gateway][webpush]") {
    auto text = say_hello();
    text.link = "https://example.com/{{id}}";
    text.image = "https://example.com/i.png";
    text.data = {{"sku", "{{sku}}"}};
    const auto document = payload_of(text, R"({"icon":"/i.png","data":{"kind":"sale"}})");
    const std::string id = "01234567-89ab-8def-8123-456789abcdef";
    auto notification = notification_of(document, id);
    CHECK(filled(notification) == json{{"notification_id", id},
                                       {"tag", id},
                                       {"title", "Hello {{name}}"},
                                       {"body", "a \"quoted\" word"},
                                       {"link", "https://example.com/{{id}}"},
                                       {"image", "https://example.com/i.png"},
                                       {"icon", "/i.png"},
                                       {"data", {{"sku", "{{sku}}"}, {"kind", "sale"}}}});
    CHECK(document.json.size() == filled(notification).dump().size());
}

TEST_CASE("a tag is the notification's, the collapse key's, or the block's",
          "[unit][gateway][webpush]") {
    const std::string id = "01234567-89ab-8def-8123-456789abcdef";
    const NotificationKey key("sale", "d-1");
    const auto document = payload_of(say_hello());
    auto notification = notification_of(document, id);
    notification.collapse_id = key.collapse_id();
    CHECK(filled(notification)["tag"] == id);
    notification.collapse_id = "scores";
    const auto shared = filled(notification)["tag"].get<std::string>();
    CHECK(shared != id);
    notification.id = "11234567-89ab-8def-8123-456789abcdef";
    CHECK(filled(notification)["tag"] == shared);

    const auto own = payload_of(say_hello(), R"({"tag":"mine"})");
    CHECK(filled(notification_of(own, id))["tag"] == "mine");
    CHECK(filled(notification_of(own, id))["notification_id"] == id);
    const auto none = payload_of(say_hello(), R"({"tag":null})");
    CHECK_FALSE(filled(notification_of(none, id)).contains("tag"));
    CHECK_THROWS_AS(payload_of(say_hello(), R"({"notification_id":"x"})"), ConfigError);
    CHECK_THROWS_AS(payload_of(say_hello(), "[1]"), ConfigError);
}

TEST_CASE("a topic has 32 characters of base64url", "[unit][gateway][webpush]") {
    const NotificationKey key("sale", "d-1");
    const auto own = webpush::topic_of(key.collapse_id());
    CHECK(own == key.collapse_id().substr(0, 32));
    const auto given = webpush::topic_of("scores of the day, \xc3\xa9");
    CHECK(given.size() == 32);
    CHECK(given.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "-_") == std::string::npos);
    CHECK(webpush::topic_of("scores of tomorrow") != given);
    CHECK(webpush::topic_of("").empty());
}

TEST_CASE("a preview shows the request with the text that will be encrypted",
          "[unit][gateway][webpush]") {
    TemporaryDirectory directory;
    const auto options = webpush_options(directory, "");
    const auto document = payload_of(say_hello());
    const std::string id = "01234567-89ab-8def-8123-456789abcdef";
    auto notification = notification_of(document, id);
    notification.expires_at = SystemClock().wall() + hours(1);
    notification.collapse_id = "scores";
    notification.priority = Priority::normal;
    const auto preview = webpush::make_type()->preview(options, notification);
    CHECK(preview.method == "POST");
    CHECK(preview.url == "https://push.example.net/push/abc?d=1");
    std::map<std::string, std::string> headers(preview.headers.begin(), preview.headers.end());
    CHECK(headers.at("urgency") == "normal");
    CHECK(headers.at("topic").size() == 32);
    CHECK((headers.at("ttl") == "3599" || headers.at("ttl") == "3600"));
    CHECK(headers.at("content-encoding") == "aes128gcm");
    CHECK(headers.at("content-length") == std::to_string(preview.body.size() + 103));
    CHECK(headers.at("authorization").starts_with("vapid t=(redacted), k=B"));
    CHECK(json::parse(preview.body)["title"] == "Hello {{name}}");
}

TEST_CASE("who we are is asked for as push services want it", "[unit][gateway][webpush]") {
    const auto type = webpush::make_type();
    GatewayOptions options;
    for (const char* subject : {"mailto:ops@example.com", "https://example.com/contact"}) {
        options.keys["subject"] = subject;
        CHECK_FALSE(type->problem(options).has_value());
    }
    for (const char* subject : {"", "ops@example.com", "mailto:ops", "http://example.com",
                                "https://localhost/", "mailto:root@localhost"}) {
        options.keys["subject"] = subject;
        CHECK(type->problem(options).has_value());
    }
    TemporaryDirectory directory;
    options = webpush_options(directory, "");
    options.keys["vapid_key_file"] = directory.file("none.pem");
    SteppedClock clock;
    CountingRandom random;
    CHECK_THROWS_WITH(
        type->open(options, clock, random),
        "gateways.web.vapid_key_file: " + options.keys["vapid_key_file"] + ": no such file");
}

TEST_CASE("the authorization is made once for an origin, and anew before it expires",
          "[unit][gateway][webpush]") {
    TemporaryDirectory directory;
    const auto options = webpush_options(directory, "");
    const webpush::VapidIdentity identity(options.keys.at("vapid_key_file"),
                                          "mailto:\"o\"@example.com");
    webpush::VapidToken token(identity, "https://push.example.net:8443");
    SteppedClock clock;
    const auto first = std::string(token.authorization(clock.now(), clock.wall()));
    clock.advance(hours(5));
    CHECK(token.authorization(clock.now(), clock.wall()) == first);
    clock.advance(minutes(61));
    const auto second = token.authorization(clock.now(), clock.wall());
    CHECK(second != first);
    const auto text = std::string(second.substr(second.find('.') + 1));
    const auto claims = json::parse(from_base64url(text.substr(0, text.find('.'))).value());
    CHECK(claims["aud"] == "https://push.example.net:8443");
    CHECK(claims["sub"] == "mailto:\"o\"@example.com");
    const auto now = std::chrono::floor<std::chrono::seconds>(clock.wall().time_since_epoch());
    const auto left = claims["exp"].get<std::int64_t>() - now.count();
    CHECK(left > 11 * 3600);
    CHECK(left <= 12 * 3600);
}

TEST_CASE("each answer of a push service means one thing", "[unit][gateway][webpush]") {
    TemporaryDirectory directory;
    SteppedClock clock;
    CountingRandom random;
    const auto options = webpush_options(directory, "");
    webpush::Sealing sealing(options.keys.at("vapid_key_file"), options.keys.at("subject"), clock,
                             random);
    webpush::PushService service("push.example.net", sealing);
    const auto judge = [&](unsigned status) {
        http2::Reply reply;
        reply.status = status;
        reply.retry_after = "7";
        return service.judge(reply, 0, clock.now());
    };
    const std::map<unsigned, std::string> meanings = {
        {200, "unknown bad_answer"},
        {201, "accepted"},
        {202, "accepted"},
        {204, "unknown bad_answer"},
        {301, "unknown bad_answer"},
        {307, "unknown bad_answer"},
        {400, "rejected bad_request"},
        {401, "rejected bad_device_token"},
        {403, "rejected bad_device_token"},
        {404, "rejected unregistered"},
        {405, "rejected bad_request"},
        {409, "unknown bad_answer"},
        {410, "rejected unregistered"},
        {413, "rejected payload_too_large"},
        {418, "unknown bad_answer"},
        {421, "not_sent misdirected"},
        {425, "not_sent misdirected"},
        {429, "refused too_many_requests"},
        {500, "unknown server_error"},
        {501, "unknown bad_answer"},
        {502, "unknown server_error"},
        {503, "unknown server_error"},
        {504, "unknown server_error"},
    };
    for (const auto& [status, meaning] : meanings) {
        INFO(status);
        const auto verdict = judge(status);
        CHECK(describe(verdict.outcome) == meaning);
        CHECK_FALSE(verdict.detail.empty());
        const bool may_be_ours = status == 400 || status == 401 || status == 403 || status == 405;
        CHECK(verdict.outcome.suspicious == may_be_ours);
    }
    CHECK(judge(429).outcome.retry_after == std::chrono::seconds(7));
    judge(403);
    CHECK(says(sealing.fault, "vapid_key_file"));
    CHECK(says(sealing.fault, "push.example.net"));
}

TEST_CASE("only addresses of the public Internet are public", "[unit][gateway][webpush]") {
    for (const char* address :
         {"8.8.8.8", "142.250.1.1", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1",
          "192.167.255.255", "198.17.255.255", "198.20.0.1", "223.255.255.255", "2001:4860::8888",
          "2a00:1450:4001::1", "2606:4700::1", "64:ff9b::8.8.8.8"}) {
        INFO(address);
        CHECK(is_public(address));
    }
    for (const char* address : {"0.0.0.0",
                                "0.1.2.3",
                                "10.0.0.1",
                                "10.255.255.255",
                                "100.64.0.1",
                                "100.127.255.255",
                                "127.0.0.1",
                                "127.255.255.255",
                                "169.254.169.254",
                                "172.16.0.1",
                                "172.31.255.255",
                                "192.0.0.1",
                                "192.0.2.1",
                                "192.88.99.1",
                                "192.168.1.1",
                                "198.18.0.1",
                                "198.19.255.255",
                                "198.51.100.7",
                                "203.0.113.7",
                                "224.0.0.1",
                                "239.255.255.255",
                                "240.0.0.1",
                                "255.255.255.255",
                                "::",
                                "::1",
                                "::127.0.0.1",
                                "::8.8.8.8",
                                "::ffff:10.0.0.1",
                                "::ffff:127.0.0.1",
                                "::ffff:8.8.8.8",
                                "64:ff9b::10.0.0.1",
                                "64:ff9b::127.0.0.1",
                                "64:ff9b:1::8.8.8.8",
                                "100::1",
                                "2001::1",
                                "2001:db8::1",
                                "2002:7f00:1::",
                                "2002:808:808::",
                                "3fff::1",
                                "fc00::1",
                                "fd12:3456::1",
                                "fe80::1",
                                "fec0::1",
                                "ff02::1",
                                "4000::1"}) {
        INFO(address);
        CHECK_FALSE(is_public(address));
    }
    sockaddr_storage unix_socket{};
    unix_socket.ss_family = AF_UNIX;
    CHECK_FALSE(webpush::is_public(unix_socket));
}

}  // namespace dispatcher::test
