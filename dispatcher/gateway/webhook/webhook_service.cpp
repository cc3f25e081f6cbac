#include "gateway/webhook/webhook_service.h"

#include "gateway/http2/retry_after.h"
#include "gateway/webhook/webhook_reply.h"

namespace dispatcher::webhook {

WebhookService::WebhookService(WebhookRequest request,
                               std::optional<std::chrono::milliseconds> repeatable_for,
                               DeadStatuses dead, Clock& clock)
    : request_(std::move(request)),
      repeatable_for_(repeatable_for),
      dead_(std::move(dead)),
      clock_(clock) {}

void WebhookService::compose(const Notification& notification, BootTime, http2::HeaderMemory&,
                             http2::Request& request, http2::Fields& fields, std::uint32_t&) {
    request_.write(notification, clock_.wall(), request, fields);
}

http2::Verdict WebhookService::judge(const http2::Reply& reply, std::uint32_t, BootTime) {
    // A wrong url answers so too, to all of them: the breaker is to look first.
    if (dead_.contains(reply.status))
        return {Outcome::rejected(Reason::unregistered, true), "one of dead_statuses"};
    const auto& meaning = read_status(reply.status);
    const auto after = http2::read_retry_after(reply.retry_after, clock_.wall());
    switch (meaning.kind) {
        case ReplyClass::accepted:
            return {Outcome::accepted(), meaning.detail};
        case ReplyClass::gone:
            return {Outcome::rejected(Reason::unregistered), meaning.detail};
        case ReplyClass::misdirected:
            return {Outcome::not_sent(Reason::misdirected), meaning.detail, false, true};
        case ReplyClass::too_many_requests:
            return {Outcome::refused(Reason::too_many_requests, after), meaning.detail};
        case ReplyClass::in_progress:
            return {Outcome::refused(Reason::key_in_progress, after), meaning.detail};
        case ReplyClass::fault:
            fault_ = std::string(meaning.detail) + ": " + std::string(meaning.advice);
            return {Outcome::campaign_fault(), meaning.detail};
        case ReplyClass::server_error: {
            auto outcome = Outcome::unknown(Reason::server_error);
            outcome.retry_after = after;
            return {outcome, meaning.detail};
        }
        case ReplyClass::unknown:
            break;
    }
    return {Outcome::unknown(Reason::bad_answer), meaning.detail};
}

}  // namespace dispatcher::webhook
