#include "mockgateway/fcm/fcm_role.h"

#include <fmt/format.h>

#include "base/invariant.h"

namespace dispatcher::mock {
namespace {

constexpr std::string_view kTokenPath = "/token";
constexpr std::string_view kProjects = "/v1/projects/";
constexpr std::string_view kSend = "/messages:send";

ErrorDocument unauthenticated() {
    return {401, "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
            "cookie or other valid authentication credential."};
}

ErrorDocument permission_denied(std::string_view project) {
    return {403, "PERMISSION_DENIED",
            fmt::format("Permission 'cloudmessaging.messages.create' denied on resource "
                        "'//cloudresourcemanager.googleapis.com/projects/{}' (or it may not "
                        "exist).",
                        project)};
}

/// `reason` is an errorCode, or the name of the field that is to blame.
ErrorDocument bad_request(std::string_view reason) {
    if (reason == "SENDER_ID_MISMATCH")
        return {403, "PERMISSION_DENIED", "SenderId mismatch", "SENDER_ID_MISMATCH"};
    if (reason == "THIRD_PARTY_AUTH_ERROR")
        return {401, "UNAUTHENTICATED", "Auth error from APNS or Web Push Service",
                "THIRD_PARTY_AUTH_ERROR"};
    if (reason == "INVALID_ARGUMENT")
        return {400, "INVALID_ARGUMENT", "Request contains an invalid argument.",
                "INVALID_ARGUMENT"};
    return {400, "INVALID_ARGUMENT", fmt::format("Invalid value at '{}'", reason),
            "INVALID_ARGUMENT", std::string(reason)};
}

ErrorDocument error_for(Complaint complaint, std::string_view reason) {
    switch (complaint) {
        case Complaint::unregistered:
            return {404, "NOT_FOUND", "Requested entity was not found.", "UNREGISTERED"};
        case Complaint::bad_device_token:
            return {400, "INVALID_ARGUMENT",
                    "The registration token is not a valid FCM registration token",
                    "INVALID_ARGUMENT", "message.token"};
        case Complaint::bad_request:
            return bad_request(reason);
        case Complaint::too_many_requests:
            return {429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric", "QUOTA_EXCEEDED"};
        case Complaint::unavailable:
        case Complaint::unavailable_without_reason:
            return {503, "UNAVAILABLE", "The service is currently unavailable.", "UNAVAILABLE"};
        case Complaint::server_error:
            return {500, "INTERNAL", "Internal error encountered.", "INTERNAL"};
        case Complaint::expired_credentials:
            return unauthenticated();
        case Complaint::invalid_credentials:
            return permission_denied("this");
        case Complaint::none:
            break;
    }
    invariant(false, "a complaint is about something");
    return {};
}

}  // namespace

FcmRole::FcmRole(const TokenDesk::Options& options, Random& random)
    : desk_(options, random), random_(random) {}

bool FcmRole::takes(std::string_view path) const {
    return path.starts_with(kProjects) || path == kTokenPath;
}

Judgement FcmRole::judge(const Request& request, Visit visit, Answer& answer) {
    const auto path = request.path();
    if (path == kTokenPath) {
        const auto refusal = desk_.answer_request(request, visit.now, answer);
        return {refusal, true, {}};
    }
    if (!path.ends_with(kSend) || path.size() <= kProjects.size() + kSend.size() ||
        request.method() != "POST")
        return refuse({404, "NOT_FOUND", "Requested entity was not found."}, answer);
    project_ = path.substr(kProjects.size(), path.size() - kProjects.size() - kSend.size());
    if (request.count("authorization") != 1 ||
        !desk_.knows(request.get("authorization"), visit.now))
        return refuse(unauthenticated(), answer);
    if (!desk_.project().empty() && desk_.project() != project_)
        return refuse(permission_denied(project_), answer);
    if (!request.get("content-type").starts_with("application/json"))
        return refuse({400, "INVALID_ARGUMENT", "Invalid content type."}, answer);
    message_ = {};
    if (const auto error = read_message(request.body(), request.body_bytes(), message_))
        return refuse(*error, answer);
    if (message_.validate_only) {
        answer.body = fmt::format(R"({{"name":"projects/{}/messages/fake_message_id"}})", project_);
        return {{}, true, {}};
    }
    answer.body =
        fmt::format(R"({{"name":"projects/{}/messages/0:{:016x}"}})", project_, random_.next());
    return {{},
            false,
            {message_.token, message_.notification_id, message_.collapse_id, project_,
             message_.is_shown ? "notification" : "data", request.body()}};
}

void FcmRole::complain(Complaint complaint, std::string_view reason, WallTime /*now*/,
                       Answer& answer) const {
    error_for(complaint, reason).write(answer);
}

Judgement FcmRole::refuse(const ErrorDocument& error, Answer& answer) {
    error.write(answer);
    return {error.fcm_code.empty() ? error.status : error.fcm_code, false, {}};
}

}  // namespace dispatcher::mock
