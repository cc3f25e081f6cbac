#include "gateway/fcm/access_token.h"

#include <algorithm>
#include <utility>

namespace dispatcher::fcm {
namespace {

using std::chrono::seconds;

/// Before its end: an hour's token is renewed after 55 minutes.
constexpr seconds kRenewAhead{300};
constexpr seconds kUnusedAtTheEnd{30};
constexpr seconds kRetryFirst{1};
constexpr seconds kRetryMax{30};
constexpr unsigned kDoublingsMax = 5;
/// A renewal that is refused while the old token is still good.
constexpr seconds kRefusedRetry{60};

}  // namespace

AccessToken::AccessToken(Source source)
    : source_(std::move(source)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

AccessToken::~AccessToken() {
    thread_.request_stop();
    source_.stop();
}

std::shared_ptr<const AccessToken::Issued> AccessToken::take(BootTime now) {
    const std::lock_guard lock(mutex_);
    if (issued_ && now >= issued_->expires_at) {
        issued_.reset();
        generation_.store(0, std::memory_order_release);
    }
    if ((!issued_ && refusal_.empty()) || (issued_ && now >= issued_->renew_at)) want(now);
    return issued_;
}

http2::Standing AccessToken::standing() const {
    const std::lock_guard lock(mutex_);
    if (issued_) return http2::Standing::ready;
    return refusal_.empty() ? http2::Standing::waiting : http2::Standing::refused;
}

bool AccessToken::replace(std::uint32_t generation, BootTime now) {
    const std::lock_guard lock(mutex_);
    if (!issued_ || issued_->generation != generation) return true;  // it is replaced already
    if (issued_->is_replacement && proven_ < generation) return false;
    issued_.reset();
    generation_.store(0, std::memory_order_release);
    replaces_ = true;
    retry_at_ = now;
    want(now);
    return true;
}

void AccessToken::prove(std::uint32_t generation) {
    const std::lock_guard lock(mutex_);
    proven_ = std::max(proven_, generation);
    if (issued_ && issued_->generation == generation) replaces_ = false;
}

void AccessToken::try_again() {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(refusal_, {}).empty()) retry_at_ = {};
}

Gateway::Health AccessToken::health() const {
    const std::lock_guard lock(mutex_);
    if (issued_ || trouble_.empty()) return {};
    return {trouble_, trouble_since_};
}

std::string AccessToken::refusal() const {
    const std::lock_guard lock(mutex_);
    return refusal_;
}

int AccessToken::subscribe(std::function<void()> changed) {
    const std::lock_guard lock(mutex_);
    listeners_[++last_listener_] = std::move(changed);
    return last_listener_;
}

void AccessToken::unsubscribe(int name) {
    const std::lock_guard lock(mutex_);
    listeners_.erase(name);
}

// Plan: wait until a token is wanted, ask without holding the lock, settle what came, tell.
void AccessToken::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (wanted_changed_.wait(lock, stop, [this] { return is_wanted_; })) {
        is_asking_ = true;
        lock.unlock();
        auto answer = source_.ask();
        lock.lock();
        is_asking_ = is_wanted_ = false;
        settle(std::move(answer));
        for (const auto& [name, changed] : listeners_)
            changed();
    }
}

/// The lock is held, here and below.
void AccessToken::want(BootTime now) {
    if (is_wanted_ || is_asking_ || now < retry_at_) return;
    is_wanted_ = true;
    wanted_at_ = now;
    wanted_changed_.notify_one();
}

void AccessToken::settle(TokenAnswer answer) {
    switch (answer.kind) {
        case TokenAnswer::Kind::granted:
            break;
        case TokenAnswer::Kind::refused:
            return refuse(std::move(answer.trouble));
        case TokenAnswer::Kind::unavailable:
            return wait_longer(std::move(answer.trouble));
    }
    auto issued = std::make_shared<Issued>();
    issued->authorization = "Bearer " + answer.token.reveal();
    issued->generation = ++issued_count_;
    issued->is_replacement = replaces_;
    issued->renew_at = wanted_at_ + answer.life - std::min(kRenewAhead, answer.life / 4);
    issued->expires_at = wanted_at_ + answer.life - std::min(kUnusedAtTheEnd, answer.life / 8);
    issued_ = std::move(issued);
    refusal_.clear();
    trouble_.clear();
    failures_ = 0;
    retry_at_ = {};
    generation_.store(issued_count_, std::memory_order_release);
}

void AccessToken::refuse(std::string trouble) {
    retry_at_ = wanted_at_ + kRefusedRetry;
    if (!issued_) refusal_ = std::move(trouble);
}

void AccessToken::wait_longer(std::string trouble) {
    if (trouble_.empty()) trouble_since_ = wanted_at_;
    trouble_ = std::move(trouble);
    retry_at_ =
        wanted_at_ + std::min(kRetryFirst * (1U << std::min(failures_, kDoublingsMax)), kRetryMax);
    ++failures_;
}

}  // namespace dispatcher::fcm
