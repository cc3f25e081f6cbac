#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apns_rig.h"
#include "gateway/apns/apns_type.h"
#include "support/catch.h"

namespace dispatcher::test {
namespace {

ScriptedServer::Script accept_all() {
    return [](Peer& peer, const SeenRequest& request) { peer.reply(request.stream, 200); };
}

bool has_trouble(const ApnsRig& rig) {
    return !rig.gateway->health().trouble.empty();
}

bool says(const ApnsRig& rig, const std::string& words) {
    return rig.gateway->health().trouble.find(words) != std::string::npos;
}

/// Asks for capacity until the gateway knows that it cannot connect.
void require_unreachable(ApnsRig& rig, const std::string& words) {
    REQUIRE(rig.await([&] { return rig.gateway->capacity() > 0 || has_trouble(rig); }));
    INFO(rig.gateway->health().trouble);
    CHECK(says(rig, words));
    CHECK(rig.gateway->capacity() == 0);
    CHECK(rig.server->seen().empty());
    // Should someone submit all the same: nothing was sent, and others would fare no better.
    rig.gateway->submit(77, Notification{});
    REQUIRE(rig.await_answers(1));
    CHECK(rig.answer(77) == "not_sent unreachable");
    CHECK(rig.answers.front().outcome.gateway_down);
    CHECK(rig.server->seen().empty());
}

}  // namespace

TEST_CASE("a certificate for another name is refused before anything is sent",
          "[gateway][connecting]") {
    ApnsRig::Change change;
    change.host = GENERATE(as<std::string>{}, "127.0.0.1", "localhost");
    change.certificate_name = "DNS:elsewhere.example,IP:127.0.0.9";
    ApnsRig rig(change, accept_all());
    require_unreachable(rig, "certificate");
}

TEST_CASE("a certificate of an unknown authority is refused before anything is sent",
          "[gateway][connecting]") {
    ApnsRig::Change change;
    change.trusts_another = true;
    ApnsRig rig(change, accept_all());
    require_unreachable(rig, "certificate");
}

TEST_CASE("a server that does not choose h2 is refused before anything is sent",
          "[gateway][connecting]") {
    ApnsRig::Change change;
    change.server.chooses_h2 = false;
    ApnsRig rig(change, accept_all());
    require_unreachable(rig, "h2");
}

TEST_CASE("a server that never sends its SETTINGS gets no request", "[gateway][connecting]") {
    ApnsRig::Change change;
    change.server.sends_settings = false;
    ApnsRig rig(change, accept_all());
    REQUIRE(rig.await([&] {
        static_cast<void>(rig.gateway->capacity());
        return rig.server->connections() == 1;
    }));
    CHECK(rig.gateway->capacity() == 0);
    rig.clock.advance(std::chrono::seconds(11));
    require_unreachable(rig, "within 10 s");
}

TEST_CASE("nobody listens: the gateway is down, since when and why, and is tried again",
          "[gateway][connecting]") {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);

    TemporaryDirectory directory;
    SteppedClock clock;
    CountingRandom random;
    const auto endpoint = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    const auto gateway = apns::make_type()->open(apns_options(directory, endpoint), clock, random);
    CHECK(gateway->health().trouble.empty());
    std::vector<GatewayAnswer> answers;
    const auto wait_until = [&](const std::function<bool()>& is_true) {
        for (int i = 0; i < 2000 && !is_true(); ++i)
            gateway->wait(clock.now() + std::chrono::milliseconds(5), answers);
        return is_true();
    };
    REQUIRE(
        wait_until([&] { return gateway->capacity() > 0 || !gateway->health().trouble.empty(); }));
    const auto since = gateway->health().since;
    CHECK(since > BootTime{});
    CHECK(gateway->health().trouble.find("refused") != std::string::npos);

    // The same port begins to listen: the gateway comes by itself, and not at once.
    REQUIRE(::listen(socket, 8) == 0);
    clock.advance(std::chrono::seconds(1));
    static_cast<void>(gateway->capacity());
    gateway->wait(clock.now(), answers);
    CHECK(gateway->health().since == since);
    const int peer = ::accept(socket, nullptr, nullptr);
    CHECK(peer >= 0);
    ::close(peer);
    ::close(socket);
}

TEST_CASE("a host is found by its name and its certificate is for that name",
          "[gateway][connecting]") {
    ApnsRig::Change change;
    change.host = "localhost";
    change.certificate_name = "DNS:localhost";
    ApnsRig rig(change, accept_all());
    REQUIRE(rig.warm_up());
    CHECK(rig.server->seen().front().headers.at(":authority").starts_with("localhost:"));
}

