#include "gateway/webpush/webpush_gateway.h"

#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/encoding.h"
#include "scripted_http1_server.h"
#include "support/catch.h"
#include "webpush_rig.h"

// Many push services behind one gateway, over TLS and HTTP/2 against servers that follow scripts.

namespace dispatcher::test {
namespace {

using std::chrono::seconds;

void accept_all(Peer& peer, const SeenRequest& request) {
    peer.reply(request.stream, 201, {}, {{"location", "https://push.example.net/message/1"}});
}

void never_answer(Peer&, const SeenRequest&) {}

ScriptedServer::Script answer_with(unsigned status, Peer::Headers headers = {}) {
    return [status, headers = std::move(headers)](Peer& peer, const SeenRequest& request) {
        peer.reply(request.stream, status, {}, headers);
    };
}

/// A port of this machine on which nobody listens, as long as it lives.
class DeafPort {
  public:
    DeafPort() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
        REQUIRE(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port_ = ntohs(address.sin_port);
    }
    ~DeafPort() { ::close(socket_); }
    DeafPort(const DeafPort&) = delete;
    DeafPort& operator=(const DeafPort&) = delete;

    [[nodiscard]] std::string origin() const {
        return "https://127.0.0.1:" + std::to_string(port_);
    }
    void listen() const { REQUIRE(::listen(socket_, 8) == 0); }
    /// Whether somebody connects within a generous time.
    [[nodiscard]] bool is_knocked_at() const {
        pollfd door{socket_, POLLIN, 0};
        return ::poll(&door, 1, 20'000) == 1;
    }

  private:
    int socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    int port_ = 0;
};

nlohmann::json claims_of(const SeenRequest& request) {
    const auto text = request.headers.at("authorization");
    const auto start = text.find('.') + 1;
    return nlohmann::json::parse(
        from_base64url(text.substr(start, text.find('.', start) - start)).value());
}

void require_each_once(const WebPushRig& rig) {
    CHECK(rig.most_often() == 1);
    CHECK(rig.answers_max() == 1);
    CHECK(rig.gateway->in_flight() == 0);
}

}  // namespace

TEST_CASE("each endpoint's own push service gets its messages", "[gateway][webpush]") {
    WebPushRig rig({accept_all, accept_all});
    for (int i = 0; i < 60; ++i)
        REQUIRE(rig.send(rig.origin(static_cast<std::size_t>(i % 2))));
    REQUIRE(rig.await_answers(60));
    for (Ticket ticket = 0; ticket < 60; ++ticket)
        CHECK(rig.answer(ticket) == "accepted");
    for (std::size_t service : {0, 1}) {
        CHECK(rig.services[service]->seen().size() == 30);
        for (const auto& request : rig.services[service]->seen()) {
            const auto& headers = request.headers;
            CHECK("https://" + headers.at(":authority") == rig.origin(service));
            CHECK(headers.at(":method") == "POST");
            CHECK(headers.at(":scheme") == "https");
            CHECK(headers.at("urgency") == "high");
            CHECK(headers.at("topic").size() == 32);
            CHECK(headers.at("content-encoding") == "aes128gcm");
            CHECK((headers.at("ttl") == "43199" || headers.at("ttl") == "43200"));
            CHECK(headers.at("content-length") == std::to_string(request.body.size()));
            CHECK(claims_of(request)["aud"] == rig.origin(service));
        }
    }
    require_each_once(rig);
}

TEST_CASE("a push service without HTTP/2 gets each message once", "[gateway][webpush]") {
    WebPushRig::Change change;
    change.connections = 3;
    WebPushRig rig(change, {accept_all});
    ScriptedHttp1Server old(rig.certificate.get(), [](Http1Peer& peer, const SeenRequest& request) {
        switch (request.number == 1 ? 0 : request.number % 10) {
            case 3:
                return peer.reply(410);
            case 5:
                return peer.reply(429, {}, "retry-after: 7\r\n");
            case 7:
                return peer.close();
            case 9:
                return peer.reply(201, {}, "connection: close\r\n");
            default:
                return peer.reply(201);
        }
    });
    for (int i = 0; i < 100; ++i)
        REQUIRE(rig.send(i % 2 == 0 ? old.endpoint() : rig.origin(0)));
    REQUIRE(rig.await_answers(100));
    const std::map<int, std::string> meanings{{3, "rejected unregistered"},
                                              {5, "refused too_many_requests"},
                                              {7, "unknown connection_lost"}};
    std::map<std::string, std::string> seen;  // path → what its answer must mean
    for (const auto& request : old.seen()) {
        const auto meaning = meanings.find(request.number == 1 ? 0 : request.number % 10);
        CHECK(seen.emplace(request.headers.at(":path"),
                           meaning == meanings.end() ? "accepted" : meaning->second)
                  .second);
        CHECK(request.headers.at(":version") == "HTTP/1.1");
        CHECK("https://" + request.headers.at("host") == old.endpoint());
        CHECK(request.headers.at("content-length") == std::to_string(request.body.size()));
        CHECK(claims_of(request)["aud"] == old.endpoint());
    }
    CHECK(seen.size() > 25);
    for (Ticket ticket = 0; ticket < 100; ++ticket) {
        const auto found = seen.find("/push/" + std::to_string(ticket));
        // A connection that the service closed is found closed before a request is written.
        const auto expected = found == seen.end() ? "not_sent never_framed" : found->second;
        CHECK(rig.answer(ticket) == (ticket % 2 == 0 ? expected : "accepted"));
    }
    CHECK(rig.services[0]->seen().size() == 50);
    require_each_once(rig);
}

TEST_CASE("a push service is spoken to as the server file says", "[gateway][webpush]") {
    WebPushRig::Change change;
    change.protocol = "http2";
    WebPushRig modern(change, {});
    ScriptedHttp1Server old(modern.certificate.get(),
                            [](Http1Peer& peer, const SeenRequest&) { peer.reply(201); });
    CHECK_FALSE(modern.try_send(old.endpoint()));
    REQUIRE(modern.await([&] { return !modern.gateway->health().trouble.empty(); }));
    CHECK(old.seen().empty());

    change.protocol = "http1";
    WebPushRig plain(change, {accept_all});
    CHECK_FALSE(plain.try_send(plain.origin(0)));
    REQUIRE(plain.await([&] { return !plain.gateway->health().trouble.empty(); }));
    CHECK(plain.services[0]->seen().empty());
}

TEST_CASE("a push service that does not answer holds up no other", "[gateway][webpush]") {
    WebPushRig rig({accept_all, never_answer});
    REQUIRE(rig.warm_up(rig.origin(0)));
    REQUIRE(rig.send(rig.origin(1)));
    REQUIRE(rig.await([&] { return rig.services[1]->seen().size() == 1; }));
    CHECK_FALSE(rig.try_send(rig.origin(1)));
    REQUIRE(rig.send(rig.origin(0), 500));
    REQUIRE(rig.await_answers(501));
    CHECK(rig.answer(1) == "-");
    // Without room for long, it is in trouble: its devices come back at once.
    rig.clock.advance(seconds(3));
    REQUIRE(rig.try_send(rig.origin(1)));
    REQUIRE(rig.await_answers(502));
    CHECK(rig.answer(rig.next_ticket - 1) == "not_sent unreachable");
    CHECK(rig.answers.back().outcome.retry_after >= seconds(1));
    CHECK_FALSE(rig.answers.back().outcome.gateway_down);
    CHECK(rig.gateway->health().trouble.empty());
    CHECK(rig.gateway->capacity() > 0);
    CHECK(rig.services[1]->seen().size() == 1);
    rig.services[1]->post(1, [](Peer& peer) { peer.reply(1, 201); });
    REQUIRE(rig.await_answers(503));
    CHECK(rig.answer(1) == "accepted");
    REQUIRE(rig.await([&] { return rig.try_send(rig.origin(1)); }));
    CHECK(rig.most_often() == 1);
}

TEST_CASE("a push service that is full is waited for as long as it answers", "[gateway][webpush]") {
    WebPushRig::Change change;
    change.in_flight = 4;
    WebPushRig rig(change, {[](Peer& peer, const SeenRequest& request) {
                       if (request.number == 1) peer.reply(request.stream, 201);
                   }});
    REQUIRE(rig.warm_up(rig.origin(0)));
    REQUIRE(rig.send(rig.origin(0), 4));
    REQUIRE(rig.await([&] { return rig.services[0]->seen().size() == 5; }));
    for (std::int32_t stream = 3; stream < 9; stream += 2) {
        CHECK_FALSE(rig.try_send(rig.origin(0)));
        rig.clock.advance(std::chrono::milliseconds(1500));
        rig.services[0]->post(1, [stream](Peer& peer) { peer.reply(stream, 201); });
        REQUIRE(rig.send(rig.origin(0)));
    }
    CHECK(rig.gateway->health().trouble.empty());
}

TEST_CASE("a push service that cannot be reached is its devices' trouble", "[gateway][webpush]") {
    const DeafPort deaf;
    WebPushRig::Change change;
    change.patience = seconds(30);
    WebPushRig rig(change, {accept_all});
    REQUIRE(rig.warm_up(rig.origin(0)));
    REQUIRE(rig.await([&] { return rig.try_send(deaf.origin()); }));
    REQUIRE(rig.await_answers(2));
    CHECK(rig.answer(1) == "not_sent unreachable");
    CHECK(rig.answers.back().outcome.retry_after == seconds(1));
    CHECK(rig.gateway->health().trouble.empty());
    REQUIRE(rig.warm_up(rig.origin(0)));
    // For longer than patience: it costs the device a try, and so ends some day.
    rig.clock.advance(seconds(31));
    REQUIRE(rig.await([&] { return rig.try_send(deaf.origin()); }));
    REQUIRE(rig.await_answers(4));
    CHECK(rig.answer(3) == "refused unreachable");
    CHECK(rig.answers.back().outcome.retry_after == seconds(30));
    REQUIRE(rig.await([&] { return rig.try_send(rig.origin(0)); }));
}

TEST_CASE("the gateway is down when no push service can be reached, and comes back by itself",
          "[gateway][webpush]") {
    const DeafPort deaf;
    const DeafPort other;
    WebPushRig rig({});
    CHECK(rig.gateway->health().trouble.empty());
    CHECK(rig.gateway->capacity() > 0);
    for (const auto& origin : {deaf.origin(), other.origin()})
        REQUIRE(rig.await([&] { return rig.try_send(origin) || rig.gateway->capacity() == 0; }));
    REQUIRE(rig.await([&] { return !rig.gateway->health().trouble.empty(); }));
    CHECK(rig.gateway->health().trouble.find("refused") != std::string::npos);
    CHECK(rig.gateway->health().since > BootTime{});
    CHECK(rig.gateway->capacity() == 0);
    deaf.listen();
    rig.clock.advance(seconds(40));
    // As the engine does: it asks for capacity and waits.
    CHECK(rig.gateway->capacity() == 0);
    rig.turn();
    CHECK(deaf.is_knocked_at());
}

TEST_CASE("an endpoint that leads to this machine or network is never connected to",
          "[gateway][webpush]") {
    WebPushRig::Change change;
    change.allows_private = false;
    WebPushRig rig(change, {accept_all});
    const auto port = rig.origin(0).substr(rig.origin(0).rfind(':'));
    std::size_t sent = 0;
    for (const std::string host : {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0",
                                   "2130706433", "0x7f000001", "127.1"}) {
        INFO(host);
        REQUIRE(rig.await([&] { return rig.try_send("https://" + host + port); }));
        REQUIRE(rig.await_answers(++sent));
        CHECK(rig.answer(sent - 1) == "rejected bad_device_token");
        CHECK(rig.answers.back().outcome.suspicious);
    }
    CHECK(rig.services[0]->connections() == 0);
    CHECK(rig.gateway->health().trouble.empty());
}

TEST_CASE("`endpoint` is connected to instead of every push service, and told who was meant",
          "[gateway][webpush]") {
    WebPushRig::Change change;
    change.allows_private = false;
    change.has_endpoint = true;
    change.server.is_tls = GENERATE(true, false);
    WebPushRig rig(change, {accept_all});
    REQUIRE(rig.send("https://one.example.net", 20));
    REQUIRE(rig.send("https://two.example.net:8443", 20));
    REQUIRE(rig.await_answers(40));
    std::map<std::string, int> authorities;
    for (const auto& request : rig.services[0]->seen()) {
        ++authorities[request.headers.at(":authority")];
        CHECK(claims_of(request)["aud"] == "https://" + request.headers.at(":authority"));
    }
    CHECK(authorities ==
          std::map<std::string, int>{{"one.example.net", 20}, {"two.example.net:8443", 20}});
    require_each_once(rig);
}

TEST_CASE("more push services than are connected at once take turns", "[gateway][webpush]") {
    WebPushRig::Change change;
    change.has_endpoint = true;
    WebPushRig rig(change, {accept_all});
    constexpr std::size_t kServices = webpush::WebPushGateway::kLinksMax + 20;
    for (int round = 0; round < 2; ++round)
        for (std::size_t i = 0; i < kServices; ++i)
            REQUIRE(rig.send("https://s" + std::to_string(i) + ".example.net"));
    REQUIRE(rig.await_answers(2 * kServices));
    for (Ticket ticket = 0; ticket < 2 * kServices; ++ticket)
        REQUIRE(rig.answer(ticket) == "accepted");
    CHECK(rig.services[0]->connections() > static_cast<int>(kServices));
    require_each_once(rig);
}

TEST_CASE("a redirect is not followed", "[gateway][webpush]") {
    const auto status = GENERATE(301u, 302u, 307u, 308u);
    WebPushRig rig({answer_with(status, {{"location", "https://127.0.0.1/elsewhere"}})});
    REQUIRE(rig.warm_up(rig.origin(0)));
    CHECK(rig.answer(0) == "unknown bad_answer");
    CHECK(rig.services[0]->seen().size() == 1);
    CHECK(rig.services[0]->connections() == 1);
}

TEST_CASE("what each way to fail proves of a web push, and nothing is sent again by itself",
          "[gateway][webpush]") {
    struct Way {
        const char* meaning;
        std::function<void(Peer&, const SeenRequest&)> fail;
    };
    const std::vector<Way> ways = {
        {"not_sent goaway", [](Peer& peer, const SeenRequest&) { peer.send_goaway(1); }},
        {"unknown goaway_unanswered",
         [](Peer& peer, const SeenRequest& request) {
             peer.send_goaway(request.stream);
             peer.cut();
         }},
        {"not_sent refused_stream",
         [](Peer& peer, const SeenRequest& request) { peer.send_reset(request.stream, 7); }},
        {"unknown stream_reset",
         [](Peer& peer, const SeenRequest& request) { peer.send_reset(request.stream, 2); }},
        {"unknown connection_lost", [](Peer& peer, const SeenRequest&) { peer.cut(); }},
        {"accepted",
         [](Peer& peer, const SeenRequest& request) {
             peer.start_reply(request.stream, 201);
             peer.send_reset(request.stream, 2);
         }},
        {"unknown server_error", answer_with(503)},
        {"unknown server_error", answer_with(500)},
        {"refused too_many_requests", answer_with(429, {{"retry-after", "9"}})},
        {"rejected unregistered", answer_with(410)},
        {"rejected payload_too_large", answer_with(413)},
        {"not_sent misdirected", answer_with(421)},
        {"rejected bad_device_token", answer_with(403)},
    };
    for (const auto& way : ways) {
        INFO(way.meaning);
        WebPushRig rig({[&way](Peer& peer, const SeenRequest& request) {
            if (request.connection == 1 && request.number == 2)
                way.fail(peer, request);
            else
                peer.reply(request.stream, 201);
        }});
        REQUIRE(rig.warm_up(rig.origin(0)));
        REQUIRE(rig.warm_up(rig.origin(0)));
        CHECK(rig.answer(1) == way.meaning);
        // Another request goes through, and proves that nothing was sent between.
        REQUIRE(rig.warm_up(rig.origin(0)));
        CHECK(rig.answer(2) == "accepted");
        CHECK(rig.services[0]->seen().size() == 3);
        require_each_once(rig);
    }
}

TEST_CASE("a token that is no subscription is answered without a connection",
          "[gateway][webpush]") {
    WebPushRig rig({accept_all});
    auto bent = std::string(kSubscriberKey);
    bent[50] = bent[50] == 'A' ? 'B' : 'A';
    for (const auto& token : {std::string("nonsense"),
                              rig.origin(0) + "/x " + bent + " " + std::string(kSubscriberAuth)}) {
        Notification notification;
        notification.token = token;
        notification.payload = "{}";
        REQUIRE(rig.await([&] { return rig.gateway->has_room_for(notification); }));
        rig.gateway->submit(rig.next_ticket++, notification);
    }
    REQUIRE(rig.await_answers(2));
    CHECK(rig.answer(0) == "rejected bad_device_token");
    CHECK(rig.answer(1) == "rejected bad_device_token");
    CHECK(rig.services[0]->seen().empty());
}

}  // namespace dispatcher::test
