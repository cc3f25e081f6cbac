#include "rehearsal/judge.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <initializer_list>

#include <fmt/format.h>

#include "campaign/notification.h"
#include "campaign/reason.h"

namespace dispatcher {
namespace {

constexpr std::size_t kSortBytes = std::size_t{24} << 20;
constexpr std::size_t kExamplesMax = 5;

// Places in Verdict::invariants.
enum Invariant : std::size_t {
    kOnce,
    kOneLine,
    kDelivered,
    kAccepted,
    kNotSent,
    kOutside,
    kDoubt,
    kTotals
};

std::vector<JudgedInvariant> invariants() {
    return {
        {"I1", "no device was accepted twice", 0, {}},
        {"I2", "every device is on exactly one line of the report, settled", 0, {}},
        {"I3", "what is delivered was accepted", 0, {}},
        {"I4", "what was accepted is delivered or in doubt", 0, {}},
        {"I5", "what was rejected, skipped or given up was never accepted", 0, {}},
        {"I6", "nothing was sent outside the audience", 0, {}},
        {"I7", "every doubt has a reason, and the kills met as many requests on the wire", 0, {}},
        {"I11", "the counts of status are the lines of the report", 0, {}}};
}

/// The fields of a record, each behind its length (two bytes, native order).
class Fields {
  public:
    explicit Fields(std::string_view payload) : left_(payload) {}

    std::string_view next() {
        std::uint16_t size = 0;
        std::memcpy(&size, left_.data(), sizeof size);
        const auto field = left_.substr(sizeof size, size);
        left_.remove_prefix(sizeof size + size);
        return field;
    }

  private:
    std::string_view left_;
};

bool is_by_kill(std::string_view reason) {
    const auto name = reason.substr(0, reason.find(':'));
    for (const auto of_kill : {Reason::killed, Reason::lease_expired, Reason::journal_lost})
        if (name == to_string(of_kill)) return true;
    return false;
}

}  // namespace

/// Everything about one notification id.
struct Judge::Case {
    std::string id;
    std::string appid;
    std::vector<std::string> tokens;  ///< of its members: one, if all is well
    std::uint64_t members = 0;
    std::uint64_t lines = 0;
    std::uint64_t accepted = 0;
    std::uint64_t to_other_tokens = 0;
    // Of its last report line:
    ReportOutcome outcome = ReportOutcome::pending;
    std::string reason;
    std::uint64_t claims = 0;