TEST_CASE("cleartext HTTP/2 with prior knowledge carries notifications", "[gateway][connecting]") {
    ApnsRig::Change change;
    change.server.is_tls = false;
    ApnsRig rig(change, accept_all());
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(50));
    REQUIRE(rig.await_answers(51));
    CHECK(rig.server->most_often() == 1);
    CHECK(rig.gateway->health().trouble.empty());
}

TEST_CASE("one stream on one connection until the first success, then all",
          "[gateway][connecting]") {
    ApnsRig::Change change;
    change.connections = 3;
    change.in_flight = 10;
    ApnsRig rig(change, [](Peer& peer, const SeenRequest& request) {
        if (request.connection > 1 || request.number > 1) peer.reply(request.stream, 200);
    });
    REQUIRE(rig.send(1));
    REQUIRE(rig.await([&] { return rig.server->seen().size() == 1; }));
    rig.turn();
    CHECK(rig.gateway->capacity() == 0);
    CHECK(rig.server->connections() == 1);
    rig.server->post(1, [](Peer& peer) { peer.reply(1, 200); });
    REQUIRE(rig.await_answers(1));
    // Ten streams on the proven connection, one on each of the two new ones.
    REQUIRE(rig.await([&] { return rig.gateway->capacity() == 12; }));
    REQUIRE(rig.send(12));
    REQUIRE(rig.await_answers(13));
    REQUIRE(rig.await([&] { return rig.gateway->capacity() == 30; }));
    CHECK(rig.server->connections() == 3);
    CHECK(rig.server->most_often() == 1);
}

TEST_CASE("a 410 proves the provider token too, a 400 does not", "[gateway][connecting]") {
    ApnsRig rig([](Peer& peer, const SeenRequest& request) {
        if (request.number == 1)
            peer.reply(request.stream, 400, R"({"reason":"BadDeviceToken"})");
        else
            peer.reply(request.stream, 410, R"({"reason":"Unregistered"})");
    });
    REQUIRE(rig.warm_up());
    CHECK(rig.answers.back().outcome.suspicious);
    CHECK(rig.gateway->capacity() == 1);
    REQUIRE(rig.warm_up());
    CHECK(rig.gateway->capacity() == 100);
}

TEST_CASE("a quiet connection is used again only after a PING was answered",
          "[gateway][connecting]") {
    ApnsRig rig(accept_all());
    REQUIRE(rig.warm_up());
    CHECK(rig.gateway->capacity() == 100);
    rig.clock.advance(std::chrono::seconds(11));
    CHECK(rig.gateway->capacity() == 0);
    REQUIRE(rig.await([&] { return rig.gateway->capacity() == 100; }));
    CHECK(rig.server->connections() == 1);
}

TEST_CASE("a connection whose PING is not answered is replaced", "[gateway][connecting]") {
    ApnsRig::Change change;
    change.server.answers_pings = false;
    ApnsRig rig(change, accept_all());
    REQUIRE(rig.warm_up());
    rig.clock.advance(std::chrono::seconds(11));
    rig.turn();
    CHECK(rig.gateway->capacity() == 0);
    rig.clock.advance(std::chrono::seconds(11));
    REQUIRE(rig.await([&] { return rig.gateway->capacity() > 0; }));
    CHECK(rig.server->connections() == 2);
    REQUIRE(rig.warm_up());
    CHECK(rig.server->most_often() == 1);
}

TEST_CASE("a connection that left requests unanswered must prove that it lives",
          "[gateway][connecting]") {
    ApnsRig::Change change;
    change.server.answers_pings = false;
    change.timeout = std::chrono::seconds(2);  // not quiet for long when it is over
    ApnsRig rig(change, [](Peer& peer, const SeenRequest& request) {
        if (request.connection > 1 || request.number == 1) peer.reply(request.stream, 200);
    });
    REQUIRE(rig.warm_up());
    REQUIRE(rig.send(1));
    REQUIRE(rig.await([&] { return rig.server->seen().size() == 2; }));
    rig.clock.advance(std::chrono::seconds(3));
    REQUIRE(rig.await_answers(2));
    CHECK(rig.answer(1) == "unknown timeout");
    CHECK(rig.gateway->capacity() == 0);
    rig.clock.advance(std::chrono::seconds(11));
    REQUIRE(rig.warm_up());
    CHECK(rig.answer(2) == "accepted");
    CHECK(rig.server->connections() == 2);
    CHECK(rig.server->most_often() == 1);
}

TEST_CASE("wake() ends a wait from another thread", "[gateway][connecting]") {
    ApnsRig rig(accept_all());
    REQUIRE(rig.warm_up());
    std::thread waker([&] { rig.gateway->wake(); });
    const auto before = rig.clock.now();
    std::vector<GatewayAnswer> none;
    rig.gateway->wait(before + std::chrono::minutes(5), none);
    waker.join();
    CHECK(none.empty());
    CHECK(rig.clock.now() - before < std::chrono::minutes(1));
}

}  // namespace dispatcher::test
