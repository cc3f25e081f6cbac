#include "gateway/apns/apns_reply.h"

#include <openssl/evp.h>

#include "apns_rig.h"
#include "gateway/apns/apns_service.h"
#include "gateway/http2/retry_after.h"
#include "support/catch.h"

namespace dispatcher::test {
namespace {

http2::Reply reply_of(unsigned status, const std::string& body,
                      const std::string& retry_after = {}) {
    http2::Reply reply;
    reply.status = status;
    reply.has_headers = reply.is_complete = true;
    reply.body = body;
    reply.body_bytes = body.size();
    reply.retry_after = retry_after;
    return reply;
}

std::string reason(const std::string& text) {
    return R"({"reason":")" + text + "\"}";
}

/// An ApnsService that has issued its first provider token.
struct Bench {
    TemporaryDirectory directory;
    SteppedClock clock;
    http2::Endpoint endpoint = http2::Endpoint::parse("https://api.push.apple.com", "test");
    std::unique_ptr<apns::ApnsService> service;
    http2::HeaderMemory memory;

    Bench() {
        const auto options = apns_options(directory, {});
        auto token = std::make_unique<apns::ProviderToken>(options.keys.at("key_file"),
                                                           "ABC123DEFG", "DEF123GHIJ", clock);
        service = std::make_unique<apns::ApnsService>(endpoint, "com.example.app", std::move(token),
                                                      clock);
        compose();
    }

    /// The memo of a request that is composed now.
    std::uint32_t compose() {
        http2::Request request;
        http2::Fields fields;
        std::uint32_t memo = 0;
        service->compose(Notification{}, clock.now(), memory, request, fields, memo);
        return memo;
    }

    http2::Verdict judge(const http2::Reply& reply, std::uint32_t memo = 1) {
        return service->judge(reply, memo, clock.now());
    }
};

}  // namespace

TEST_CASE("the time since when a token is dead is read from 410, and from nothing else",
          "[unit][gateway]") {
    Bench bench;
    const auto since = [&](unsigned status, const std::string& name, const std::string& timestamp) {
        const auto body = R"({"reason":")" + name + R"(","timestamp":)" + timestamp + "}";
        const auto time = bench.judge(reply_of(status, body)).outcome.dead_since;
        return time ? time->time_since_epoch().count() : -1;
    };
    CHECK(since(410, "Unregistered", "1803891603123") == 1'803'891'603'123);
    CHECK(since(410, "ExpiredToken", "1803891603123") == 1'803'891'603'123);
    CHECK(since(400, "BadDeviceToken", "1803891603123") == -1);
    for (const auto* const odd :
         {"0", "-5", "1.5", "\"1803891603123\"", "null", "[]", "18446744073709551615"})
        CHECK(since(410, "Unregistered", odd) == -1);
    const auto plain = bench.judge(reply_of(410, "")).outcome;
    CHECK(plain.reason == Reason::unregistered);
    CHECK_FALSE(plain.dead_since.has_value());
}

