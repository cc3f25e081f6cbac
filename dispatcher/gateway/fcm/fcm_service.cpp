#include "gateway/fcm/fcm_service.h"

#include <algorithm>
#include <utility>

#include "gateway/http2/retry_after.h"

namespace dispatcher::fcm {
namespace {

/// Firebase, "ErrorCode": where a 429 names no time, not before a minute.
constexpr std::chrono::milliseconds kQuotaRest{60'000};
/// So many 429s and nothing accepted between them: not some devices, but the project is over its
/// quota, and others would only use up their tries.
constexpr unsigned kQuotaHitsMax = 50;

}  // namespace

FcmService::FcmService(FcmRequest request, std::shared_ptr<AccessToken> token, Clock& clock)
    : clock_(clock), request_(std::move(request)), token_(std::move(token)) {}

FcmService::~FcmService() {
    token_->unsubscribe(subscription_);
}

void FcmService::tell_changes(std::function<void()> changed) {
    subscription_ = token_->subscribe(std::move(changed));
}

http2::Standing FcmService::standing(BootTime now) {
    if (now < rests_until_) return http2::Standing::waiting;
    const auto& held = kept_[current_];
    if (held && held->generation == token_->generation() && now < held->renew_at)
        return http2::Standing::ready;
    auto issued = token_->take(now);
    if (!issued) return token_->standing();
    if (!held || held->generation != issued->generation) {
        current_ = (current_ + 1) % kKept;
        kept_[current_] = std::move(issued);
    }
    return http2::Standing::ready;
}

void FcmService::compose(const Notification& notification, BootTime /*now*/,
                         http2::HeaderMemory& /*memory*/, http2::Request& request,
                         http2::Fields& fields, std::uint32_t& memo) {
    const auto& held = kept_[current_];
    memo = held->generation;
    request_.write(notification, held->authorization, clock_.wall(), request, fields);
}

http2::Verdict FcmService::judge(const http2::Reply& reply, std::uint32_t memo, BootTime now) {
    const auto meaning = read_reply(reply);
    switch (meaning.kind) {
        case ReplyClass::accepted:
            if (proven_ < memo) token_->prove(proven_ = memo);
            quota_hits_ = 0;
            return {Outcome::accepted(), meaning.detail};
        case ReplyClass::unregistered:
            return {Outcome::rejected(Reason::unregistered), meaning.detail};
        case ReplyClass::bad_token:
            return {Outcome::rejected(Reason::bad_device_token), meaning.detail};
        case ReplyClass::sender_mismatch:
        case ReplyClass::bad_token_by_text:
            return {Outcome::rejected(Reason::bad_device_token, true), meaning.detail};
        case ReplyClass::payload_too_large:
            return {Outcome::rejected(Reason::payload_too_large), meaning.detail};
        case ReplyClass::misdirected:
            return {Outcome::not_sent(Reason::misdirected), meaning.detail, false, true};
        case ReplyClass::too_many_requests:
            return judge_quota(reply, meaning, now);
        case ReplyClass::unauthorized:
            return judge_unauthorized(meaning, memo, now);
        case ReplyClass::fault:
            return fault_of(meaning);
        case ReplyClass::server_error:
            return {Outcome::unknown(Reason::server_error), meaning.detail};
        case ReplyClass::unknown:
            break;
    }
    return {Outcome::unknown(Reason::bad_answer), meaning.detail};
}

/// Nothing was processed. An access token that was good until now is replaced once; where the
/// replacement is refused too, it is the operator's matter.
http2::Verdict FcmService::judge_unauthorized(const ReplyMeaning& meaning, std::uint32_t generation,
                                              BootTime now) {
    if (!token_->replace(generation, now)) return fault_of(meaning);
    return {Outcome::not_sent(Reason::token_expired), meaning.detail};
}

http2::Verdict FcmService::judge_quota(const http2::Reply& reply, const ReplyMeaning& meaning,
                                       BootTime now) {
    const auto rest =
        http2::read_retry_after(reply.retry_after, clock_.wall()).value_or(kQuotaRest);
    if (++quota_hits_ >= kQuotaHitsMax) {
        quota_hits_ = 0;
        rests_until_ = now + std::min(rest, kQuotaRest);
    }
    return {Outcome::refused(Reason::too_many_requests, rest), meaning.detail};
}

http2::Verdict FcmService::fault_of(const ReplyMeaning& meaning) {
    fault_ = std::string(meaning.detail);
    if (!meaning.words.empty()) fault_ += ": " + meaning.words;
    fault_ += "; " + std::string(meaning.advice);
    return {Outcome::campaign_fault(), meaning.detail};
}

std::string FcmService::fault() const {
    auto refusal = token_->refusal();
    return refusal.empty() ? fault_ : refusal;
}

}  // namespace dispatcher::fcm
