#include "gateway/http2/host_lookup.h"

#include <atomic>
#include <cstring>
#include <thread>

#include <netdb.h>

namespace dispatcher::http2 {

struct HostLookup::Answer {
    std::vector<Address> addresses;
    std::string trouble;
    std::atomic<bool> is_done{false};  // releases the two above
};

namespace {

int resolve(const std::string& host, std::uint16_t port, int flags, std::vector<Address>& out) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (error != 0) return error;
    for (const auto* entry = found; entry != nullptr; entry = entry->ai_next) {
        auto& address = out.emplace_back();
        address.length = entry->ai_addrlen;
        std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    }
    freeaddrinfo(found);
    return 0;
}

}  // namespace

HostLookup::HostLookup(const Endpoint& endpoint, std::function<void()> on_done)
    : answer_(std::make_shared<Answer>()) {
    if (resolve(endpoint.host, endpoint.port, AI_NUMERICHOST, answer_->addresses) == 0) {
        answer_->is_done.store(true, std::memory_order_release);
        return;
    }
    std::thread([answer = answer_, host = endpoint.host, port = endpoint.port,
                 done = std::move(on_done)] {
        const int error = resolve(host, port, 0, answer->addresses);
        if (error != 0) answer->trouble = "cannot find host " + host + ": " + gai_strerror(error);
        answer->is_done.store(true, std::memory_order_release);
        done();
    }).detach();
}

bool HostLookup::is_done() const {
    return answer_->is_done.load(std::memory_order_acquire);
}

const std::vector<Address>& HostLookup::addresses() const {
    return answer_->addresses;
}

const std::string& HostLookup::trouble() const {
    return answer_->trouble;
}

}  // namespace dispatcher::http2
