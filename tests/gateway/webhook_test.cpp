#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>

#include <openssl/hmac.h>

#include "base/error.h"
#include "gateway/webhook/webhook_type.h"
#include "support/catch.h"
#include "webhook_rig.h"

// A webhook over the wire, HTTP/1.1 and HTTP/2: what each answer means, and that no request is ever
// sent twice by the gateway itself.

namespace dispatcher::test {
namespace {

using Seen = SeenRequest;

struct Row {
    unsigned status;
    std::string meaning;
};

const std::vector<Row> kRows{
    {200, "accepted"},
    {201, "accepted"},
    {202, "accepted"},
    {204, "accepted"},
    {400, "campaign_fault campaign_fault"},
    {401, "campaign_fault campaign_fault"},
    {403, "campaign_fault campaign_fault"},
    {404, "campaign_fault campaign_fault"},
    {405, "campaign_fault campaign_fault"},
    {409, "refused key_in_progress"},
    {410, "rejected unregistered"},
    {413, "campaign_fault campaign_fault"},
    {418, "unknown bad_answer"},
    {302, "unknown bad_answer"},
    {307, "unknown bad_answer"},
    {421, "not_sent misdirected"},
    {422, "campaign_fault campaign_fault"},
    {425, "not_sent misdirected"},
    {429, "refused too_many_requests"},
    {500, "unknown server_error"},
    {502, "unknown server_error"},
    {503, "unknown server_error"},
    {504, "unknown server_error"},
    {599, "unknown bad_answer"},
};

std::string hmac_hex(const std::string& key, const std::string& text) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash, &size);
    std::string hex;
    for (unsigned i = 0; i < size; ++i) {
        constexpr char kHex[] = "0123456789abcdef";
        hex += kHex[hash[i] >> 4];
        hex += kHex[hash[i] & 15];
    }
    return hex;
}

/// A server that speaks TLS, whose certificate the gateway trusts.
struct Secured {
    TemporaryDirectory directory;
    TestCertificate certificate{"IP:127.0.0.1"};
    Secured() { certificate.write_certificate(directory.file("ca.pem")); }
    void trust(GatewayOptions& options) const { options.ca_file = directory.file("ca.pem"); }
};

}  // namespace

TEST_CASE("each status means what the contract says, over HTTP/1.1, and nothing is sent twice",
          "[gateway][webhook]") {
    std::size_t at = 0;
    ScriptedHttp1Server server(nullptr, [&](Http1Peer& peer, const Seen&) {
        peer.reply(kRows[at].status, "{}", "retry-after: 7\r\n");
    });
    WebhookRig rig(server.endpoint());
    for (at = 0; at < kRows.size(); ++at) {
        INFO(kRows[at].status);
        REQUIRE(rig.exchange(1));
        CHECK(rig.answer(at) == kRows[at].meaning);
    }
    CHECK(rig.answers.size() == kRows.size());
    CHECK(server.seen().size() == kRows.size());
    CHECK(server.most_often() == 1);
    CHECK(rig.answers[kRows.size() - 6].outcome.retry_after == std::chrono::seconds(7));
}

TEST_CASE("each status means the same over HTTP/2", "[gateway][webhook]") {
    std::size_t at = 0;
    ScriptedServer::Options plain;
    plain.is_tls = false;
    ScriptedServer server(plain, nullptr, [&](Peer& peer, const Seen& request) {
        peer.reply(request.stream, kRows[at].status, "{}");
    });
    WebhookRig rig(server.endpoint(),
                   [](GatewayOptions& options) { options.keys["protocol"] = "http2"; });
    for (at = 0; at < kRows.size(); ++at) {
        INFO(kRows[at].status);
        REQUIRE(rig.exchange(1));
        CHECK(rig.answer(at) == kRows[at].meaning);
    }
    CHECK(server.seen().size() == kRows.size());
}

