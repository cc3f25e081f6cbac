#include "mockgateway/mock_gateway.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/invariant.h"
#include "base/random.h"
#include "mockgateway/connection.h"
#include "mockgateway/delay_queue.h"
#include "mockgateway/fault_file.h"
#include "mockgateway/fcm/service_account_file.h"
#include "mockgateway/listener.h"
#include "mockgateway/roles.h"
#include "mockgateway/server_certificate.h"
#include "mockgateway/service.h"

namespace dispatcher {
namespace {

using namespace mock;

constexpr std::size_t kEventsPerTurn = 64;
constexpr std::size_t kInputBufferBytes = 65'536;
// What an epoll event stands for when it is no connection's number.
constexpr std::uint64_t kListenerEvent = UINT64_MAX;
constexpr std::uint64_t kWakeEvent = UINT64_MAX - 1;
constexpr std::uint64_t kTimerEvent = UINT64_MAX - 2;

/// A file descriptor that closes itself.
class Handle {
  public:
    explicit Handle(int fd) : fd_(fd) { invariant(fd >= 0, "the kernel grants a descriptor"); }
    ~Handle() { ::close(fd_); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    [[nodiscard]] int get() const { return fd_; }

  private:
    const int fd_;
};

std::string endpoint_of(const Listener& listener, bool cleartext) {
    return fmt::format("{}://{}:{}", cleartext ? "http" : "https", listener.host(),
                       listener.port());
}

/// Makes the service account that is named and not there.
const MockGatewayOptions& with_account(const MockGatewayOptions& options,
                                       const Listener& listener) {
    const auto& file = options.fcm_service_account_file;
    if (!file.empty() && !std::filesystem::exists(file)) {
        if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
        write_service_account(file, endpoint_of(listener, options.cleartext) + "/token");
    }
    return options;
}

FaultRules fault_rules(const MockGatewayOptions& options) {
    return options.faults_file.empty() ? FaultRules() : read_fault_file(options.faults_file);
}

/// OpenSSL writes with write(2): a peer that has left must be an error, not a signal.
void block_sigpipe() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

/// A turn: wait, read and judge what came, write the ledger, and only then send the answers.
struct MockGateway::Loop {
    explicit Loop(const MockGatewayOptions& options)
        : connection_options{options.streams, options.first_streams, options.latency,
                             options.cleartext, options.http1_only},
          listener(options.listen),
          service(make_roles(with_account(options, listener), random), fault_rules(options),
                  options.ledger_file) {
        if (!options.cleartext)
            certificate.emplace(CertificateOptions{options.cert_file, options.key_file,
                                                   options.tls_dir, options.apns_client_ca_file,
                                                   options.http1_only});
        watch(listener.socket(), kListenerEvent);
        watch(wake.get(), kWakeEvent);
        watch(timer.get(), kTimerEvent);
    }

    void run(const std::stop_token& stop) {
        block_sigpipe();
        const std::stop_callback on_stop(stop, [this] { ::eventfd_write(wake.get(), 1); });
        while (!stop.stop_requested())
            turn();
        connections.clear();
    }

    void turn() {
        std::array<epoll_event, kEventsPerTurn> events{};
        const int count =
            ::epoll_wait(epoll.get(), events.data(), kEventsPerTurn, unfinished.empty() ? -1 : 0);
        service.start_turn(clock.now(), clock.wall());
        touched.swap(unfinished);
        unfinished.clear();
        for (int i = 0; i < count; ++i)
            sort_out(events[static_cast<std::size_t>(i)].data.u64);
        keep_single(touched);
        for (const auto number : touched)
            if (connections.at(number).connection->take_input(buffer)) unfinished.push_back(number);
        take_due();
        service.write_ledger();
        keep_single(touched);
        for (const auto number : touched)
            send(number);
        set_timer();
    }

    void sort_out(std::uint64_t event) {
        std::uint64_t ticks = 0;
        switch (event) {
            case kListenerEvent:
                return accept();
            case kTimerEvent:
                timer_set_for.reset();
                [[fallthrough]];
            case kWakeEvent:
                (void)!::read(event == kTimerEvent ? timer.get() : wake.get(), &ticks,
                              sizeof ticks);
                return;
            default:
                touched.push_back(event);
        }
    }

    void accept() {
        while (const auto socket = listener.accept()) {
            const auto number = ++last_number;
            auto transport = std::make_unique<Transport>(
                *socket, certificate ? certificate->context() : nullptr);
            watch(*socket, number);
            connections[number].connection = std::make_unique<Connection>(
                std::move(transport), Surroundings{number, service, delays, connection_options});
            touched.push_back(number);
        }
    }

    void take_due() {
        while (const auto due = delays.pop_due(service.now())) {
            const auto found = connections.find(due->connection);
            if (found == connections.end()) continue;
            found->second.connection->take_due(due->stream);
            touched.push_back(due->connection);
        }
    }

    void send(std::uint64_t number) {
        auto& [connection, watched_for_writing] = connections.at(number);
        connection->send_output();
        if (connection->ended()) {
            connections.erase(number);
            return;
        }
        const bool wants_write = connection->wants_write();
        if (wants_write == watched_for_writing) return;
        watched_for_writing = wants_write;
        watch(connection->socket(), number, wants_write, EPOLL_CTL_MOD);
    }

    void watch(int fd, std::uint64_t event, bool writable = false, int verb = EPOLL_CTL_ADD) const {
        epoll_event wanted{};
        wanted.events = EPOLLIN | (writable ? EPOLLOUT : 0U);
        wanted.data.u64 = event;
        invariant(::epoll_ctl(epoll.get(), verb, fd, &wanted) == 0, "a descriptor can be watched");
    }

    void set_timer() {
        const auto due = delays.next_due();
        if (!due || due == timer_set_for) return;
        timer_set_for = due;
        const auto since_boot = due->time_since_epoch();
        const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
        itimerspec at{};
        at.it_value.tv_sec = seconds.count();
        at.it_value.tv_nsec = (since_boot - seconds).count();
        ::timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &at, nullptr);
    }

    /// Leaves each open connection once, and none that has ended.
    void keep_single(std::vector<std::uint64_t>& numbers) const {
        std::sort(numbers.begin(), numbers.end());
        numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
        std::erase_if(numbers, [this](auto number) { return connections.count(number) == 0; });
    }

    struct Watched {
        std::unique_ptr<Connection> connection;
        bool for_writing = false;
    };

    const ConnectionOptions connection_options;
    SystemClock clock;
    SystemRandom random;
    Listener listener;
    Service service;
    std::optional<ServerCertificate> certificate;  // none: in the clear
    Handle epoll{::epoll_create1(EPOLL_CLOEXEC)};
    Handle wake{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    Handle timer{::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC)};
    DelayQueue delays;
    std::unordered_map<std::uint64_t, Watched> connections;
    std::uint64_t last_number = 0;
    std::vector<std::uint64_t> touched;     // connections with something to do in this turn
    std::vector<std::uint64_t> unfinished;  // those that may have more input at once
    std::optional<BootTime> timer_set_for;
    std::vector<std::uint8_t> buffer = std::vector<std::uint8_t>(kInputBufferBytes);
};

MockGateway::MockGateway(const MockGatewayOptions& options)
    : loop_(std::make_unique<Loop>(options)) {}

MockGateway::~MockGateway() = default;

std::uint16_t MockGateway::port() const {
    return loop_->listener.port();
}

std::string MockGateway::endpoint() const {
    return endpoint_of(loop_->listener, !loop_->certificate);
}

void MockGateway::run(const std::stop_token& stop) {
    loop_->run(stop);
}

}  // namespace dispatcher
