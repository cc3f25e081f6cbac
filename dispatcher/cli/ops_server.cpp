#include "cli/ops_server.h"

#include <mutex>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <httplib.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/host_name.h"
#include "base/log.h"

namespace dispatcher::cli {
namespace {

// A probe and a scraper need few threads; half-sent requests must not take them all.
constexpr std::size_t kThreads = 12;
constexpr int kReadTimeoutSeconds = 5;
constexpr int kBacklog = 511;
constexpr auto kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
constexpr auto kText = "text/plain; charset=utf-8";

Authority parse_listen(const std::string& listen) {
    constexpr std::uint16_t kAnyFree = 0;
    const auto address = parse_authority(listen, kAnyFree);
    if (address && address->port) return *address;
    throw ConfigError("server.ops_listen",
                      fmt::format("'{}' is not of the form 127.0.0.1:8081", listen));
}

prometheus::MetricFamily family(prometheus::MetricType type, const char* name, const char* help,
                                std::uint64_t value) {
    prometheus::MetricFamily made;
    made.name = name;
    made.help = help;
    made.type = type;
    prometheus::ClientMetric metric;
    if (type == prometheus::MetricType::Counter)
        metric.counter.value = static_cast<double>(value);
    else
        metric.gauge.value = static_cast<double>(value);
    made.metric.push_back(metric);
    return made;
}

}  // namespace

std::string metrics_text(const Tally& tally) {
    constexpr auto kCounter = prometheus::MetricType::Counter;
    const std::vector<prometheus::MetricFamily> families = {
        family(kCounter, "pushonce_claimed_total", "Recipients claimed by this process",
               tally.claimed),
        family(kCounter, "pushonce_sent_total", "Notifications handed to a gateway", tally.sent),
        family(kCounter, "pushonce_delivered_total", "Notifications accepted by a gateway",
               tally.delivered),
        family(kCounter, "pushonce_rejected_total", "Devices refused for good by a gateway",
               tally.rejected),
        family(kCounter, "pushonce_in_doubt_total", "Notifications that may have been sent",
               tally.in_doubt),
        family(kCounter, "pushonce_released_total", "Claims given back, proved not sent",
               tally.released),
        family(kCounter, "pushonce_raced_total", "Recipients another worker claimed first",
               tally.raced),
        family(prometheus::MetricType::Gauge, "pushonce_on_the_wire",
               "Notifications sent and not answered yet", tally.on_the_wire),
    };
    return prometheus::TextSerializer().Serialize(families);
}

struct OpsServer::Server {
    httplib::Server http;
    std::mutex store_mutex;
    int socket = -1;
    int port = 0;
    std::jthread thread;
};

namespace {

/// What the guards refuse: bodies that are not what they seem, and multiplied answers.
bool is_refused(const httplib::Request& request) {
    return request.has_header("Transfer-Encoding") || request.has_header("Content-Encoding") ||
           request.has_header("Range") || (request.method != "GET" && request.method != "HEAD");
}

void guard(httplib::Server& http) {
    http.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    http.set_read_timeout(kReadTimeoutSeconds, 0);
    http.set_write_timeout(kReadTimeoutSeconds, 0);
    http.set_keep_alive_max_count(1);
    http.set_payload_max_length(0);
    http.set_pre_routing_handler([](const httplib::Request& request, httplib::Response& response) {
        if (!is_refused(request)) return httplib::Server::HandlerResponse::Unhandled;
        response.status = 400;
        response.set_content("GET without body or range only\n", kText);
        return httplib::Server::HandlerResponse::Handled;
    });
    // The default one would print what() in a header. The only thing that throws is the store.
    http.set_exception_handler(
        [](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
            response.status = 503;
            response.set_content("the store cannot be read\n", kText);
        });
}

}  // namespace

OpsServer::OpsServer(const std::string& listen, std::function<std::string()> metrics,
                     std::function<void()> check_store)
    : server_(std::make_unique<Server>()) {
    const auto address = parse_listen(listen);
    const std::string host(address.host_name());
    auto& http = server_->http;
    guard(http);
    http.set_socket_options([this](auto socket) {
        const int yes = 1;
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        server_->socket = socket;
    });
    http.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
        response.set_content("ok\n", kText);
    });
    http.Get("/readyz", [this, check = std::move(check_store)](const httplib::Request&,
                                                               httplib::Response& response) {
        const std::lock_guard lock(server_->store_mutex);
        check();
        response.set_content("ready\n", kText);
    });
    http.Get("/metrics",
             [text = std::move(metrics)](const httplib::Request&, httplib::Response& response) {
                 response.set_content(text(), kMetricsType);
             });

    server_->port = *address.port;
    const bool bound = server_->port == 0 ? (server_->port = http.bind_to_any_port(host)) > 0
                                          : http.bind_to_port(host, server_->port);
    if (!bound)
        throw UnavailableError(fmt::format(
            "server.ops_listen: {} cannot be listened on; another process may have it", listen));
    // The library is built with a backlog of 5, where a burst of probes waits for seconds.
    ::listen(server_->socket, kBacklog);
    server_->thread = std::jthread([this] { server_->http.listen_after_bind(); });
    log(LogLevel::info, "health and metrics on http://{}:{}", host, server_->port);
}

OpsServer::~OpsServer() {
    // stop() does nothing before the thread has begun to listen.
    while (!server_->http.is_running())
        std::this_thread::yield();
    server_->http.stop();
    server_->thread.join();
}

std::uint16_t OpsServer::port() const {
    return static_cast<std::uint16_t>(server_->port);
}

}  // namespace dispatcher::cli