TEST_CASE("with TLS the server chooses between HTTP/2 and HTTP/1.1", "[gateway][webhook]") {
    const Secured secured;
    const auto trust = [&](GatewayOptions& options) { secured.trust(options); };
    ScriptedHttp1Server old(&secured.certificate,
                            [](Http1Peer& peer, const Seen&) { peer.reply(202); });
    WebhookRig to_old(old.endpoint(), trust);
    REQUIRE(to_old.exchange(3));
    CHECK(to_old.answer(2) == "accepted");
    CHECK(old.seen().back().headers.at(":version") == "HTTP/1.1");
    CHECK(old.connections() == 1);
    ScriptedServer modern({}, &secured.certificate,
                          [](Peer& peer, const Seen& request) { peer.reply(request.stream, 202); });
    WebhookRig to_modern(modern.endpoint(), trust);
    REQUIRE(to_modern.exchange(3));
    CHECK(to_modern.answer(2) == "accepted");
    ScriptedServer::Options silent;
    silent.chooses_h2 = false;
    ScriptedServer stubborn(silent, &secured.certificate, [](Peer&, const Seen&) {});
    WebhookRig insisting(stubborn.endpoint(), [&](GatewayOptions& options) {
        secured.trust(options);
        options.keys["protocol"] = "http2";
    });
    REQUIRE(insisting.await([&] {
        static_cast<void>(insisting.gateway->capacity());
        return !insisting.gateway->health().trouble.empty();
    }));
    CHECK(insisting.gateway->health().trouble.find("did not choose h2") != std::string::npos);
}

TEST_CASE("a server that closes after reading a request leaves it in doubt and sees it once",
          "[gateway][webhook][proof]") {
    const Secured secured;
    const bool is_tls = GENERATE(false, true);
    ScriptedHttp1Server server(is_tls ? &secured.certificate : nullptr,
                               [](Http1Peer& peer, const Seen& request) {
                                   if (request.headers.at("idempotency-key") == "spring-sale:d-1")
                                       peer.close();
                                   else
                                       peer.reply(202);
                               });
    WebhookRig rig(server.endpoint(), [&](GatewayOptions& options) { secured.trust(options); });
    REQUIRE(rig.exchange(1));
    REQUIRE(rig.exchange(1));
    CHECK(rig.answer(1) == "unknown connection_lost");
    REQUIRE(rig.exchange(1));
    CHECK(rig.answer(2) == "accepted");
    CHECK(server.connections() == 2);
    CHECK(server.most_often() == 1);
}

TEST_CASE("a connection that its server closed is not written to", "[gateway][webhook][proof]") {
    const Secured secured;
    const bool is_tls = GENERATE(false, true);
    std::atomic<bool> is_closed{false};
    ScriptedHttp1Server server(is_tls ? &secured.certificate : nullptr,
                               [&](Http1Peer& peer, const Seen& request) {
                                   peer.reply(202);
                                   if (request.connection > 1) return;
                                   peer.close();
                                   is_closed = true;
                                   is_closed.notify_all();
                               });
    WebhookRig rig(server.endpoint(), [&](GatewayOptions& options) { secured.trust(options); });
    REQUIRE(rig.exchange(1));
    CHECK(rig.answer(0) == "accepted");
    is_closed.wait(false);  // without a turn of the gateway, which would see it
    REQUIRE(rig.exchange(2));
    for (const Ticket ticket : {1, 2})
        CHECK((rig.answer(ticket) == "accepted" || rig.answer(ticket) == "not_sent never_framed"));
    CHECK(server.most_often() == 1);
}

