#include "mockgateway/answer.h"
#include "mockgateway/http1_client.h"
#include "mockgateway/http1_protocol.h"
#include "mockgateway/running_gateway.h"
#include "support/catch.h"

namespace dispatcher::test {
namespace {

constexpr std::string_view kStats = "GET /mock/stats HTTP/1.1\r\nHost: x\r\n\r\n";

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// What APNs' path answers to HTTP/1.1, which APNs itself does not speak: the request was
/// understood.
std::string push(const std::string& more, const std::string& body = {}) {
    return "POST /3/device/aa HTTP/1.1\r\nHost: x\r\n" + more + "\r\n" + body;
}

}  // namespace

TEST_CASE("HTTP/1.1 is answered on the same port, and the connection is kept") {
    const RunningGateway gateway;
    Http1Client client(gateway.port());
    for (int i = 0; i < 3; ++i) {
        client.say(kStats);
        const auto answer = client.hear();
        CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(contains(answer, "content-type: application/json\r\n"));
        CHECK(contains(answer, R"({"accepted":0,"open_streams":0,"connections":1,)"));
    }
    Http2Client http2(gateway.port());
    CHECK(http2.fetch(gateway.push()).status == 200);
}

TEST_CASE("APNs speaks HTTP/2 only") {
    const RunningGateway gateway;
    Http1Client client(gateway.port());
    client.say(push("content-length: 2\r\n", "{}"));
    const auto answer = client.hear();
    CHECK(answer.starts_with("HTTP/1.1 505"));
    CHECK(contains(answer, R"({"reason":"HttpVersionNotSupported"})"));
    CHECK(gateway.ledger().empty());
}

TEST_CASE("bodies come by length or in chunks, in any pieces") {
    const std::vector<std::string> requests{
        push("Content-Length: 5\r\n", "hello"),
        push("Transfer-Encoding: Chunked\r\n", "2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n"),
        push("transfer-encoding: chunked\r\n", "a\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n"),
        push(""),
    };
    const RunningGateway gateway;
    for (const auto& request : requests) {
        INFO(request);
        Http1Client at_once(gateway.port());
        at_once.say(request + request + std::string(kStats));  // pipelined
        CHECK(at_once.hear().starts_with("HTTP/1.1 505"));
        CHECK(at_once.hear().starts_with("HTTP/1.1 505"));
        CHECK(at_once.hear().starts_with("HTTP/1.1 200"));
        Http1Client byte_by_byte(gateway.port());
        Http1Client witness(gateway.port());
        for (const char byte : request) {
            byte_by_byte.say({&byte, 1});
            witness.say(kStats);  // its answer shows that the byte was read by itself
            witness.hear();
        }
        CHECK(byte_by_byte.hear().starts_with("HTTP/1.1 505"));
    }
}

TEST_CASE("the longest head is taken however its end is cut") {
    constexpr std::size_t kHeadBytesMax = 32'768;  // without the empty line that ends it
    const auto filler = kHeadBytesMax + 4 - push("x: \r\n").size();
    const auto request = push("x: " + std::string(filler, 'x') + "\r\n");
    const RunningGateway gateway;
    for (std::size_t apart = 0; apart <= 4; ++apart) {
        INFO(apart);
        Http1Client client(gateway.port());
        Http1Client witness(gateway.port());
        client.say(std::string_view(request).substr(0, request.size() - apart));
        witness.say(kStats);  // its answer shows that the piece was read by itself
        witness.hear();
        client.say(std::string_view(request).substr(request.size() - apart));
        CHECK(client.hear().starts_with("HTTP/1.1 505"));
    }
}

TEST_CASE("a client that waits for it is told to go on with its body") {
    const RunningGateway gateway;
    Http1Client client(gateway.port());
    client.say(push("content-length: 2\r\nexpect: 100-continue\r\n"));
    CHECK(client.hear() == "HTTP/1.1 100 Continue\r\n\r\n");
    client.say("{}");
    CHECK(client.hear().starts_with("HTTP/1.1 505"));
}

TEST_CASE("what is no request, or an ambiguous one, is refused and the connection ends") {
    struct Row {
        std::string request;
        std::string status;
    };
    const std::vector<Row> rows{
        {"nonsense\r\n\r\n", "400"},
        {"GET  /x HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
        {"GET x HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
        {"GET /x HTTP/2.0\r\nHost: x\r\n\r\n", "505"},
        {"GET /x HTTP/1.1\r\n\r\n", "400"},
        {"GET /x HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
        {"GET /x HTTP/1.1\r\nHost : x\r\n\r\n", "400"},
        {"GET /x HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", "400"},
        {"GET /x HTTP/1.1\r\nHost: x\r\nno-colon\r\n\r\n", "400"},
        {push("content-length: 2\r\ncontent-length: 2\r\n", "{}"), "400"},
        {push("content-length: 2\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"), "400"},
        {push("content-length: -1\r\n"), "400"},
        {push("content-length: 99999999999999999999\r\n"), "400"},
        {push("transfer-encoding: gzip\r\n"), "501"},
        {push("transfer-encoding: chunked\r\n", "-1\r\n"), "400"},
        {push("transfer-encoding: chunked\r\n", "2\r\nabc\r\n"), "400"},
        {push("x: " + std::string(40'000, 'x') + "\r\n"), "431"},
        {std::string(40'000, 'x'), "431"},
    };
    const RunningGateway gateway;
    for (const auto& row : rows) {
        INFO(row.request.substr(0, 100));
        Http1Client client(gateway.port());
        client.say(row.request);
        const auto answer = client.hear_out();
        CHECK(answer.starts_with("HTTP/1.1 " + row.status));
        CHECK(contains(answer, "connection: close\r\n"));
    }
}

TEST_CASE("a client that asks for it finds the connection closed after the answer") {
    const RunningGateway gateway;
    for (const auto* request : {"GET /mock/stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                                "GET /mock/stats HTTP/1.0\r\n\r\n"}) {
        Http1Client client(gateway.port());
        client.say(request);
        const auto answer = client.hear_out();
        CHECK(answer.starts_with("HTTP/1.1 200"));
        CHECK(contains(answer, "connection: close\r\n"));
    }
}

namespace {

using namespace mock;

/// Accepts whatever is posted to /token/…: the least that a role can be.
class LeastRole final : public Role {
  public:
    [[nodiscard]] bool takes(std::string_view) const override { return true; }
    Judgement judge(const Request& request, Visit, Answer& answer) override {
        answer.status = 201;
        return {{}, false, {request.path().substr(7), "id", "", "", "", request.body()}};
    }
    void complain(Complaint, std::string_view, WallTime, Answer& answer) const override {
        answer.status = 503;
    }
};

/// HTTP/1.1 without sockets: what is said, and what would be.
struct Talk {
    explicit Talk(FaultRule rule)
        : service(roles(), FaultRules(1, {std::move(rule)}), {}),
          protocol({1, service, delays, options}) {}

    static std::vector<std::unique_ptr<Role>> roles() {
        std::vector<std::unique_ptr<Role>> roles;
        roles.push_back(std::make_unique<LeastRole>());
        return roles;
    }
    std::string say(const std::string& bytes) {
        protocol.receive(bytes);
        std::string out;
        protocol.fill(out, 1);
        return out;
    }

    ConnectionOptions options;
    Service service;
    DelayQueue delays;
    Http1Protocol protocol;
};

FaultRule rule_of(std::string_view name) {
    FaultRule rule;
    for (const auto& kind : fault_kinds())
        if (kind.name == name) rule.kind = &kind;
    rule.token_prefix = "bad";
    rule.status = 409;
    return rule;
}

std::string post(const std::string& token) {
    return "POST /token/" + token + " HTTP/1.1\r\nHost: x\r\ncontent-length: 2\r\n\r\n{}";
}

}  // namespace

TEST_CASE("over HTTP/1.1 a fault of a stream befalls its connection") {
    struct Row {
        std::string fault;
        std::string answer;  ///< status; empty: none
        Protocol::End end;
        std::uint64_t accepted;
    };
    const std::vector<Row> rows{
        {"refuse", "", Protocol::End::cut, 0},
        {"reset_before", "", Protocol::End::reset, 0},
        {"reset_after", "", Protocol::End::reset, 1},
        {"stall_before", "", Protocol::End::none, 0},
        {"stall_after", "", Protocol::End::none, 1},
        {"goaway_before", "", Protocol::End::cut, 0},
        {"goaway_after", "", Protocol::End::cut, 1},
        {"goaway_notice", "201", Protocol::End::polite, 1},
        {"close_before", "", Protocol::End::cut, 0},
        {"close_after", "", Protocol::End::cut, 1},
        {"garbage", "", Protocol::End::garbage, 0},
        {"garbage_after", "", Protocol::End::garbage, 1},
        {"bad_body", "400", Protocol::End::none, 0},
        {"unavailable", "503", Protocol::End::none, 0},
        {"unavailable_after", "503", Protocol::End::none, 1},
        {"status", "409", Protocol::End::none, 0},
        {"status_after", "409", Protocol::End::none, 1},
    };
    for (const auto& row : rows) {
        INFO(row.fault);
        Talk talk(rule_of(row.fault));
        CHECK(talk.say(post("good")).starts_with("HTTP/1.1 201 Created\r\n"));
        const auto answer = talk.say(post("bad"));
        CHECK(answer.substr(0, 12) == (row.answer.empty() ? "" : "HTTP/1.1 " + row.answer));
        CHECK(talk.protocol.end() == row.end);
        CHECK(talk.service.stats.accepted == 1 + row.accepted);
    }
}

TEST_CASE("what follows a request that is answered late waits for that answer") {
    auto late = rule_of("late");
    late.delay = std::chrono::seconds(3);
    Talk talk(late);
    CHECK(talk.say(post("bad") + post("good")).empty());
    CHECK(talk.service.stats.accepted == 1);
    talk.protocol.take_due(2);  // not its number
    CHECK(talk.say("").empty());
    talk.protocol.take_due(1);
    const auto answers = talk.say("");
    CHECK(answers.starts_with("HTTP/1.1 201"));
    CHECK(answers.rfind("HTTP/1.1 201") > 0);
    CHECK(talk.service.stats.accepted == 2);
    CHECK(talk.service.stats.open_streams == 0);
}

}  // namespace dispatcher::test
