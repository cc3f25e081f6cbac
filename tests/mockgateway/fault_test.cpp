#include <nghttp2/nghttp2.h>

#include "mockgateway/running_gateway.h"
#include "support/catch.h"

namespace dispatcher::test {
namespace {

std::string device(char first) {
    return first + std::string(63, '0');
}

std::string rule_for(char first, const std::string& rule) {
    return "rules: [{token_prefix: '" + std::string(1, first) + "', " + rule + "}]";
}

/// What is left of one push that met a fault.
struct Met {
    Http2Answer answer;
    std::size_t accepted = 0;
    bool usable = false;  ///< the connection still serves others
    bool ended = false;
    std::vector<std::int32_t> goaways;
    std::uint32_t complaint = 0;
};

/// Sends a push that meets the fault, then one that meets none, on one connection.
Met meet(const std::string& rule) {
    const RunningGateway gateway(rule_for('a', rule));
    Http2Client client(gateway.port());
    const auto stream = client.submit(gateway.push(device('a')));
    client.wait_until([&] { return !client.stream_limits().empty(); });
    Met met;
    const auto other = client.submit(gateway.push(device('0')));
    client.wait_until([&] { return client.answer(other).closed; });
    // A connection that is to end says so before it closes: wait for that.
    met.usable = client.answer(other).status == 200 && client.goaways().empty();
    if (!met.usable) client.wait_until([&] { return client.ended(); });
    met.answer = client.answer(stream);
    met.ended = client.ended();
    met.goaways = client.goaways();
    met.complaint = client.complaint();
    for (const auto& line : gateway.ledger())
        met.accepted += line.substr(10, 64) == device('a') ? 1U : 0U;
    return met;
}

TEST_CASE("faults of one stream leave the connection alone") {
    struct Row {
        std::string rule;
        int status;
        std::uint32_t reset;
        bool closed;
        std::size_t accepted;
        std::string body;
    };
    const std::vector<Row> rows{
        {"fault: refuse", 0, NGHTTP2_REFUSED_STREAM, true, 0, ""},
        {"fault: reset_before", 0, NGHTTP2_INTERNAL_ERROR, true, 0, ""},
        {"fault: reset_after", 0, NGHTTP2_INTERNAL_ERROR, true, 1, ""},
        {"fault: stall_before", 0, 0, false, 0, ""},
        {"fault: stall_after", 0, 0, false, 1, ""},
        {"fault: unregistered", 410, 0, true, 0, R"({"reason":"Unregistered","timestamp":)"},
        {"fault: bad_device_token", 400, 0, true, 0, R"({"reason":"BadDeviceToken"})"},
        {"fault: bad_request, reason: BadTopic", 400, 0, true, 0, R"({"reason":"BadTopic"})"},
        {"fault: too_many_requests", 429, 0, true, 0, R"({"reason":"TooManyRequests"})"},
        {"fault: unavailable", 503, 0, true, 0, R"({"reason":"ServiceUnavailable"})"},
        {"fault: unavailable_after", 503, 0, true, 1, ""},
        {"fault: server_error", 500, 0, true, 0, R"({"reason":"InternalServerError"})"},
        {"fault: server_error_after", 500, 0, true, 1, R"({"reason":"InternalServerError"})"},
        {"fault: expired_provider_token", 403, 0, true, 0, R"({"reason":"ExpiredProviderToken"})"},
        {"fault: invalid_provider_token", 403, 0, true, 0, R"({"reason":"InvalidProviderToken"})"},
        {"fault: bad_body", 400, 0, true, 0, "<html>"},
        {"fault: bad_body_after", 400, 0, true, 1, "<html>"},
    };
    for (const auto& row : rows) {
        INFO(row.rule);
        const auto met = meet(row.rule);
        CHECK(met.usable);
        CHECK(met.answer.status == row.status);
        CHECK(met.answer.closed == row.closed);
        CHECK(met.answer.close_code == row.reset);
        CHECK(met.answer.body.substr(0, row.body.size()) == row.body);
        CHECK(met.answer.body.empty() == row.body.empty());
        CHECK(met.accepted == row.accepted);
    }
}

TEST_CASE("faults of the connection end it, with or without GOAWAY") {
    struct Row {
        std::string rule;
        std::size_t accepted;
        std::vector<std::int32_t> goaways;
        std::uint32_t complaint;
    };
    const std::vector<Row> rows{
        {"fault: goaway_before", 0, {0}, 0},
        {"fault: goaway_after", 1, {1}, 0},
        {"fault: close_before", 0, {}, 0},
        {"fault: close_after", 1, {}, 0},
        {"fault: garbage", 0, {}, NGHTTP2_FRAME_SIZE_ERROR},
        {"fault: garbage_after", 1, {}, NGHTTP2_FRAME_SIZE_ERROR},
    };
    for (const auto& row : rows) {
        INFO(row.rule);
        const auto met = meet(row.rule);
        CHECK_FALSE(met.usable);
        CHECK(met.ended);
        CHECK(met.answer.status == 0);
        CHECK(met.goaways == row.goaways);
        CHECK(met.complaint == row.complaint);
        CHECK(met.accepted == row.accepted);
    }
}

TEST_CASE(
    "a GOAWAY below a stream: those under it are answered, it and those above are untouched") {
    const RunningGateway gateway(rule_for('a', "fault: goaway_before"));
    Http2Client client(gateway.port());
    const auto under = client.submit(gateway.push(device('1')));
    const auto faulty = client.submit(gateway.push(device('a')));
    const auto above = client.submit(gateway.push(device('2')));
    REQUIRE(client.wait_until([&] { return client.ended(); }));
    CHECK(client.goaways() == std::vector<std::int32_t>{under});
    CHECK(client.answer(under).status == 200);
    CHECK(client.answer(faulty).close_code == NGHTTP2_REFUSED_STREAM);
    CHECK(client.answer(above).close_code == NGHTTP2_REFUSED_STREAM);
    CHECK(gateway.ledger().size() == 1);
}

TEST_CASE("a GOAWAY at a stream: it is accepted and unanswered, those above are untouched") {
    const RunningGateway gateway(rule_for('a', "fault: goaway_after"));
    Http2Client client(gateway.port());
    const auto under = client.submit(gateway.push(device('1')));
    const auto faulty = client.submit(gateway.push(device('a')));
    const auto above = client.submit(gateway.push(device('2')));
    REQUIRE(client.wait_until([&] { return client.ended(); }));
    CHECK(client.goaways() == std::vector<std::int32_t>{faulty});
    CHECK(client.answer(under).status == 200);
    CHECK_FALSE(client.answer(faulty).closed);
    CHECK(client.answer(above).close_code == NGHTTP2_REFUSED_STREAM);
    CHECK(gateway.ledger().size() == 2);
}

TEST_CASE("a GOAWAY does not close before late answers below it") {
    const RunningGateway gateway(
        "rules: [{token_prefix: 'b', fault: late, delay: 100ms},"
        " {token_prefix: 'a', fault: goaway_before}]");
    Http2Client client(gateway.port());
    const auto late = client.submit(gateway.push(device('b')));
    client.submit(gateway.push(device('a')));
    REQUIRE(client.wait_until([&] { return client.ended(); }));
    CHECK(client.goaways() == std::vector<std::int32_t>{late});
    CHECK(client.answer(late).status == 200);
}

TEST_CASE("a notice of going away is followed by the last id, and every request is answered") {
    const RunningGateway gateway(
        "rules: [{token_prefix: 'a', fault: goaway_notice},"
        " {token_prefix: 'b', fault: late, delay: 200ms}]");
    Http2Client client(gateway.port());
    const auto first = client.submit(gateway.push(device('a')));
    const auto second = client.submit(gateway.push(device('1')));
    // nghttp2 reads no further GOAWAY once it has heard one and has no open stream.
    const auto open = client.submit(gateway.push(device('b')));
    REQUIRE(client.wait_until([&] { return client.ended(); }));
    CHECK(client.goaways() == std::vector<std::int32_t>{0x7FFFFFFF, open});
    for (const auto stream : {first, second, open})
        CHECK(client.answer(stream).status == 200);
    CHECK(gateway.ledger().size() == 3);
}

TEST_CASE("a late answer comes after those of later requests") {
    const RunningGateway gateway(rule_for('a', "fault: late, delay: 300ms"));
    Http2Client client(gateway.port());
    const auto late = client.submit(gateway.push(device('a')));
    const auto prompt = client.submit(gateway.push(device('1')));
    REQUIRE(client.wait_until([&] { return client.closed_in_order().size() == 2; }));
    CHECK(client.closed_in_order() == std::vector<std::int32_t>{prompt, late});
    CHECK(client.answer(late).status == 200);
    CHECK(gateway.ledger().size() == 2);
}

TEST_CASE("answers that ask to come back later say when") {
    const RunningGateway gateway(rule_for('a', "fault: too_many_requests, retry_after: 1500ms"));
    Http2Client client(gateway.port());
    CHECK(client.fetch(gateway.push(device('a'))).headers.at("retry-after") == "2");
}

TEST_CASE("a fault of the first attempts is over after them") {
    const RunningGateway gateway(rule_for('a', "fault: server_error, attempts: 2"));
    Http2Client client(gateway.port());
    std::vector<int> statuses;
    for (int attempt = 0; attempt < 4; ++attempt)
        statuses.push_back(client.fetch(gateway.push(device('a'))).status);
    CHECK(statuses == std::vector<int>{500, 500, 200, 200});
    CHECK(gateway.stats().find(R"("faults":{"server_error":2})") != std::string::npos);
}

TEST_CASE("stalled requests are counted as open") {
    const RunningGateway gateway(rule_for('a', "fault: stall_after"));
    Http2Client client(gateway.port());
    client.submit(gateway.push(device('a')));
    client.fetch(gateway.push(device('1')));
    CHECK(gateway.stats().find(R"({"accepted":2,"open_streams":1,"connections":2,)") == 0);
}

}  // namespace
}  // namespace dispatcher::test
