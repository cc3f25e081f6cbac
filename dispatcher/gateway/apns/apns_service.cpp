#include "gateway/apns/apns_service.h"

#include "gateway/http2/retry_after.h"

namespace dispatcher::apns {

ApnsService::ApnsService(const http2::Endpoint& endpoint, std::string topic,
                         std::unique_ptr<ProviderToken> token, Clock& clock)
    : clock_(clock), request_(endpoint, std::move(topic)), token_(std::move(token)) {}

void ApnsService::compose(const Notification& notification, BootTime now,
                          http2::HeaderMemory& memory, http2::Request& request,
                          http2::Fields& fields, std::uint32_t& memo) {
    const auto authorization = token_ ? token_->authorization(now) : std::string_view();
    memo = token_ ? token_->generation() : 0;
    request_.write(notification, authorization, memory, request, fields);
}

http2::Verdict ApnsService::judge(const http2::Reply& reply, std::uint32_t memo, BootTime now) {
    const auto meaning = read_reply(reply);
    const auto retry_after = [&] {
        return http2::read_retry_after(reply.retry_after, clock_.wall());
    };
    switch (meaning.kind) {
        case ReplyClass::accepted:
            return {Outcome::accepted(), meaning.detail, true};
        case ReplyClass::unregistered:
            return {Outcome::dead_token(Reason::unregistered, meaning.dead_since), meaning.detail,
                    true};
        case ReplyClass::expired_token:
            return {Outcome::dead_token(Reason::expired_token, meaning.dead_since), meaning.detail,
                    true};
        case ReplyClass::bad_device_token:
            return {Outcome::rejected(Reason::bad_device_token, true), meaning.detail};
        case ReplyClass::bad_request:
            return {Outcome::rejected(Reason::bad_request, true), meaning.detail};
        case ReplyClass::payload_too_large:
            return {Outcome::rejected(Reason::payload_too_large), meaning.detail};
        case ReplyClass::idle_timeout:
        case ReplyClass::misdirected:
            return {Outcome::not_sent(Reason::misdirected), meaning.detail, false, true};
        case ReplyClass::too_many_requests:
            return {Outcome::refused(Reason::too_many_requests, retry_after()), meaning.detail};
        case ReplyClass::token_updated_too_often:
            if (token_) token_->take_back_renewal(now);
            return {Outcome::refused(Reason::too_many_requests, retry_after()), meaning.detail};
        case ReplyClass::service_unavailable:
            return {Outcome::refused(Reason::service_unavailable, retry_after()), meaning.detail};
        case ReplyClass::shutdown:
            return {Outcome::refused(Reason::service_unavailable, retry_after()), meaning.detail,
                    false, true};
        case ReplyClass::token_expired:
            return judge_expired_token(meaning, memo, now);
        case ReplyClass::fault:
            return fault_of(meaning);
        case ReplyClass::server_error:
            return {Outcome::unknown(Reason::server_error), meaning.detail};
        case ReplyClass::unknown:
            break;
    }
    return {Outcome::unknown(Reason::bad_answer), meaning.detail};
}

/// Requests that carried an older token than the present one, and those that make us renew it, were
/// not processed and fare better with the new one. A token that is called expired although it
/// cannot be renewed yet is the operator's matter.
http2::Verdict ApnsService::judge_expired_token(const ReplyMeaning& meaning,
                                                std::uint32_t generation, BootTime now) {
    if (!token_) return fault_of(meaning);
    if (generation == token_->generation() && !token_->renew_early(now)) return fault_of(meaning);
    return {Outcome::not_sent(Reason::token_expired), meaning.detail, false, true};
}

http2::Verdict ApnsService::fault_of(const ReplyMeaning& meaning) {
    fault_ = std::string(meaning.detail) + ": " + std::string(meaning.advice);
    return {Outcome::campaign_fault(), meaning.detail};
}

}  // namespace dispatcher::apns
