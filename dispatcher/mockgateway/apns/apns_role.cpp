#include "mockgateway/apns/apns_role.h"

#include <utility>

#include <fmt/format.h>

#include "base/invariant.h"
#include "mockgateway/apns/apns_request.h"

namespace dispatcher::mock {
namespace {

using Field = ApnsRequest::Field;

/// The body that APNs sends with a refusal; none without a reason.
void word(const Refusal& refusal, WallTime now, Answer& answer) {
    answer.status = refusal.status;
    answer.body.clear();
    if (refusal.reason.empty()) return;
    const auto out = std::back_inserter(answer.body);
    if (refusal.status == 410)
        fmt::format_to(out, R"({{"reason":"{}","timestamp":{}}})", refusal.reason,
                       now.time_since_epoch().count());
    else
        fmt::format_to(out, R"({{"reason":"{}"}})", refusal.reason);
}

Refusal refusal_for(Complaint complaint, std::string_view reason) {
    switch (complaint) {
        case Complaint::unregistered:
            return {410, "Unregistered"};
        case Complaint::bad_device_token:
            return {400, "BadDeviceToken"};
        case Complaint::bad_request:
            return {400, reason};
        case Complaint::too_many_requests:
            return {429, "TooManyRequests"};
        case Complaint::unavailable:
            return {503, "ServiceUnavailable"};
        case Complaint::unavailable_without_reason:
            return {503, ""};
        case Complaint::server_error:
            return {500, "InternalServerError"};
        case Complaint::expired_credentials:
            return {403, "ExpiredProviderToken"};
        case Complaint::invalid_credentials:
            return {403, "InvalidProviderToken"};
        case Complaint::none:
            break;
    }
    invariant(false, "a complaint is about something");
    return {};
}

}  // namespace

ApnsRole::ApnsRole(ApnsCheck::Options check, Random& random)
    : check_(std::move(check)), random_(random) {}

bool ApnsRole::takes(std::string_view path) const {
    return path.starts_with(kDevicePath);
}

Judgement ApnsRole::judge(const Request& whole, Visit visit, Answer& answer) {
    const ApnsRequest request(whole);
    auto& id = answer.add_header("apns-id");
    id = request.get(Field::id);
    if (!is_uuid(id)) make_id(id);

    if (!visit.memory) visit.memory = std::make_unique<TokenInUse>();
    auto& in_use = static_cast<TokenInUse&>(*visit.memory);
    if (const auto refusal =
            check_.refusal(request, in_use, visit.now, visit.has_client_certificate)) {
        word(*refusal, visit.now, answer);
        return {refusal->reason, false, {}};
    }
    return {{},
            false,
            {request.token(), id, request.get(Field::collapse_id), request.get(Field::topic),
             request.get(Field::push_type), request.body()}};
}

void ApnsRole::complain(Complaint complaint, std::string_view reason, WallTime now,
                        Answer& answer) const {
    word(refusal_for(complaint, reason), now, answer);
}

void ApnsRole::make_id(std::string& id) {
    const auto high = random_.next();
    const auto low = random_.next();
    id.clear();
    fmt::format_to(std::back_inserter(id), "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", high >> 32,
                   (high >> 16) & 0xFFFF, high & 0xFFF, low >> 52, low & 0xFFFFFFFFFFFFU);
}

}  // namespace dispatcher::mock
