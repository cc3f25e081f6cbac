#include "gateway/apns/provider_token.h"

namespace dispatcher::apns {
namespace {

constexpr std::chrono::minutes kGoodFor{60};
constexpr std::string_view kWhatItIs = "key_file is the .p8 file that Apple gave for the key id";

}  // namespace

ProviderToken::ProviderToken(const CredentialFile& key_file, std::string key_id,
                             std::string team_id, Clock& clock)
    : key_(key_file, kWhatItIs),
      key_id_(std::move(key_id)),
      team_id_(std::move(team_id)),
      clock_(clock) {}

std::string_view ProviderToken::authorization(BootTime now) {
    if (generation_ == 0 || now - issued_at_[current_] >= kRenewAfter) renew(now);
    return texts_[current_];
}

bool ProviderToken::renew_early(BootTime now) {
    if (generation_ != 0 && now - renewed_at_ < kRenewalGap) return false;
    renew(now);
    return true;
}

void ProviderToken::take_back_renewal(BootTime now) {
    const auto previous = (current_ + kKept - 1) % kKept;
    if (texts_[previous].empty() || now - issued_at_[previous] >= kGoodFor) return;
    if (issued_at_[previous] > issued_at_[current_]) return;
    current_ = previous;
}

void ProviderToken::renew(BootTime now) {
    const auto seconds =
        std::chrono::floor<std::chrono::seconds>(clock_.wall().time_since_epoch()).count();
    const auto token =
        key_.sign(R"({"alg":"ES256","kid":")" + key_id_ + "\"}",
                  R"({"iss":")" + team_id_ + R"(","iat":)" + std::to_string(seconds) + "}");
    current_ = (current_ + 1) % kKept;
    texts_[current_] = "bearer " + token;
    issued_at_[current_] = renewed_at_ = now;
    ++generation_;
}

}  // namespace dispatcher::apns
