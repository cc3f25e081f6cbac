#include "gateway/webpush/push_service.h"

#include "gateway/http2/retry_after.h"
#include "gateway/webpush/webpush_payload.h"
#include "gateway/webpush/webpush_reply.h"
#include "gateway/webpush/webpush_request.h"

namespace dispatcher::webpush {

PushService::PushService(std::string authority, Sealing& sealing)
    : authority_(std::move(authority)),
      sealing_(sealing),
      token_(sealing.identity, "https://" + authority_) {}

void PushService::compose(const Notification& notification, BootTime now,
                          http2::HeaderMemory& memory, http2::Request& request,
                          http2::Fields& fields, std::uint32_t&) {
    fill_payload(notification, sealing_.payload);
    sealing_.seal.seal(sealing_.payload, sealing_.random, request.body);
    const auto wall = sealing_.clock.wall();
    write_fields(subscription_, notification, token_.authorization(now, wall), wall, memory,
                 request, fields);
}

http2::Verdict PushService::judge(const http2::Reply& reply, std::uint32_t, BootTime) {
    const auto meaning = read_reply(reply);
    switch (meaning.kind) {
        case ReplyClass::accepted:
            return {Outcome::accepted(), meaning.detail, true};
        case ReplyClass::gone:
            return {Outcome::rejected(Reason::unregistered), meaning.detail, true};
        case ReplyClass::payload_too_large:
            return {Outcome::rejected(Reason::payload_too_large), meaning.detail, true};
        case ReplyClass::bad_request:
            sealing_.fault = authority_ + ": " + std::string(meaning.detail) +
                             ": check the template and its webpush block";
            return {Outcome::rejected(Reason::bad_request, true), meaning.detail};
        case ReplyClass::unauthorized:
            sealing_.fault = authority_ + ": " + std::string(meaning.detail) +
                             ": check vapid_key_file (it must be the key that the pages subscribe "
                             "with), subject and this machine's clock";
            return {Outcome::rejected(Reason::bad_device_token, true), meaning.detail};
        case ReplyClass::misdirected:
            return {Outcome::not_sent(Reason::misdirected), meaning.detail, false, true};
        case ReplyClass::too_many_requests:
            return {
                Outcome::refused(Reason::too_many_requests,
                                 http2::read_retry_after(reply.retry_after, sealing_.clock.wall())),
                meaning.detail, true};
        case ReplyClass::server_error:
            return {Outcome::unknown(Reason::server_error), meaning.detail};
        case ReplyClass::unknown:
            break;
    }
    return {Outcome::unknown(Reason::bad_answer), meaning.detail};
}

}  // namespace dispatcher::webpush