    void take(Kind kind, Fields fields) {
        switch (kind) {
            case Kind::member:
                ++members;
                appid = fields.next();
                tokens.emplace_back(fields.next());
                break;
            case Kind::line: {
                ++lines;
                appid = fields.next();
                outcome = static_cast<ReportOutcome>(fields.next()[0]);
                reason = fields.next();
                const auto digits = fields.next();
                std::from_chars(digits.data(), digits.data() + digits.size(), claims);
                break;
            }
            case Kind::accepted: {
                ++accepted;
                const auto token = fields.next();
                const bool is_known = token.empty() || std::ranges::count(tokens, token) > 0 ||
                                      std::ranges::count(tokens, std::string()) > 0;
                if (!is_known) ++to_other_tokens;
                break;
            }
        }
    }
    [[nodiscard]] bool is_excluded() const {
        return outcome == ReportOutcome::skipped && reason == to_string(Reason::excluded);
    }
};

bool Verdict::holds() const {
    return std::ranges::all_of(invariants, [](const auto& judged) { return judged.holds(); });
}

Judge::Judge(ScratchSpace& space, JudgeTerms terms)
    : sort_(space, kSortBytes), terms_(std::move(terms)) {
    verdict_.invariants = invariants();
}

void Judge::put(std::string_view key, Kind kind, std::initializer_list<std::string_view> fields) {
    key = key.substr(0, kRecordKeyBytesMax);
    std::size_t bytes = 1;
    for (const auto field : fields)
        bytes += sizeof(std::uint16_t) + field.size();
    char* out = sort_.add(key, bytes);
    *out++ = static_cast<char>(kind);
    for (const auto field : fields) {
        const auto size = static_cast<std::uint16_t>(field.size());
        std::memcpy(out, &size, sizeof size);
        std::memcpy(out + sizeof size, field.data(), field.size());
        out += sizeof size + field.size();
    }
}

void Judge::add_member(std::string_view appid, std::string_view token) {
    put(NotificationKey(terms_.campaign, appid).id(), Kind::member, {appid, token});
}

void Judge::add_line(std::string_view appid, std::string_view notification_id,
                     const ReportedOutcome& reported, std::uint16_t claims) {
    const char outcome = static_cast<char>(reported.outcome);
    put(notification_id, Kind::line,
        {appid, {&outcome, 1}, reported.reason, fmt::format_int(claims).c_str()});
}

void Judge::add_accepted(std::string_view notification_id, std::string_view token) {
    constexpr std::size_t kTokenBytesMax = 0xFFFF;
    put(notification_id, Kind::accepted, {token.substr(0, kTokenBytesMax)});
}

Verdict Judge::finish() {
    Case device;
    bool is_first = true;
    sort_.finish([&](const Record& record) {
        if (is_first || record.key != device.id) {
            if (!is_first) judge(device);
            device = {};
            device.id = record.key;
            is_first = false;
        }
        device.take(static_cast<Kind>(record.payload[0]), Fields(record.payload.substr(1)));
    });
    if (!is_first) judge(device);
    judge_totals();
    return std::move(verdict_);
}

void Judge::judge(const Case& device) {
    verdict_.members += device.members;
    verdict_.accepted += device.accepted;
    if (device.members > 1) violated(kOneLine, device, "is in the audience more than once");
    if (device.lines > 0) judge_line(device);
    if (device.members > 0 && device.lines != 1)
        violated(kOneLine, device, fmt::format("is on {} lines of the report", device.lines));
    if (device.accepted > 0) judge_accepted(device);
}

void Judge::judge_line(const Case& device) {
    lines_.by_outcome[static_cast<std::size_t>(device.outcome)] += device.lines;
    if (device.is_excluded()) ++excluded_;
    if (device.members == 0 && !device.is_excluded())
        violated(kOneLine, device, "is reported, and not in the audience");
    using enum ReportOutcome;
    switch (device.outcome) {
        case delivered:
            if (device.accepted == 0 && device.reason != to_string(Reason::assumed))
                violated(kDelivered, device, "is delivered, and the gateway never accepted it");
            break;
        case in_doubt:
            ++(is_by_kill(device.reason) ? verdict_.doubt_by_kills : verdict_.doubt_by_answers);
            if (device.reason.empty()) violated(kDoubt, device, "is in doubt without a reason");
            break;
        case rejected:
        case skipped:
        case undelivered:
            // Sent again by policy, it may be refused after it was accepted.
            if (device.accepted > 0 && !(terms_.may_resend && device.claims > 1))
                violated(kNotSent, device,
                         fmt::format("is {} ({}), and the gateway accepted it",
                                     to_string(device.outcome), device.reason));
            break;
        case pending:
            if (terms_.is_finished) violated(kOneLine, device, "is pending at the end");
            break;
    }
}

void Judge::judge_accepted(const Case& device) {
    if (device.members == 0) violated(kOutside, device, "was accepted, and is not in the audience");
    if (device.members > 0 && device.to_other_tokens > 0)
        violated(kOutside, device, "went to a device token that is not its own");
    const auto allowed = terms_.may_resend ? std::max<std::uint64_t>(1, device.claims) : 1;
    if (device.accepted > allowed)
        violated(kOnce, device, fmt::format("was accepted {} times", device.accepted));
    else
        verdict_.accepted_again += device.accepted - 1;
    if (device.lines > 0 && device.outcome == ReportOutcome::pending && terms_.is_finished)
        violated(kAccepted, device, "was accepted, and the report says that it is pending");
}

void Judge::judge_totals() {
    if (excluded_ != terms_.excluded)
        violated(kOneLine, fmt::format("{} are excluded, and the report has {} of them",
                                       terms_.excluded, excluded_));
    if (verdict_.doubt_by_kills > terms_.doubt_by_kills_max)
        violated(kDoubt, fmt::format("{} are in doubt by kills that can have met {} on the wire",
                                     verdict_.doubt_by_kills, terms_.doubt_by_kills_max));
    for (std::size_t i = 0; i < kReportOutcomes; ++i)
        if (lines_.by_outcome[i] != terms_.counts.by_outcome[i])
            violated(kTotals, fmt::format("{}: {} counted, {} lines",
                                          to_string(static_cast<ReportOutcome>(i)),
                                          terms_.counts.by_outcome[i], lines_.by_outcome[i]));
}

void Judge::violated(std::size_t invariant, const Case& device, std::string_view what) {
    violated(invariant,
             fmt::format("{} {}", device.appid.empty() ? "?" + device.id : device.appid, what));
}

void Judge::violated(std::size_t invariant, std::string what) {
    auto& judged = verdict_.invariants[invariant];
    if (++judged.violations <= kExamplesMax) judged.examples.push_back(std::move(what));
}

}  // namespace dispatcher
