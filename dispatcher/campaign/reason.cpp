#include "campaign/reason.h"

#include <array>

namespace dispatcher {
namespace {

struct Entry {
    Reason reason;
    std::string_view name;
    std::string_view sentence;
};

using enum Reason;

constexpr std::array kReasons = {
    Entry{none, "", ""},
    Entry{assumed, "assumed",
          "It may have been sent and was never answered; a policy or a person counts it as "
          "delivered."},

    Entry{
        unregistered, "unregistered",
        "The gateway says that the app is no longer installed on this device; its token is dead."},
    Entry{expired_token, "expired_token",
          "The gateway says that this device token has expired; it is dead."},
    Entry{bad_device_token, "bad_device_token",
          "The gateway does not know this device token, or it belongs to the other environment."},
    Entry{payload_too_large, "payload_too_large",
          "The rendered message is larger than the gateway takes; it was not sent."},
    Entry{bad_request, "bad_request",
          "The gateway refused the request of this device alone as malformed."},
    Entry{render_failed, "render_failed",
          "The template cannot be rendered with this recipient's data; nothing was sent."},
    Entry{rejected_by_request, "rejected_by_request",
          "The gateway rejected this device as it was told to."},

    Entry{unreachable, "unreachable",
          "No connection to the gateway could be made; nothing was sent."},
    Entry{never_framed, "never_framed",
          "The connection ended while the request still waited on this machine; nothing was sent."},
    Entry{goaway, "goaway",
          "The gateway closed the connection and named this request as not processed."},
    Entry{refused_stream, "refused_stream",
          "The gateway refused the request before it processed anything of it."},
    Entry{too_many_requests, "too_many_requests",
          "The gateway asks to come back later: too many requests."},
    Entry{service_unavailable, "service_unavailable",
          "The gateway asks to come back later: it is busy or under maintenance."},
    Entry{misdirected, "misdirected",
          "The gateway did not process the request on this connection; another one will do."},
    Entry{
        stopped, "stopped",
        "It was taken back before it was sent, because of a pause, a cancel, a shutdown or a lost "
        "lease."},
    Entry{never_written, "never_written",
          "The process that claimed it died; its journal proves that nothing was sent."},
    Entry{campaign_fault, "campaign_fault",
          "The gateway refused the configuration, not the device; nothing was delivered."},
    Entry{operator_released, "operator_released", "An operator gave this device a second chance."},
    Entry{resend, "resend",
          "It may have been sent already; a policy or an operator ordered to send it again."},
    Entry{
        token_expired, "token_expired",
        "The gateway called our own credentials expired and processed nothing; they were renewed."},

    Entry{rejected_before, "rejected_before",
          "The gateway rejected it before, and an operator gave this device a second chance."},

    Entry{window_closed, "window_closed",
          "Its send window closed before it was sent; it waits for the next one."},
    Entry{key_in_progress, "key_in_progress",
          "The webhook asks to come back later: it still works on a request with the same key."},

    Entry{timeout, "timeout",
          "The request went out and no answer came in time; it may have been delivered."},
    Entry{connection_lost, "connection_lost",
          "The connection ended before the answer came; it may have been delivered."},
    Entry{stream_reset, "stream_reset",
          "The gateway broke the request off without an answer; it may have been delivered."},
    Entry{goaway_unanswered, "goaway_unanswered",
          "The gateway closed the connection with this request unanswered; it may have been "
          "delivered."},
    Entry{server_error, "server_error",
          "The gateway answered with an error that does not tell; it may have been delivered."},
    Entry{bad_answer, "bad_answer",
          "The gateway's answer makes no sense; it may have been delivered."},
    Entry{killed, "killed",
          "The sending process died while the request was on its way; it may have been delivered."},
    Entry{lease_expired, "lease_expired",
          "The process that claimed it was heard of no more; it may have been delivered."},
    Entry{journal_lost, "journal_lost",
          "The process that claimed it died and its journal proves nothing; it may have been "
          "delivered."},

    Entry{tries_used_up, "tries_used_up",
          "Every try was refused by the gateway, and none is left; it was not delivered."},
    Entry{expired, "expired", "The delivery deadline passed before it was sent."},
    Entry{cancelled, "cancelled", "The campaign was cancelled before it was sent."},
    Entry{excluded, "excluded", "The campaign's audience.exclude struck this device out."},
    Entry{resolved, "resolved", "An operator settled this device in doubt without sending again."},
    Entry{suppressed, "suppressed",
          "The device was on the store's opt-out list when its turn came; nothing was sent."},
    Entry{window, "window",
          "Its turn came outside the campaign's send window, and such devices are skipped."},
    Entry{gone, "gone",
          "When its turn came, the campaign's audience.refresh gave no device of this appid, or "
          "none with a usable address; nothing was sent."},
};

const Entry* find(Reason reason) {
    for (const auto& entry : kReasons)
        if (entry.reason == reason) return &entry;
    return nullptr;
}

}  // namespace

std::string_view to_string(Reason reason) {
    const auto* entry = find(reason);
    return entry == nullptr ? "unknown" : entry->name;
}

std::optional<Reason> parse_reason(std::string_view name) {
    if (name.empty()) return std::nullopt;
    for (const auto& entry : kReasons)
        if (entry.name == name) return entry.reason;
    return std::nullopt;
}

std::string_view explain(Reason reason) {
    const auto* entry = find(reason);
    return entry == nullptr ? "Written by a newer version of this program." : entry->sentence;
}

}  // namespace dispatcher
