#include "mockgateway/apns_service.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace dispatcher::mock {
namespace {

using Field = ApnsRequest::Field;

Verdict verdict_of(const FaultRule& rule) {
    Verdict verdict;
    verdict.effect = rule.kind->effect;
    verdict.accepted = rule.kind->accepted;
    verdict.status = rule.kind->status;
    verdict.reason = rule.reason.empty() ? rule.kind->reason : std::string_view(rule.reason);
    verdict.delay = rule.delay;
    verdict.retry_after = rule.retry_after;
    verdict.json_body = rule.kind->json_body;
    return verdict;
}

}  // namespace

std::string MockStats::to_json() const {
    nlohmann::ordered_json json{{"accepted", accepted},
                                {"open_streams", open_streams},
                                {"connections", connections},
                                {"refused_by_kind", nlohmann::ordered_json::object()},
                                {"faults", nlohmann::ordered_json::object()}};
    for (const auto& [reason, count] : refused)
        json["refused_by_kind"][std::string(reason)] = count;
    for (const auto& [name, count] : faults)
        json["faults"][std::string(name)] = count;
    return json.dump() + "\n";
}

ApnsService::ApnsService(ApnsCheck::Options check, FaultRules faults,
                         const std::filesystem::path& ledger, Random& random)
    : check_(std::move(check)), faults_(std::move(faults)), ledger_(ledger), random_(random) {}

void ApnsService::start_turn(BootTime now, WallTime wall) {
    now_ = now;
    wall_ = wall;
    ledger_.set_time(wall);
}

Verdict ApnsService::judge(const ApnsRequest& request, std::uint64_t connection,
                           std::int32_t stream, TokenInUse& token, std::string& id) {
    id = request.get(Field::id);
    if (!is_uuid(id)) id = make_id();

    Verdict verdict;
    if (const auto refusal = check_.refusal(request, token, wall_)) {
        ++stats.refused[refusal->reason];
        verdict.status = refusal->status;
        verdict.reason = refusal->reason;
        return verdict;
    }
    verdict.accepted = true;
    if (const auto* rule = faults_.next_fault(request.token())) {
        ++stats.faults[rule->kind->name];
        verdict = verdict_of(*rule);
    }
    if (verdict.accepted) {
        ++stats.accepted;
        ledger_.append({request.token(), id, request.get(Field::collapse_id),
                        request.get(Field::topic), request.get(Field::push_type), request.body(),
                        connection, stream});
    }
    return verdict;
}

std::string ApnsService::make_id() {
    const auto high = random_.next();
    const auto low = random_.next();
    return fmt::format("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF,
                       high & 0xFFF, low >> 52, low & 0xFFFFFFFFFFFFU);
}

std::string answer_body(const Verdict& verdict, WallTime now) {
    if (!verdict.json_body) return "<html><body>Bad gateway</body></html>";
    if (verdict.reason.empty()) return {};
    if (verdict.status == 410)
        return fmt::format(R"({{"reason":"{}","timestamp":{}}})", verdict.reason,
                           now.time_since_epoch().count());
    return fmt::format(R"({{"reason":"{}"}})", verdict.reason);
}

}  // namespace dispatcher::mock