TEST_CASE("an answer that is cut off counts only from its whole status line on",
          "[gateway][webhook][proof]") {
    struct Case {
        const char* bytes;
        const char* meaning;
    };
    const auto [bytes, meaning] = GENERATE(
        Case{"HTTP/1.1 20", "unknown connection_lost"}, Case{"HTTP/1.1 202 Acc\r\n", "accepted"},
        Case{"HTTP/1.1 202 Acc\r\ncontent-length: 9\r\n\r\nhal", "accepted"},
        Case{"HTTP/1.1 410 Gone\r\nx: ", "rejected unregistered"},
        Case{"HTTP/1.1 100 Continue\r\n\r\n", "unknown connection_lost"},
        Case{"<html>no HTTP</html>\r\n", "unknown bad_answer"},
        Case{"HTTP/1.1 202 Acc\r\nno colon\r\n", "accepted"});
    INFO(bytes);
    ScriptedHttp1Server server(nullptr, [&](Http1Peer& peer, const Seen& request) {
        if (request.connection == 2) return peer.reply(202);
        peer.say(bytes);
        peer.close();
    });
    WebhookRig rig(server.endpoint());
    REQUIRE(rig.exchange(2));
    CHECK(rig.answer(0) == meaning);
    CHECK(rig.answer(1) == "accepted");
    CHECK(server.most_often() == 1);
}

TEST_CASE("no connection means not sent", "[gateway][webhook][proof]") {
    const Secured secured;
    std::string nowhere;
    {
        ScriptedHttp1Server gone(nullptr, [](Http1Peer&, const Seen&) {});
        nowhere = gone.endpoint();
    }
    WebhookRig refused(nowhere);
    REQUIRE(refused.await([&] {
        static_cast<void>(refused.gateway->capacity());
        return !refused.gateway->health().trouble.empty();
    }));
    refused.gateway->submit(0, refused.notification("d-0"));
    REQUIRE(refused.await_answers(1));
    CHECK(refused.answer(0) == "not_sent unreachable");
    // A certificate that is not trusted: the handshake ends before any request.
    ScriptedHttp1Server untrusted(&secured.certificate, [](Http1Peer&, const Seen&) {});
    WebhookRig careful(untrusted.endpoint());
    REQUIRE(careful.await([&] {
        static_cast<void>(careful.gateway->capacity());
        return !careful.gateway->health().trouble.empty();
    }));
    CHECK(careful.gateway->health().trouble.find("not trusted") != std::string::npos);
    CHECK(untrusted.seen().empty());
}

TEST_CASE("an answer after the timeout is read and told once, and others go elsewhere",
          "[gateway][webhook][proof]") {
    std::atomic<bool> may_answer{false};
    std::mutex mutex;
    std::condition_variable changed;
    ScriptedHttp1Server server(nullptr, [&](Http1Peer& peer, const Seen& request) {
        if (request.connection == 1) {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return may_answer.load(); });
        }
        peer.reply(202);
    });
    WebhookRig rig(server.endpoint());
    REQUIRE(rig.send(1));
    REQUIRE(rig.await([&] { return server.seen().size() == 1; }));
    rig.clock.advance(std::chrono::seconds(31));
    REQUIRE(rig.await_answers(1));
    CHECK(rig.answer(0) == "unknown timeout");
    REQUIRE(rig.exchange(1));
    CHECK(rig.answer(1) == "accepted");
    {
        const std::lock_guard lock(mutex);
        may_answer = true;
    }
    changed.notify_all();
    REQUIRE(rig.await_answers(3));
    CHECK(rig.late_answer(0) == "accepted");
    CHECK(server.most_often() == 1);
}

TEST_CASE("many connections carry a request each, and only as many as are needed",
          "[gateway][webhook]") {
    ScriptedHttp1Server server(nullptr, [](Http1Peer& peer, const Seen&) { peer.reply(202); });
    WebhookRig rig(server.endpoint(), [](GatewayOptions& options) { options.connections = 8; });
    REQUIRE(rig.exchange(500));
    for (Ticket ticket = 0; ticket < 500; ++ticket)
        REQUIRE(rig.answer(ticket) == "accepted");
    CHECK(server.connections() <= 8);
    CHECK(server.most_often() == 1);
}

