#include "gateway/loopback/loopback_gateway.h"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/invariant.h"

namespace dispatcher {
namespace {

/// A far deadline must not overflow the clock of the wait.
constexpr std::chrono::hours kWaitMax{1};

}  // namespace

LoopbackGateway::LoopbackGateway(Outcome outcome, std::size_t in_flight_max,
                                 const std::string& ledger_path, Clock& clock)
    : outcome_(outcome), in_flight_max_(std::max<std::size_t>(in_flight_max, 1)), clock_(clock) {
    if (ledger_path.empty()) return;
    ledger_ = ::open(ledger_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (ledger_ < 0) throw ConfigError(ledger_path, "the ledger cannot be opened for appending");
}

LoopbackGateway::~LoopbackGateway() {
    if (ledger_ >= 0) ::close(ledger_);
}

std::size_t LoopbackGateway::capacity() const {
    return in_flight_max_ - std::min(in_flight_max_, submitted_.size());
}

void LoopbackGateway::submit(Ticket ticket, const Notification& notification) {
    submitted_.push_back(ticket);
    if (ledger_ < 0 || outcome_.kind != Outcome::Kind::accepted) return;
    lines_ += "{\"appid\":\"";
    append_json_escaped(lines_, notification.appid);
    lines_ += "\",\"notification_id\":\"";
    append_json_escaped(lines_, notification.id);
    lines_ += "\"}\n";
}

void LoopbackGateway::wait(BootTime deadline, std::vector<GatewayAnswer>& answers) {
    if (submitted_.empty()) {
        std::unique_lock lock(mutex_);
        const auto rest = std::min<BootClock::duration>(deadline - clock_.now(), kWaitMax);
        called_.wait_for(lock, rest, [this] { return is_called_; });
    }
    {
        const std::lock_guard lock(mutex_);
        is_called_ = false;
    }
    // Whole lines in one write, so that several processes may share a ledger.
    if (!lines_.empty())
        invariant(
            ::write(ledger_, lines_.data(), lines_.size()) == static_cast<ssize_t>(lines_.size()),
            "the loopback ledger can be written");
    lines_.clear();
    for (const auto ticket : submitted_)
        answers.push_back({ticket, outcome_, "loopback"});
    submitted_.clear();
}

void LoopbackGateway::wake() {
    {
        const std::lock_guard lock(mutex_);
        is_called_ = true;
    }
    called_.notify_one();
}

}  // namespace dispatcher
