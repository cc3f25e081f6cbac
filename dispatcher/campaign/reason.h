#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dispatcher {

/// Why a flag is in its state: the closed table behind `delivery.code` and the report's `reason`.
/// Numbers are stored: never renumber, only add. The hundreds say to which state they belong.
enum class Reason : std::uint16_t {
    none = 0,

    // delivered
    assumed = 100,  ///< a policy or a person settled a device in doubt as delivered

    // rejected: the gateway refused this device for good
    unregistered = 200,
    expired_token = 201,
    bad_device_token = 202,
    payload_too_large = 203,
    bad_request = 204,          ///< a 400 that concerns this row alone
    render_failed = 205,        ///< the template cannot be rendered for this row
    rejected_by_request = 206,  ///< loopback or webhook: refused as told

    // released: proved not sent, may be tried again
    unreachable = 300,   ///< no connection: DNS, connect, TLS
    never_framed = 301,  ///< waited in our queue when the connection ended
    goaway = 302,        ///< above the last stream id of a GOAWAY
    refused_stream = 303,
    too_many_requests = 304,
    service_unavailable = 305,
    misdirected = 306,        ///< 421 or 425
    stopped = 307,            ///< pause, cancel, shutdown or a lost lease before it was sent
    never_written = 308,      ///< the journal of a dead process shows that it was never sent
    campaign_fault = 309,     ///< the gateway faulted the campaign, not the device
    operator_released = 310,  ///< an operator gave it a second chance after it was given up
    resend = 311,             ///< policy or operator: send again although it may have been sent
    token_expired = 312,      ///< our own credentials had expired; they were renewed
    rejected_before = 313,    ///< an operator gave it a second chance after it was rejected
    window_closed = 314,      ///< its send window closed before it was sent
    key_in_progress = 320,    ///< the webhook still works on a request with the same key

    // in doubt
    timeout = 400,
    connection_lost = 401,
    stream_reset = 402,
    goaway_unanswered = 403,
    server_error = 404,   ///< 500, 502, 503 without proof, 504
    bad_answer = 405,     ///< garbage, or a status outside the table
    killed = 406,         ///< the journal of a dead process shows it on the wire
    lease_expired = 407,  ///< claimed by a process that was heard of no more
    journal_lost = 408,   ///< claimed by a dead process whose journal is gone or from another boot

    // skipped
    tries_used_up = 500,
    expired = 501,  ///< the delivery deadline passed
    cancelled = 502,
    resolved = 503,    ///< an operator skipped a device in doubt
    suppressed = 504,  ///< the person opted out before it was claimed
    window = 505,      ///< its turn came outside the send window, and the campaign skips then
    gone = 506,        ///< `audience.refresh` gave no usable address for it when its turn came
    excluded = 510,    ///< struck out by `audience.exclude`: in the report only, it has no flag
};

/// A flag's `code` column: the reason, and whether the row was ever in doubt (which forbids a
/// second chance for ever).
struct Code {
    Reason reason = Reason::none;
    bool was_in_doubt = false;

    static constexpr std::uint16_t kDoubtBit = 0x8000;
    [[nodiscard]] constexpr std::uint16_t stored() const {
        return static_cast<std::uint16_t>(static_cast<std::uint16_t>(reason) |
                                          (was_in_doubt ? kDoubtBit : 0));
    }
    static constexpr Code from_stored(std::uint16_t value) {
        return {static_cast<Reason>(value & ~kDoubtBit), (value & kDoubtBit) != 0};
    }
    constexpr bool operator==(const Code&) const = default;
};

/// Whether a gateway that rejects for this reason calls the device token itself dead, for every
/// later message too.
constexpr bool is_dead_token(Reason reason) {
    return reason == Reason::unregistered || reason == Reason::expired_token;
}

/// The name in reports, logs and JSON: snake_case as in the enum; "" for none.
std::string_view to_string(Reason reason);
std::optional<Reason> parse_reason(std::string_view name);
/// One sentence for people: what happened and what it means for the device.
std::string_view explain(Reason reason);

}  // namespace dispatcher