TEST_CASE("every answer of APNs has its class, and what is not known is in doubt",
          "[unit][gateway]") {
    struct Row {
        unsigned status;
        std::string body;
        std::string expected;
        bool is_suspicious = false;
    };
    const std::vector<Row> rows = {
        {200, "", "accepted"},
        {201, "", "unknown bad_answer"},
        {301, "", "unknown bad_answer"},
        {400, reason("BadDeviceToken"), "rejected bad_device_token", true},
        {400, reason("SomethingNew"), "rejected bad_request", true},
        {400, "", "rejected bad_request", true},
        {400, "<html>Bad Request</html>", "unknown bad_answer"},
        {400, reason("IdleTimeout"), "not_sent misdirected"},
        {400, reason("DeviceTokenNotForTopic"), "campaign_fault campaign_fault"},
        {400, reason("BadTopic"), "campaign_fault campaign_fault"},
        {400, reason("MissingTopic"), "campaign_fault campaign_fault"},
        {400, reason("TopicDisallowed"), "campaign_fault campaign_fault"},
        {400, reason("BadCollapseId"), "campaign_fault campaign_fault"},
        {400, reason("BadExpirationDate"), "campaign_fault campaign_fault"},
        {400, reason("BadMessageId"), "campaign_fault campaign_fault"},
        {400, reason("BadPriority"), "campaign_fault campaign_fault"},
        {400, reason("InvalidPushType"), "campaign_fault campaign_fault"},
        {400, reason("DuplicateHeaders"), "campaign_fault campaign_fault"},
        {400, reason("MissingDeviceToken"), "campaign_fault campaign_fault"},
        {400, reason("PayloadEmpty"), "campaign_fault campaign_fault"},
        {403, reason("InvalidProviderToken"), "campaign_fault campaign_fault"},
        {403, reason("MissingProviderToken"), "campaign_fault campaign_fault"},
        {403, reason("UnrelatedKeyIdInToken"), "campaign_fault campaign_fault"},
        {403, reason("BadEnvironmentKeyIdInToken"), "campaign_fault campaign_fault"},
        {403, reason("BadCertificate"), "campaign_fault campaign_fault"},
        {403, reason("BadCertificateEnvironment"), "campaign_fault campaign_fault"},
        {403, reason("Forbidden"), "campaign_fault campaign_fault"},
        {403, reason("NeverHeardOf"), "unknown bad_answer"},
        {403, "<html>proxy</html>", "unknown bad_answer"},
        {401, "", "campaign_fault campaign_fault"},
        {401, "<html>proxy</html>", "unknown bad_answer"},
        {404, reason("BadPath"), "campaign_fault campaign_fault"},
        {405, reason("MethodNotAllowed"), "campaign_fault campaign_fault"},
        {410, reason("Unregistered"), "rejected unregistered"},
        {410, reason("ExpiredToken"), "rejected expired_token"},
        {410, "", "rejected unregistered"},
        {410, reason("NeverHeardOf"), "unknown bad_answer"},
        {413, reason("PayloadTooLarge"), "rejected payload_too_large"},
        {421, "", "not_sent misdirected"},
        {425, "", "not_sent misdirected"},
        {429, reason("TooManyRequests"), "refused too_many_requests"},
        {429, "", "refused too_many_requests"},
        {429, reason("TooManyProviderTokenUpdates"), "refused too_many_requests"},
        {500, reason("InternalServerError"), "unknown server_error"},
        {502, "<html>Bad Gateway</html>", "unknown server_error"},
        {503, reason("ServiceUnavailable"), "refused service_unavailable"},
        {503, reason("Shutdown"), "refused service_unavailable"},
        {503, "", "unknown server_error"},
        {503, "<html>", "unknown server_error"},
        {504, "", "unknown server_error"},
        {599, "", "unknown bad_answer"},
        {418, reason("Unregistered"), "unknown bad_answer"},
        {400, R"({"reason":7})", "unknown bad_answer"},
        {400, R"(["reason"])", "unknown bad_answer"},
        {400, R"({"reason":"BadDeviceToken)", "unknown bad_answer"},
    };
    Bench bench;
    for (const auto& row : rows) {
        INFO(row.status << " " << row.body);
        const auto verdict = bench.judge(reply_of(row.status, row.body));
        CHECK(describe(verdict.outcome) == row.expected);
        CHECK(verdict.outcome.suspicious == row.is_suspicious);
        CHECK_FALSE(verdict.detail.empty());
        CHECK(verdict.proves_credentials ==
              (row.status == 200 || row.expected == "rejected unregistered" ||
               row.expected == "rejected expired_token"));
    }
}

TEST_CASE("a campaign fault says what to check", "[unit][gateway]") {
    Bench bench;
    CHECK(bench.service->fault().empty());
    bench.judge(reply_of(403, reason("InvalidProviderToken")));
    CHECK(bench.service->fault() ==
          "403 InvalidProviderToken: check key_file, key_id, team_id and this machine's clock");
    bench.judge(reply_of(400, reason("DeviceTokenNotForTopic")));
    CHECK(bench.service->fault().find("`topic`") != std::string::npos);
}

TEST_CASE("Retry-After is read as seconds or as a date, within a day", "[unit][gateway]") {
    using std::chrono::hours;
    using std::chrono::milliseconds;
    using std::chrono::seconds;
    const WallTime now{seconds(784'111'777 - 90)};  // 90 s before the date of RFC 9110 §5.6.7
    CHECK(http2::read_retry_after("120", now) == milliseconds(120'000));
    CHECK(http2::read_retry_after("0", now) == milliseconds(0));
    CHECK(http2::read_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now) == milliseconds(90'000));
    CHECK(http2::read_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now + hours(1)) ==
          milliseconds(0));
    CHECK(http2::read_retry_after("999999999", now) == hours(24));
    for (const char* junk :
         {"", "-1", "1.5", "soon", "99999999999999999999", "Sun, 31 Feb 1994 08:49:37 GMT",
          "Sun, 06 Xyz 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"})
        CHECK_FALSE(http2::read_retry_after(junk, now).has_value());
    Bench bench;
    const auto verdict = bench.judge(reply_of(429, reason("TooManyRequests"), "7"));
    CHECK(verdict.outcome.retry_after == milliseconds(7000));
}

TEST_CASE("an expired provider token is renewed, but not within 20 minutes", "[unit][gateway]") {
    Bench bench;
    const auto expired = reply_of(403, reason("ExpiredProviderToken"));
    SECTION("a fresh token that is called expired is the operator's matter") {
        CHECK(bench.judge(expired).outcome.kind == Outcome::Kind::campaign_fault);
        CHECK(bench.service->fault().find("clock") != std::string::npos);
    }
    SECTION("an older one is renewed once for all that carried it") {
        bench.clock.advance(std::chrono::minutes(21));
        const auto first = bench.judge(expired, 1);
        CHECK(describe(first.outcome) == "not_sent token_expired");
        CHECK(first.ends_connection);
        CHECK(describe(bench.judge(expired, 1).outcome) == "not_sent token_expired");
        CHECK(bench.compose() == 2);
        CHECK(bench.judge(expired, 2).outcome.kind == Outcome::Kind::campaign_fault);
    }
}

}  // namespace dispatcher::test
