#include <algorithm>

#include <nghttp2/nghttp2.h>

#include "apns_rig.h"
#include "support/catch.h"

// What each way to fail proves, over TLS and HTTP/2 against a server that follows a script. Streams
// have the odd ids: the warm-up is stream 1, ticket 0; then 3, 5, 7 are tickets 1, 2, 3.

namespace dispatcher::test {
namespace {

constexpr std::int32_t kLastIdMax = 0x7fffffff;

/// Accepts the first request of the first connection and everything on later ones, and does `act`
/// when the `at`-th request of the first connection arrived.
ScriptedServer::Script at_request(int at, std::function<void(Peer&, const SeenRequest&)> act) {
    return [at, act = std::move(act)](Peer& peer, const SeenRequest& request) {
        if (request.connection > 1 || request.number == 1)
            peer.reply(request.stream, 200);
        else if (request.number == at)
            act(peer, request);
    };
}

void require_each_once(const ApnsRig& rig) {
    CHECK(rig.server->most_often() == 1);
    CHECK(rig.answers_max() == 1);
    CHECK(rig.gateway->in_flight() == 0);
}

}  // namespace

TEST_CASE("a GOAWAY that names none proves that none was sent", "[gateway][proof]") {
    ApnsRig rig(at_request(4, [](Peer& peer, const SeenRequest&) { peer.send_goaway(0); }));
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(3));
    REQUIRE(rig.await_answers(4));
    for (const Ticket ticket : {1, 2, 3})
        CHECK(rig.answer(ticket) == "not_sent goaway");
    require_each_once(rig);
}

TEST_CASE("a GOAWAY proves only what lies above its last id", "[gateway][proof]") {
    ApnsRig rig(at_request(4, [](Peer& peer, const SeenRequest&) {
        peer.send_goaway(5);
        peer.reply(3, 200);
        peer.reply(5, 410, R"({"reason":"Unregistered","timestamp":1})");
    }));
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(3));
    REQUIRE(rig.await_answers(4));
    CHECK(rig.answer(1) == "accepted");
    CHECK(rig.answer(2) == "rejected unregistered");
    CHECK(rig.answer(3) == "not_sent goaway");
    require_each_once(rig);
}

TEST_CASE("what a GOAWAY promised and the connection's end cut off is in doubt",
          "[gateway][proof]") {
    ApnsRig rig(at_request(4, [](Peer& peer, const SeenRequest&) {
        peer.send_goaway(5);
        peer.reply(3, 200);
        peer.cut();
    }));
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(3));
    REQUIRE(rig.await_answers(4));
    CHECK(rig.answer(1) == "accepted");
    CHECK(rig.answer(2) == "unknown goaway_unanswered");
    CHECK(rig.answer(3) == "not_sent goaway");
    require_each_once(rig);
}

TEST_CASE("a GOAWAY with the highest id is only a notice: it is read on, and others go elsewhere",
          "[gateway][proof]") {
    ApnsRig rig(
        at_request(4, [](Peer& peer, const SeenRequest&) { peer.send_goaway(kLastIdMax); }));
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(3));
    // Not 97 of the old connection: one stream of a new one.
    REQUIRE(rig.await([&] { return rig.gateway->capacity() == 1; }));
    REQUIRE(rig.send(1));
    REQUIRE(rig.await_answers(2));
    CHECK(rig.answer(4) == "accepted");
    rig.server->post(1, [](Peer& peer) {
        for (const std::int32_t stream : {3, 5, 7})
            peer.reply(stream, 200);
    });
    REQUIRE(rig.await_answers(5));
    for (const Ticket ticket : {1, 2, 3})
        CHECK(rig.answer(ticket) == "accepted");
    CHECK(rig.server->connections() == 2);
    const auto seen = rig.server->seen();
    CHECK(std::count_if(seen.begin(), seen.end(),
                        [](const SeenRequest& request) { return request.connection == 1; }) == 4);
    require_each_once(rig);
}

TEST_CASE("a connection that is left is read on while an answer can still come in time",
          "[gateway][proof]") {
    ApnsRig rig([](Peer& peer, const SeenRequest& request) {
        if (request.number == 1)
            peer.reply(request.stream, 200);
        else
            peer.send_goaway(kLastIdMax);
    });
    constexpr int kLeft = 4;  // one after the other, each with a request on it
    for (int connection = 1; connection <= kLeft; ++connection) {
        REQUIRE(rig.warm_up());
        REQUIRE(rig.send(1));
        REQUIRE(rig.await([&] { return rig.gateway->capacity() == 1; }));
    }
    for (int connection = 1; connection <= kLeft; ++connection)
        rig.server->post(connection, [](Peer& peer) { peer.reply(3, 200); });
    REQUIRE(rig.await_answers(2 * kLeft));
    for (Ticket ticket = 0; ticket < 2 * kLeft; ++ticket)
        CHECK(rig.answer(ticket) == "accepted");
    require_each_once(rig);
}

