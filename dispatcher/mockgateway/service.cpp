#include "mockgateway/service.h"

#include <utility>

#include <nlohmann/json.hpp>

namespace dispatcher::mock {
namespace {

constexpr std::string_view kStatsPath = "/mock/stats";

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

Service::Service(std::vector<std::unique_ptr<Role>> roles, FaultRules faults,
                 const std::filesystem::path& ledger)
    : roles_(std::move(roles)), faults_(std::move(faults)), ledger_(ledger) {}

void Service::start_turn(BootTime now, WallTime wall) {
    now_ = now;
    wall_ = wall;
    ledger_.set_time(wall);
}

Verdict Service::judge(const Request& request, std::uint64_t connection, std::int32_t stream,
                       ConnectionMemory& memory, Answer& answer) {
    answer.clear();
    const auto path = request.path();
    if (path == kStatsPath) {
        answer_stats(answer);
        return {};
    }
    const auto index = role_for(request);
    auto& role = *roles_[index];
    auto judgement =
        role.judge(request, {wall_, memory.roles[index], memory.has_client_certificate}, answer);
    if (!judgement.refusal.empty()) {
        ++stats.refused[judgement.refusal];
        return {};
    }
    if (judgement.is_errand) return {};

    Verdict verdict{.accepted = true};
    const auto* const rule = faults_.next_fault(judgement.line.token);
    if (rule != nullptr) {
        ++stats.faults[rule->kind->name];
        verdict = {rule->kind->effect, rule->kind->accepted, rule->delay};
    }
    if (verdict.accepted) {
        ++stats.accepted;
        judgement.line.connection = connection;
        judgement.line.stream = stream;
        ledger_.append(judgement.line);
        role.note_accepted();
    }
    if (rule != nullptr) word_fault(role, *rule, answer);
    return verdict;
}

std::size_t Service::role_for(const Request& request) const {
    for (std::size_t i = 0; i < roles_.size(); ++i)
        if (roles_[i]->takes(request.path())) return i;
    for (std::size_t i = 0; i < roles_.size(); ++i)
        if (roles_[i]->takes_by_headers(request)) return i;
    return 0;
}

void Service::answer_stats(Answer& answer) {
    --stats.open_streams;  // the question itself does not count
    answer.body = stats.to_json();
    ++stats.open_streams;
}

void Service::word_fault(const Role& role, const FaultRule& rule, Answer& answer) const {
    if (rule.kind->complaint != Complaint::none)
        role.complain(rule.kind->complaint, rule.reason, wall_, answer);
    if (rule.kind->has_status) {
        answer.status = rule.status;
        answer.body = rule.body;
    }
    if (rule.kind->is_html) {
        answer.status = 400;
        answer.body = "<html><body>Bad gateway</body></html>";
        answer.content_type = "text/html";
    }
    if (rule.retry_after.count() != 0)
        answer.add_header("retry-after") = std::to_string(rule.retry_after.count());
}

}  // namespace dispatcher::mock