TEST_CASE("an idle connection is given up before its server would, without a complaint",
          "[gateway][webhook]") {
    ScriptedHttp1Server server(nullptr, [](Http1Peer& peer, const Seen&) { peer.reply(202); });
    WebhookRig rig(server.endpoint());
    REQUIRE(rig.exchange(1));
    rig.clock.advance(std::chrono::seconds(5));
    REQUIRE(rig.exchange(1));
    CHECK(rig.answer(1) == "accepted");
    CHECK(server.connections() == 2);
    CHECK(rig.gateway->health().trouble.empty());
}

TEST_CASE("the server receives exactly the request that the preview shows, signed",
          "[gateway][webhook]") {
    ScriptedHttp1Server server(nullptr, [](Http1Peer& peer, const Seen&) { peer.reply(202); });
    WebhookRig rig(server.endpoint());
    const std::string appid = "d 1%\"ü";
    auto notification = rig.notification(appid);
    notification.token = "t0ken";
    const auto preview = webhook::make_type()->preview(rig.options, notification);
    CHECK(preview.url == server.endpoint() + kHookPath);
    CHECK(preview.body ==
          R"({"campaign":"spring-sale","appid":"d 1%\"ü",)"
          R"("notification_id":"01234567-89ab-8def-8123-456789abcdef","token":"t0ken",)"
          R"("title":"Grüße"})");
    REQUIRE(rig.await([&] { return rig.gateway->capacity() > 0; }));
    rig.gateway->submit(0, notification);
    REQUIRE(rig.await_answers(1));
    const auto seen = server.seen().front();
    CHECK(seen.body == preview.body);
    CHECK(seen.headers.at(":path") == kHookPath);
    CHECK("http://" + seen.headers.at("host") == server.endpoint());
    for (const auto& [name, value] : preview.headers) {
        if (name == "pushonce-signature") continue;
        INFO(name);
        CHECK(seen.headers.at(name) == value);
    }
    CHECK(seen.headers.size() == preview.headers.size() + 4);
    CHECK(seen.headers.at("idempotency-key") == "spring-sale:d%201%25\"%C3%BC");
    CHECK(seen.headers.at("pushonce-expires-at") == "1900000000");
    const auto& signature = seen.headers.at("pushonce-signature");
    REQUIRE(signature.starts_with("t="));
    const auto comma = signature.find(',');
    const auto time = signature.substr(2, comma - 2);
    CHECK(signature.substr(comma) ==
          ",v1=" + hmac_hex("a secret of the test", time + "." + seen.body));
}

TEST_CASE("without a secret nothing is signed, and without a promise nothing is repeated",
          "[gateway][webhook]") {
    const auto type = webhook::make_type();
    GatewayOptions options;
    options.keys["url"] = "https://push.example.com/send";
    CHECK_FALSE(type->problem(options));
    CHECK(type->target(options) == "https://push.example.com/send");
    Notification notification;
    notification.payload = "{}";
    for (const auto& [name, value] : type->preview(options, notification).headers)
        CHECK(name != "pushonce-signature");
    SteppedClock clock;
    CountingRandom random;
    CHECK_FALSE(type->open(options, clock, random)->repeatable_for());
    options.keys["honours_idempotency_key"] = "86400000";
    CHECK(type->open(options, clock, random)->repeatable_for() ==
          std::chrono::hours(24) - 2 * options.timeout);
    options.keys["honours_idempotency_key"] = "60000";
    CHECK(type->problem(options)->text.find("twice the timeout") != std::string::npos);
    options.keys["honours_idempotency_key"] = "86400000";
    options.secrets["secret"] = Secret("");
    CHECK(type->problem(options)->key == "secret");
    options.secrets.clear();
    options.endpoint = "http://127.0.0.1:4443";
    CHECK(type->target(options) == "http://127.0.0.1:4443/send");
    CHECK_FALSE(type->needs_token());
}

