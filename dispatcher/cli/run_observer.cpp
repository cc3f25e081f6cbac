#include "cli/run_observer.h"

#include "base/log.h"
#include "cli/number_text.h"

namespace dispatcher::cli {

void RunObserver::already_claimed(std::size_t recipients) {
    already_claimed_ += recipients;
    log(LogLevel::info, "{} already claimed by another worker",
        recipients == 1 ? "1 recipient was" : with_separators(recipients) + " recipients were");
}

void RunObserver::gateway_lost(const std::string& gateway, const std::string& why) {
    log(LogLevel::warn,
        "gateway {} is out of reach: {}; waiting for it: nothing is sent meanwhile, and only "
        "what was on the wire has spent a try",
        gateway, why);
}

void RunObserver::gateway_restored(const std::string& gateway) {
    log(LogLevel::info, "gateway {} is back", gateway);
}

void RunObserver::store_lost(const std::string& why) {
    log(LogLevel::warn,
        "the store is out of reach: {}; nothing more is claimed, answers are kept until it is back",
        why);
}

void RunObserver::store_restored() {
    log(LogLevel::info, "the store is back");
}

void RunObserver::source_lost(const std::string& why) {
    log(LogLevel::warn,
        "the source of the devices' addresses is out of reach: {}; nothing more is claimed until "
        "it is back",
        why);
}

void RunObserver::source_restored() {
    log(LogLevel::info, "the source of the devices' addresses is back");
}

void RunObserver::campaign_paused(const std::string& cause) {
    log(LogLevel::error, "the campaign is paused: {}", cause);
}

void RunObserver::tokens_died(const std::string& gateway, std::vector<DeadDevice> devices) {
    if (teller_ != nullptr) teller_->tell(gateway, std::move(devices));
}

}  // namespace dispatcher::cli
