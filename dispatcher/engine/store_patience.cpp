#include "engine/store_patience.h"

namespace dispatcher {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetry{200};
/// A deadlock or a lock held by somebody else ends by itself within this time.
constexpr milliseconds kRefusedBriefly{1000};
constexpr std::uint64_t kRefusedRetryMs = 20;

bool is_refusal(const StoreError& error) {
    using enum StoreError::Kind;
    return error.kind() == not_applied || error.kind() == lock_timeout || error.kind() == duplicate;
}

}  // namespace

bool StorePatience::bears(const StoreError& error, BootTime now) {
    if (!failing_since_) failing_since_ = now;
    const auto failing_for = now - *failing_since_;
    if (is_refusal(error) && failing_for < kRefusedBriefly) {
        retry_at_ = now + milliseconds(1 + random_.next() % kRefusedRetryMs);
        return true;
    }
    if (!is_lost_) {
        is_lost_ = true;
        observer_.store_lost(error.what());
    }
    retry_at_ = now + kRetry;
    return failing_for < options_.store_patience;
}

void StorePatience::succeeded() {
    failing_since_.reset();
    if (!is_lost_) return;
    is_lost_ = false;
    observer_.store_restored();
}

}  // namespace dispatcher