TEST_CASE("a last id that decreases twice proves more each time", "[gateway][proof]") {
    ApnsRig rig(at_request(4, [](Peer& peer, const SeenRequest&) {
        peer.send_goaway(kLastIdMax);
        peer.send_goaway(5);
        peer.send_goaway(3);
        peer.reply(3, 200);
    }));
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(3));
    REQUIRE(rig.await_answers(4));
    CHECK(rig.answer(1) == "accepted");
    CHECK(rig.answer(2) == "not_sent goaway");
    CHECK(rig.answer(3) == "not_sent goaway");
    require_each_once(rig);
}

TEST_CASE("a last id that increases proves nothing", "[gateway][proof]") {
    ApnsRig rig(at_request(4, [](Peer& peer, const SeenRequest&) {
        peer.send_raw(goaway_frame(3) + goaway_frame(5));
    }));
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(3));
    REQUIRE(rig.await_answers(4));
    for (const Ticket ticket : {1, 2, 3})
        CHECK(rig.answer(ticket) == "unknown goaway_unanswered");
    require_each_once(rig);
}

TEST_CASE("REFUSED_STREAM before any headers proves that it was not sent", "[gateway][proof]") {
    ApnsRig rig(at_request(2, [](Peer& peer, const SeenRequest& request) {
        peer.send_reset(request.stream, NGHTTP2_REFUSED_STREAM);
    }));
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(1));
    REQUIRE(rig.await_answers(2));
    CHECK(rig.answer(1) == "not_sent refused_stream");
    require_each_once(rig);
}

TEST_CASE("a stream that is reset otherwise is in doubt", "[gateway][proof]") {
    const auto code = GENERATE(as<std::uint32_t>{}, NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR,
                               NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM);
    ApnsRig rig(at_request(2, [code](Peer& peer, const SeenRequest& request) {
        peer.send_reset(request.stream, code);
    }));
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(1));
    REQUIRE(rig.await_answers(2));
    CHECK(rig.answer(1) == "unknown stream_reset");
    require_each_once(rig);
}

TEST_CASE("REFUSED_STREAM after an interim response proves nothing", "[gateway][proof]") {
    ApnsRig rig(at_request(2, [](Peer& peer, const SeenRequest& request) {
        peer.start_reply(request.stream, 103);
        peer.send_reset(request.stream, NGHTTP2_REFUSED_STREAM);
    }));
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(1));
    REQUIRE(rig.await_answers(2));
    CHECK(rig.answer(1) == "unknown stream_reset");
    require_each_once(rig);
}

TEST_CASE("a stream that is reset after its status counts by its status", "[gateway][proof]") {
    ApnsRig rig(at_request(3, [](Peer& peer, const SeenRequest&) {
        peer.start_reply(3, 200);
        peer.send_reset(3, NGHTTP2_REFUSED_STREAM);
        peer.start_reply(5, 503);
        peer.send_reset(5, NGHTTP2_INTERNAL_ERROR);
    }));
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(2));
    REQUIRE(rig.await_answers(3));
    CHECK(rig.answer(1) == "accepted");
    CHECK(rig.answer(2) == "unknown server_error");
    require_each_once(rig);
}

TEST_CASE("a connection that ends without GOAWAY leaves doubt", "[gateway][proof]") {
    const bool in_record = GENERATE(false, true);
    ApnsRig rig(at_request(3, [in_record](Peer& peer, const SeenRequest&) {
        if (in_record)
            peer.cut_in_record();
        else
            peer.cut();
    }));
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(2));
    REQUIRE(rig.await_answers(3));
    CHECK(rig.answer(1) == "unknown connection_lost");
    CHECK(rig.answer(2) == "unknown connection_lost");
    REQUIRE(rig.warm_up());  // on a new connection
    require_each_once(rig);
}

TEST_CASE("what is no HTTP is in doubt", "[gateway][proof]") {
    ApnsRig rig(at_request(2, [](Peer& peer, const SeenRequest&) {
        peer.send_raw(std::string("\x7f\xff\xff\x00\x00\x00\x00\x00\x03garbage", 16));
    }));
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(1));
    REQUIRE(rig.await_answers(2));
    CHECK(rig.answer(1) == "unknown connection_lost");
    require_each_once(rig);
}

TEST_CASE("a late answer after the timeout is read and told once", "[gateway][proof]") {
    ApnsRig rig(at_request(3, [](Peer&, const SeenRequest&) {}));
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(2));
    REQUIRE(rig.await([&] { return rig.server->seen().size() == 3; }));
    rig.clock.advance(std::chrono::seconds(31));
    REQUIRE(rig.await_answers(3));
    CHECK(rig.answer(1) == "unknown timeout");
    CHECK(rig.answer(2) == "unknown timeout");
    CHECK(rig.gateway->in_flight() == 0);
    rig.server->post(1, [](Peer& peer) {
        peer.reply(3, 200);
        peer.send_reset(5, NGHTTP2_REFUSED_STREAM);
    });
    REQUIRE(rig.await_answers(5));
    CHECK(rig.late_answer(1) == "accepted");
    CHECK(rig.late_answer(2) == "not_sent refused_stream");
    CHECK(rig.answers_max() == 2);
    CHECK(rig.server->most_often() == 1);
}

