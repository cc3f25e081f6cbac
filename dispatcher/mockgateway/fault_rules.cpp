#include "mockgateway/fault_rules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace dispatcher::mock {
namespace {

/// The finalizer of SplitMix64: every bit of the input moves every bit of the result.
constexpr std::uint64_t mix(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15U;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
}

std::uint64_t hash_of(std::uint64_t seed, std::string_view token) {
    auto hash = mix(seed);
    while (!token.empty()) {
        std::uint64_t word = 0;
        const auto taken = std::min(token.size(), sizeof word);
        std::memcpy(&word, token.data(), taken);
        hash = mix(hash ^ word);
        token.remove_prefix(taken);
    }
    return hash;
}

constexpr std::array kKinds{
    FaultKind{.name = "refuse", .effect = Effect::refuse},
    FaultKind{.name = "reset_before", .effect = Effect::reset},
    FaultKind{.name = "reset_after", .effect = Effect::reset, .accepted = true},
    FaultKind{.name = "stall_before", .effect = Effect::stall},
    FaultKind{.name = "stall_after", .effect = Effect::stall, .accepted = true},
    FaultKind{.name = "late", .accepted = true, .has_delay = true},
    FaultKind{.name = "goaway_before", .effect = Effect::goaway_before},
    FaultKind{.name = "goaway_after", .effect = Effect::goaway_after, .accepted = true},
    FaultKind{.name = "goaway_notice", .effect = Effect::goaway_notice, .accepted = true},
    FaultKind{.name = "close_before", .effect = Effect::close},
    FaultKind{.name = "close_after", .effect = Effect::close, .accepted = true},
    FaultKind{.name = "garbage", .effect = Effect::garbage},
    FaultKind{.name = "garbage_after", .effect = Effect::garbage, .accepted = true},
    FaultKind{.name = "bad_body", .is_html = true},
    FaultKind{.name = "bad_body_after", .accepted = true, .is_html = true},
    FaultKind{.name = "unregistered", .complaint = Complaint::unregistered},
    FaultKind{.name = "bad_device_token", .complaint = Complaint::bad_device_token},
    FaultKind{.name = "bad_request", .complaint = Complaint::bad_request, .has_reason = true},
    FaultKind{.name = "too_many_requests",
              .complaint = Complaint::too_many_requests,
              .has_retry_after = true},
    FaultKind{.name = "unavailable", .complaint = Complaint::unavailable, .has_retry_after = true},
    FaultKind{.name = "unavailable_after",
              .accepted = true,
              .complaint = Complaint::unavailable_without_reason},
    FaultKind{.name = "server_error", .complaint = Complaint::server_error},
    FaultKind{.name = "server_error_after", .accepted = true, .complaint = Complaint::server_error},
    FaultKind{.name = "expired_provider_token", .complaint = Complaint::expired_credentials},
    FaultKind{.name = "invalid_provider_token", .complaint = Complaint::invalid_credentials},
    FaultKind{.name = "status", .has_retry_after = true, .has_status = true},
    FaultKind{
        .name = "status_after", .accepted = true, .has_retry_after = true, .has_status = true},
};

}  // namespace

std::span<const FaultKind> fault_kinds() {
    return kKinds;
}

const FaultRule* FaultRules::next_fault(std::string_view token) {
    if (rules_.empty()) return nullptr;
    const auto token_hash = hash_of(seed_, token);
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        if (!picks(i, token, token_hash)) continue;
        const auto& rule = rules_[i];
        if (rule.attempts == 0 || ++attempts_[std::string(token)] <= rule.attempts) return &rule;
        return nullptr;
    }
    return nullptr;
}

bool FaultRules::picks(std::size_t rule, std::string_view token, std::uint64_t token_hash) const {
    const auto& prefix = rules_[rule].token_prefix;
    if (token.substr(0, prefix.size()) != prefix) return false;
    // 53 bits: what a double holds exactly.
    const auto draw = std::ldexp(static_cast<double>(mix(token_hash ^ mix(rule)) >> 11), -53);
    return draw < rules_[rule].share;
}

}  // namespace dispatcher::mock
