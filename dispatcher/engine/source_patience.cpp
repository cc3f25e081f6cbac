#include "engine/source_patience.h"

namespace dispatcher {
namespace {

constexpr std::chrono::milliseconds kRetry{1000};
/// Whoever did not ask for so long (every send window was closed, say) begins anew.
constexpr std::chrono::seconds kForgotten{60};

}  // namespace

bool SourcePatience::bears(const std::string& why, BootTime now) {
    if (failing_since_ && now - retry_at_ > kForgotten) failing_since_ = now;
    if (!failing_since_) {
        failing_since_ = now;
        observer_.source_lost(why);
    }
    retry_at_ = now + kRetry;
    return now - *failing_since_ < options_.store_patience;
}

void SourcePatience::succeeded() {
    if (!failing_since_) return;
    failing_since_.reset();
    retry_at_ = {};
    observer_.source_restored();
}

}  // namespace dispatcher