TEST_CASE("a connection on which too much lingers is read on, and others go elsewhere",
          "[gateway][proof]") {
    ApnsRig::Change change;
    change.in_flight = 4;
    ApnsRig rig(change, at_request(4, [](Peer&, const SeenRequest&) {}));
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(3));
    REQUIRE(rig.await([&] { return rig.server->seen().size() == 4; }));
    rig.clock.advance(std::chrono::seconds(31));
    REQUIRE(rig.await_answers(4));
    REQUIRE(rig.warm_up());
    CHECK(rig.answer(4) == "accepted");
    CHECK(rig.server->connections() == 2);
    rig.server->post(1, [](Peer& peer) { peer.reply(3, 200); });
    REQUIRE(rig.await_answers(6));
    CHECK(rig.late_answer(1) == "accepted");
    CHECK(rig.late_answer(2) == "-");
    CHECK(rig.server->most_often() == 1);
}

TEST_CASE("a first request that is never answered does not hold up the others",
          "[gateway][proof]") {
    ApnsRig rig([](Peer& peer, const SeenRequest& request) {
        if (request.connection > 1) peer.reply(request.stream, 200);
    });
    REQUIRE(rig.send(1));
    REQUIRE(rig.await([&] { return rig.server->seen().size() == 1; }));
    rig.clock.advance(std::chrono::seconds(31));
    REQUIRE(rig.await_answers(1));
    REQUIRE(rig.warm_up());
    CHECK(rig.answer(0) == "unknown timeout");
    CHECK(rig.answer(1) == "accepted");
    CHECK(rig.server->connections() == 2);
    require_each_once(rig);
}

TEST_CASE("what never comes is told once as unknown, also when its connection ends",
          "[gateway][proof]") {
    ApnsRig rig(at_request(2, [](Peer&, const SeenRequest&) {}));
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(1));
    REQUIRE(rig.await([&] { return rig.server->seen().size() == 2; }));
    rig.clock.advance(std::chrono::seconds(31));
    REQUIRE(rig.await_answers(2));
    rig.server->post(1, [](Peer& peer) { peer.cut(); });
    REQUIRE(rig.warm_up());  // only possible on a new connection, after the end was seen
    CHECK(rig.answer(1) == "unknown timeout");
    require_each_once(rig);
}

TEST_CASE("a stream limit that falls to one while others are open is obeyed", "[gateway][proof]") {
    ApnsRig rig(at_request(4, [](Peer& peer, const SeenRequest&) { peer.limit_streams(1); }));
    REQUIRE(rig.warm_up());
    CHECK(rig.gateway->capacity() == 100);
    REQUIRE(rig.send(3));
    REQUIRE(rig.await([&] { return rig.gateway->capacity() == 0; }));
    rig.server->post(1, [](Peer& peer) {
        for (const std::int32_t stream : {3, 5, 7})
            peer.reply(stream, 200);
    });
    REQUIRE(rig.await_answers(4));
    CHECK(rig.gateway->capacity() == 1);
    require_each_once(rig);
}

TEST_CASE("an answer that does not wait for the body frees the stream", "[gateway][proof]") {
    ApnsRig::Change change;
    change.server.replies_early = true;
    ApnsRig rig(change, [](Peer& peer, const SeenRequest& request) {
        peer.reply(request.stream, 413, R"({"reason":"PayloadTooLarge"})");
    });
    REQUIRE(rig.send(2));  // one stream at a time: the second needs the end of the first
    REQUIRE(rig.await_answers(2));
    CHECK(rig.answer(0) == "rejected payload_too_large");
    CHECK(rig.answer(1) == "rejected payload_too_large");
    require_each_once(rig);
}

TEST_CASE("a response that is far too long is cut off and counts by its status",
          "[gateway][proof]") {
    ApnsRig rig(at_request(2, [](Peer& peer, const SeenRequest& request) {
        peer.start_reply(request.stream, 500, std::string(200'000, 'x'));
    }));
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(1));
    REQUIRE(rig.await_answers(2));
    CHECK(rig.answer(1) == "unknown server_error");
    require_each_once(rig);
}

TEST_CASE("what is submitted beyond the capacity is answered as never framed", "[gateway][proof]") {
    ApnsRig rig(at_request(2, [](Peer&, const SeenRequest&) {}));
    REQUIRE(rig.await([&] { return rig.gateway->capacity() == 1; }));
    Notification notification;
    notification.id = "00000000-0000-8000-8000-000000000000";
    rig.gateway->submit(0, notification);
    rig.gateway->submit(1, notification);
    REQUIRE(rig.await_answers(2));
    CHECK(rig.answer(0) == "accepted");
    CHECK(rig.answer(1) == "not_sent never_framed");
    require_each_once(rig);
}

}  // namespace dispatcher::test
