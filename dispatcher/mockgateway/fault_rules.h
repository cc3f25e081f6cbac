#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dispatcher::mock {

/// What becomes of a request on the wire.
enum class Effect : std::uint8_t {
    answer,         ///< a status and perhaps a body
    refuse,         ///< RST_STREAM REFUSED_STREAM
    reset,          ///< RST_STREAM INTERNAL_ERROR
    stall,          ///< nothing, ever
    goaway_before,  ///< GOAWAY with a last stream id below this one, then close
    goaway_after,   ///< GOAWAY with this stream id as the last, this one unanswered, then close
    goaway_notice,  ///< answered, with GOAWAY(2^31-1) and a graceful end of the connection
    close,          ///< the TCP connection ends without GOAWAY
    garbage,        ///< bytes that are no HTTP/2 frame, then close
};

/// What an answer complains of; each role has its own status and words for it.
enum class Complaint : std::uint8_t {
    none,
    unregistered,
    bad_device_token,
    bad_request,  ///< with the rule's reason
    too_many_requests,
    unavailable,
    unavailable_without_reason,
    server_error,
    expired_credentials,
    invalid_credentials,
};

/// One kind of fault: its name in the file, what happens, and whether the notification counts as
/// accepted (and so stands in the ledger) all the same.
struct FaultKind {
    std::string_view name = {};
    Effect effect = Effect::answer;
    bool accepted = false;
    Complaint complaint = Complaint::none;  ///< none: the answer of an acceptance
    bool has_delay = false;                 ///< takes `delay`
    bool has_retry_after = false;           ///< takes `retry_after`
    bool has_reason = false;                ///< takes `reason`, and must
    bool has_status = false;                ///< takes `status`, and must, and `body`
    bool is_html = false;                   ///< a body that is no JSON, whichever role
};

/// Every kind, in the order of the README.
std::span<const FaultKind> fault_kinds();

/// One line of the faults file: which devices, which fault, how often.
struct FaultRule {
    const FaultKind* kind = nullptr;
    double share = 1;            ///< of the devices, 0..1
    std::uint32_t attempts = 0;  ///< a device's first so many requests; 0: all
    std::string token_prefix;    ///< only devices whose token starts so
    std::chrono::milliseconds delay{0};
    std::chrono::seconds retry_after{0};  ///< 0: no such header
    std::string reason;
    int status = 0;    ///< where the kind takes one
    std::string body;  ///< beside status
};

/// Decides which request meets which fault. A device's fate is a hash of (seed, rule, token), so
/// that a file means the same devices in every run; only the attempts are counted, in memory, and
/// only for devices that a rule with `attempts` picked. One thread.
class FaultRules {
  public:
    FaultRules() = default;
    FaultRules(std::uint64_t seed, std::vector<FaultRule> rules)
        : seed_(seed), rules_(std::move(rules)) {}

    /// The rule that this request of the device falls to, if any; counts the attempt. The first
    /// rule that picks the device decides alone, also when its attempts are used up.
    const FaultRule* next_fault(std::string_view token);

    [[nodiscard]] const std::vector<FaultRule>& rules() const { return rules_; }

  private:
    [[nodiscard]] bool picks(std::size_t rule, std::string_view token,
                             std::uint64_t token_hash) const;

    std::uint64_t seed_ = 0;
    std::vector<FaultRule> rules_;
    std::unordered_map<std::string, std::uint32_t> attempts_;  // of picked devices
};

}  // namespace dispatcher::mock
