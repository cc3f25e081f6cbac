#include "gateway/http2/http1_session.h"

#include "support/catch.h"

// HTTP/1.1 without sockets: what is written, once, and what the end of a connection proves.

namespace dispatcher::test {
namespace {

using http2::Http1Session;
using http2::Stream;
using http2::StreamEnd;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

http2::Fields request_fields() {
    http2::Fields fields;
    fields.add(":method", "POST");
    fields.add(":scheme", "https");
    fields.add(":authority", "example.com");
    fields.add(":path", "/send?a=b");
    fields.add("content-length", "2");
    return fields;
}

std::string collect(Http1Session& session) {
    std::string out;
    REQUIRE(session.collect(out, 100'000));
    return out;
}

}  // namespace

TEST_CASE("a request is written once, as HTTP/1.1 wants it", "[unit][gateway]") {
    Http1Session session;
    Stream stream;
    stream.request.body = "{}";
    REQUIRE(session.submit(stream, request_fields()));
    CHECK_FALSE(stream.is_framed);
    CHECK(collect(session) ==
          "POST /send?a=b HTTP/1.1\r\nhost: example.com\r\ncontent-length: 2\r\n\r\n{}");
    CHECK(stream.is_framed);
    CHECK(collect(session).empty());
    Stream second;
    CHECK_FALSE(session.submit(second, request_fields()));  // no pipelining
    REQUIRE(session.receive(kOk));
    CHECK(stream.end == StreamEnd::completed);
    CHECK(stream.reply.status == 200);
    CHECK(stream.reply.is_complete);
    CHECK(session.submit(second, request_fields()));
}

TEST_CASE("bytes that nobody asked for end the connection", "[unit][gateway]") {
    Http1Session idle;
    CHECK_FALSE(idle.receive("HTTP/1.1 408 Request Timeout\r\n"));
    Http1Session early;
    Stream stream;
    REQUIRE(early.submit(stream, request_fields()));
    CHECK_FALSE(early.receive(kOk));  // not an answer to what was not even written
    early.abandon({&stream});
    CHECK(stream.end == StreamEnd::never_framed);
    CHECK(stream.reply.status == 0);
    Http1Session twice;
    Stream answered;
    REQUIRE(twice.submit(answered, request_fields()));
    collect(twice);
    CHECK_FALSE(twice.receive(std::string(kOk) + std::string(kOk)));
    CHECK(answered.end == StreamEnd::completed);
    CHECK(twice.is_leaving());
}

TEST_CASE("a request that is given up before it was written is never written", "[unit][gateway]") {
    Http1Session session;
    Stream stream;
    REQUIRE(session.submit(stream, request_fields()));
    session.cancel(stream);
    CHECK(stream.end == StreamEnd::never_framed);
    CHECK(collect(session).empty());
    CHECK(session.is_finished());
    Http1Session written;
    Stream second;
    REQUIRE(written.submit(second, request_fields()));
    collect(written);
    written.cancel(second);
    CHECK(second.end == StreamEnd::cancelled);
    CHECK(written.is_leaving());
}

TEST_CASE("the end of a connection proves something only of what was not written",
          "[unit][gateway]") {
    Http1Session session;
    Stream stream;
    REQUIRE(session.submit(stream, request_fields()));
    collect(session);
    REQUIRE(session.receive("HTTP/1.1 20"));
    session.abandon({&stream});
    CHECK(stream.end == StreamEnd::lost);
    CHECK(stream.reply.status == 0);
    Http1Session half;
    Stream told;
    REQUIRE(half.submit(told, request_fields()));
    collect(half);
    REQUIRE(half.receive("HTTP/1.1 410 Gone\r\nx: "));
    half.abandon({&told});
    CHECK(told.reply.status == 410);
}

TEST_CASE("an idle connection is used no longer than its server keeps it", "[unit][gateway]") {
    const auto quiet_after = [](const std::string& fields) {
        Http1Session session;
        Stream stream;
        REQUIRE(session.submit(stream, request_fields()));
        collect(session);
        REQUIRE(session.receive("HTTP/1.1 204 X\r\n" + fields + "\r\n"));
        return session.quiet_max();
    };
    CHECK(quiet_after({}) == std::chrono::seconds(4));
    CHECK(quiet_after("keep-alive: timeout=60\r\n") == std::chrono::seconds(4));
    CHECK(quiet_after("keep-alive: timeout=3\r\n") == std::chrono::seconds(2));
    CHECK(quiet_after("keep-alive: timeout=0\r\n") == std::chrono::seconds(0));
}

}  // namespace dispatcher::test
