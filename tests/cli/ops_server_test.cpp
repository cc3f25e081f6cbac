#include "cli/ops_server.h"

#include <array>
#include <stdexcept>
#include <string>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "support/catch.h"

namespace dispatcher::cli {
namespace {

/// Sends bytes to a port of this machine and reads until the other side closes.
std::string converse(std::uint16_t port, const std::string& request) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(write(socket, request.data(), request.size()) == static_cast<ssize_t>(request.size()));
    std::string answer;
    std::array<char, 4096> buffer{};
    for (ssize_t bytes = 0; (bytes = read(socket, buffer.data(), buffer.size())) > 0;)
        answer.append(buffer.data(), static_cast<std::size_t>(bytes));
    close(socket);
    return answer;
}

std::string get(std::uint16_t port, const std::string& path, const std::string& headers = "") {
    return converse(port, "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n");
}

std::string no_metrics() {
    return {};
}

}  // namespace

TEST_CASE("health, readiness and metrics are served") {
    Tally tally;
    tally.delivered = 42;
    const OpsServer server(
        "127.0.0.1:0", [&tally] { return metrics_text(tally); }, [] {});
    CHECK(get(server.port(), "/healthz").starts_with("HTTP/1.1 200"));
    CHECK(get(server.port(), "/readyz").starts_with("HTTP/1.1 200"));
    const auto metrics = get(server.port(), "/metrics");
    CHECK(metrics.find("# TYPE pushonce_delivered_total counter") != std::string::npos);
    CHECK(metrics.find("pushonce_delivered_total 42") != std::string::npos);
    CHECK(get(server.port(), "/other").starts_with("HTTP/1.1 404"));
}

TEST_CASE("a store that cannot be read is not ready, and the answer does not say why") {
    const OpsServer server("127.0.0.1:0", no_metrics,
                           [] { throw std::runtime_error("password is s3cret"); });
    const auto answer = get(server.port(), "/readyz");
    CHECK(answer.starts_with("HTTP/1.1 503"));
    CHECK(answer.find("s3cret") == std::string::npos);
    CHECK(get(server.port(), "/healthz").starts_with("HTTP/1.1 200"));
}

TEST_CASE("bodies in disguise and ranges are refused, and nothing behind them is run") {
    const OpsServer server("127.0.0.1:0", no_metrics, [] {});
    for (const auto* const header :
         {"Transfer-Encoding: chunked\r\n", "Content-Encoding: gzip\r\n", "Range: bytes=0-1\r\n"})
        CHECK(get(server.port(), "/metrics", header).starts_with("HTTP/1.1 400"));
    const auto smuggled = converse(server.port(),
                                   "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 35\r\n\r\n"
                                   "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(smuggled.starts_with("HTTP/1.1 4"));
    CHECK(smuggled.find("pushonce_") == std::string::npos);
}

TEST_CASE("an address that is none, or is taken, is told") {
    CHECK_THROWS_AS(OpsServer("8081", no_metrics, [] {}), ConfigError);
    CHECK_THROWS_AS(OpsServer("127.0.0.1:70000", no_metrics, [] {}), ConfigError);
    const OpsServer first("127.0.0.1:0", no_metrics, [] {});
    CHECK_THROWS_AS(OpsServer("127.0.0.1:" + std::to_string(first.port()), no_metrics, [] {}),
                    UnavailableError);
}

}  // namespace dispatcher::cli