TEST_CASE(
    "more statuses than 410 may mean a dead device, and are looked at before they are believed",
    "[gateway][webhook]") {
    const std::array<unsigned, 4> statuses{404, 410, 451, 403};
    std::size_t at = 0;
    ScriptedHttp1Server server(
        nullptr, [&](Http1Peer& peer, const Seen&) { peer.reply(statuses.at(at), "{}"); });
    WebhookRig rig(server.endpoint(), [](GatewayOptions& options) {
        options.keys["dead_statuses"] = " 404, 410,451 ";
    });
    for (at = 0; at < statuses.size(); ++at)
        REQUIRE(rig.exchange(1));
    for (Ticket ticket = 0; ticket < 3; ++ticket)
        CHECK(rig.answer(ticket) == "rejected unregistered");
    CHECK(rig.answers[0].outcome.suspicious);
    CHECK_FALSE(rig.answers[1].outcome.suspicious);
    CHECK(rig.answers[2].outcome.suspicious);
    CHECK(rig.answers[3].outcome.kind == Outcome::Kind::campaign_fault);
}

TEST_CASE("a status that says something else cannot mean a dead device",
          "[unit][gateway][webhook]") {
    const auto type = webhook::make_type();
    const auto problem = [&](const std::string& text) {
        GatewayOptions options;
        options.keys["url"] = "https://a";
        options.keys["dead_statuses"] = text;
        const auto found = type->problem(options);
        return found ? found->key + " " + found->text : "";
    };
    for (const char* good : {"", "404", "403, 404", "400,410,499"})
        CHECK(problem(good).empty());
    for (const char* bad :
         {"399", "500", "x", "404,", ",404", "404 403", "4040", "-404", "404.0"}) {
        INFO(bad);
        CHECK(problem(bad).find("dead_statuses '") == 0);
    }
    for (const char* taken : {"401", "408", "404, 409", "421", "422", "425", "429"}) {
        INFO(taken);
        CHECK(problem(taken).find("the contract needs it") != std::string::npos);
    }
}

TEST_CASE("a url that notifications cannot be posted to is refused", "[unit][gateway][webhook]") {
    const auto type = webhook::make_type();
    const auto problem = [&](const std::string& url) {
        GatewayOptions options;
        options.keys["url"] = url;
        return type->problem(options).has_value();
    };
    for (const char* good :
         {"https://a", "http://a:1/", "https://[::1]:8443/x?y=z", "https://a.b-c_d/%20?q"})
        CHECK_FALSE(problem(good));
    for (const char* bad :
         {"", "a", "ftp://a/", "https://", "https:///x", "https://a:0/", "https://a:x/",
          "https://u:p@a/", "https://a/#f", "https://a/ b", "https://a b/", "https://[::1/x",
          "https://a/\r\nx: y", "https://a/%zz", "https://a/%2", "https://a/x%"}) {
        INFO(bad);
        CHECK(problem(bad));
    }
}

TEST_CASE("the body has the texts, the data and the webhook block", "[unit][gateway][webhook]") {
    const auto type = webhook::make_type();
    Message message;
    message.default_locale = "en";
    auto& text = message.locales["en"];
    text.title = "Hello {{name}}";
    text.link = "https://example.com";
    text.data = {{"sku", "{{sku}}"}};
    CHECK(type->payload_document(message, "en").json ==
          R"({"data":{"sku":"{{sku}}"},"link":"https://example.com","title":"Hello {{name}}"})");
    message.blocks["webhook"] = R"({"link":null,"title":"Other","channel":{"id":7}})";
    CHECK(type->payload_document(message, "en").json ==
          R"({"channel":{"id":7},"data":{"sku":"{{sku}}"},"title":"Other"})");
    for (const char* wrong : {"[1]", R"({"campaign":"x"})", R"({"appid":"x"})",
                              R"({"notification_id":"x"})", R"({"token":"x"})"}) {
        message.blocks["webhook"] = wrong;
        CHECK_THROWS_AS(type->payload_document(message, "en"), ConfigError);
    }
}

}  // namespace dispatcher::test
