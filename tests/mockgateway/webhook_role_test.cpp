#include <fmt/format.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/hmac.h"
#include "mockgateway/running_gateway.h"
#include "support/catch.h"

namespace dispatcher::test {
namespace {

constexpr const char* kId = "01234567-89ab-8def-8123-456789abcdef";

std::string body_for(const std::string& appid, const std::string& title = "Hello") {
    return fmt::format(R"({{"campaign":"sale","appid":"{}","notification_id":"{}","title":"{}"}})",
                       appid, kId, title);
}

std::string sign(const std::string& body, const std::string& secret, WallTime at) {
    const auto seconds =
        std::to_string(std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count());
    return "t=" + seconds + ",v1=" + to_hex(hmac_sha256(secret, seconds + "." + body));
}

/// What a webhook accepts as it is.
Http2Request hook(const std::string& appid, const std::string& title = "Hello") {
    const auto body = body_for(appid, title);
    return {{{":method", "POST"},
             {":scheme", "http"},
             {":authority", "127.0.0.1"},
             {":path", "/hook"},
             {"content-type", "application/json"},
             {"idempotency-key", "sale:" + appid},
             {"pushonce-notification-id", kId},
             {"pushonce-expires-at", "1900000000"},
             {"pushonce-signature", sign(body, "secret", SystemClock().wall())}},
            body};
}

void check_signatures(MockGatewayOptions& options) {
    options.webhook_secret = "secret";
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a webhook's notification is accepted once, however often it comes") {
    const RunningGateway gateway({}, check_signatures);
    Http2Client client(gateway.port());
    for (int i = 0; i < 3; ++i) {
        const auto answer = client.fetch(hook("d-1"));
        CHECK(answer.status == 202);
        CHECK(answer.headers.contains("idempotent-replayed") == (i > 0));
    }
    CHECK(client.fetch(hook("d-2").set(":path", "/any/other")).status == 202);
    const auto lines = gateway.ledger();
    REQUIRE(lines.size() == 2);
    CHECK(contains(lines[0], R"({"token":"d-1","notification_id":"01234567-)"));
    CHECK(contains(lines[0], R"("topic":"sale")"));
}

TEST_CASE("another body under a key that was accepted is refused") {
    const RunningGateway gateway({}, check_signatures);
    Http2Client client(gateway.port());
    CHECK(client.fetch(hook("d-1")).status == 202);
    const auto answer = client.fetch(hook("d-1", "Bye"));
    CHECK(answer.status == 422);
    CHECK(answer.body == R"({"error":"KeyReused"})");
    CHECK(gateway.ledger().size() == 1);
}

TEST_CASE("a key whose first answer told nothing is answered plainly, and not accepted again") {
    const RunningGateway gateway(R"(rules:
  - {fault: server_error_after, token_prefix: after}
  - {fault: server_error, token_prefix: before, attempts: 1}
)",
                                 check_signatures);
    Http2Client client(gateway.port());
    for (const auto* appid : {"after", "before"}) {
        CHECK(client.fetch(hook(appid)).status == 500);
        CHECK(client.fetch(hook(appid)).status == 202);
        CHECK(client.fetch(hook(appid)).status == 202);
    }
    CHECK(gateway.ledger().size() == 2);
}

TEST_CASE("a webhook's request is checked in every part") {
    const RunningGateway gateway({}, check_signatures);
    Http2Client client(gateway.port());
    const auto status = [&](Http2Request request) { return client.fetch(request).status; };
    CHECK(status(hook("d").set(":method", "PUT")) == 405);
    CHECK(status(hook("d").set("content-type", "text/plain")) == 415);
    CHECK(status(hook("d").remove("idempotency-key")) == 400);
    CHECK(status(hook("d").add("idempotency-key", "sale:d")) == 400);
    CHECK(status(hook("d").set("idempotency-key", "sale:e")) == 400);
    CHECK(status(hook("d").set("pushonce-notification-id", "other")) == 400);
    CHECK(status(hook("d").set("pushonce-expires-at", "soon")) == 400);
    CHECK(status(hook("d").remove("pushonce-signature")) == 401);
    CHECK(status(hook("d").set("pushonce-signature", "t=1,v1=00")) == 401);
    const auto wall = SystemClock().wall();
    CHECK(status(hook("d").set("pushonce-signature", sign(body_for("d"), "other", wall))) == 401);
    CHECK(status(hook("d").set("pushonce-signature", sign(body_for("d"), "secret",
                                                          wall - std::chrono::hours(1)))) == 401);
    CHECK(status(hook("d").set("pushonce-signature", sign(body_for("e"), "secret", wall))) == 401);
    CHECK(gateway.ledger().empty());
    CHECK(contains(gateway.stats(), R"("BadSignature":3)"));
    CHECK(status(hook("d")) == 202);
}

}  // namespace dispatcher::test
