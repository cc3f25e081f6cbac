#include "gateway/http2/http2_session.h"

#include "scripted_server.h"
#include "support/catch.h"

// The HTTP/2 side without sockets: what counts as framed.

namespace dispatcher::test {
namespace {

using http2::StreamEnd;

const std::string kEmptySettings("\0\0\0\4\0\0\0\0\0", 9);

std::string settings_with_one_stream() {
    return std::string("\0\0\6\4\0\0\0\0\0\0\3\0\0\0\1", 15);
}

http2::Fields request_fields() {
    http2::Fields fields;
    fields.add(":method", "POST");
    fields.add(":scheme", "https");
    fields.add(":authority", "example.com");
    fields.add(":path", "/");
    return fields;
}

}  // namespace

TEST_CASE("a request that waits when a GOAWAY comes is never framed", "[unit][gateway]") {
    http2::Http2Session session;
    REQUIRE(session.receive(kEmptySettings));
    CHECK(session.is_ready());
    http2::Stream stream;
    REQUIRE(session.submit(stream, request_fields()));
    REQUIRE(session.receive(goaway_frame(0x7fffffff)));
    CHECK(session.is_leaving());
    std::string frames;
    REQUIRE(session.collect(frames, 100'000));
    REQUIRE(session.ended().size() == 1);
    CHECK(stream.end == StreamEnd::never_framed);
}

TEST_CASE("a request that is given up before it is framed never is", "[unit][gateway]") {
    http2::Http2Session session;
    REQUIRE(session.receive(settings_with_one_stream()));
    CHECK(session.streams_max() == 1);
    http2::Stream first;
    http2::Stream second;
    REQUIRE(session.submit(first, request_fields()));
    REQUIRE(session.submit(second, request_fields()));
    std::string frames;
    REQUIRE(session.collect(frames, 100'000));
    CHECK(first.is_framed);
    CHECK_FALSE(second.is_framed);
    session.cancel(second);
    session.abandon({&first, &second});
    CHECK(first.end == StreamEnd::lost);
    CHECK(second.end == StreamEnd::never_framed);
}

TEST_CASE("an abandoned connection leaves doubt about what was framed and none about the rest",
          "[unit][gateway]") {
    http2::Http2Session session;
    REQUIRE(session.receive(settings_with_one_stream()));
    http2::Stream framed;
    http2::Stream waiting;
    REQUIRE(session.submit(framed, request_fields()));
    REQUIRE(session.submit(waiting, request_fields()));
    std::string frames;
    REQUIRE(session.collect(frames, 100'000));
    REQUIRE(session.receive(goaway_frame(1)));
    session.abandon({&framed, &waiting});
    CHECK(framed.end == StreamEnd::goaway_ended);
    CHECK(waiting.end == StreamEnd::never_framed);
    CHECK(session.ended().size() == 2);
}

TEST_CASE("bytes that are no HTTP/2 end the session", "[unit][gateway]") {
    http2::Http2Session session;
    REQUIRE(session.receive("HTTP/1.1 400 Bad Request\r\n\r\n"));
    std::string frames;
    REQUIRE(session.collect(frames, 100'000));
    CHECK(session.is_finished());
    CHECK_FALSE(session.is_ready());
}

}  // namespace dispatcher::test
