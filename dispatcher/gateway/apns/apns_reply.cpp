#include "gateway/apns/apns_reply.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace dispatcher::apns {
namespace {

using enum ReplyClass;

struct Row {
    unsigned status;
    std::string_view reason;  ///< empty: the answer had no body
    ReplyMeaning meaning;
};

/// The year 9999: what reports can still write.
constexpr std::uint64_t kTimestampMax = 253'402'300'799'000;

constexpr std::string_view kCheckTopic =
    "check `topic`: it must be the app's bundle id, and the tokens must be of that app";
constexpr std::string_view kCheckKey = "check key_file, key_id, team_id and this machine's clock";
constexpr std::string_view kCheckEnvironment =
    "the credentials are not for this environment: check `environment` and the key";
constexpr std::string_view kCheckPayload = "check the template and its apns block";
constexpr std::string_view kOurs = "the request is malformed: please report this as a bug";

constexpr std::array kRows = {
    Row{400, "BadDeviceToken", {bad_device_token, "400 BadDeviceToken", {}}},
    Row{400, "IdleTimeout", {idle_timeout, "400 IdleTimeout", {}}},
    Row{400, "DeviceTokenNotForTopic", {fault, "400 DeviceTokenNotForTopic", kCheckTopic}},
    Row{400, "BadTopic", {fault, "400 BadTopic", kCheckTopic}},
    Row{400, "MissingTopic", {fault, "400 MissingTopic", kCheckTopic}},
    Row{400, "TopicDisallowed", {fault, "400 TopicDisallowed", kCheckTopic}},
    Row{400,
        "BadCollapseId",
        {fault, "400 BadCollapseId", "check `collapse`: the id has at most 64 bytes"}},
    Row{400, "BadExpirationDate", {fault, "400 BadExpirationDate", "check `ttl`"}},
    Row{400, "BadMessageId", {fault, "400 BadMessageId", kOurs}},
    Row{400, "BadPriority", {fault, "400 BadPriority", "check `priority`"}},
    Row{400, "InvalidPushType", {fault, "400 InvalidPushType", kCheckPayload}},
    Row{400, "DuplicateHeaders", {fault, "400 DuplicateHeaders", kOurs}},
    Row{400, "MissingDeviceToken", {fault, "400 MissingDeviceToken", kOurs}},
    Row{400, "PayloadEmpty", {fault, "400 PayloadEmpty", kCheckPayload}},
    Row{400, "", {bad_request, "400", {}}},
    // APNs documents none; whoever answers so wants other credentials.
    Row{401, "", {fault, "401", kCheckKey}},
    Row{403,
        "ExpiredProviderToken",
        {token_expired, "403 ExpiredProviderToken",
         "the provider token was renewed and is still called expired: check this machine's clock"}},
    Row{403, "InvalidProviderToken", {fault, "403 InvalidProviderToken", kCheckKey}},
    Row{403, "MissingProviderToken", {fault, "403 MissingProviderToken", kCheckKey}},
    Row{403, "UnrelatedKeyIdInToken", {fault, "403 UnrelatedKeyIdInToken", kCheckKey}},
    Row{403,
        "BadEnvironmentKeyIdInToken",
        {fault, "403 BadEnvironmentKeyIdInToken", kCheckEnvironment}},
    Row{403, "BadCertificate", {fault, "403 BadCertificate", kCheckEnvironment}},
    Row{403,
        "BadCertificateEnvironment",
        {fault, "403 BadCertificateEnvironment", kCheckEnvironment}},
    Row{403, "Forbidden", {fault, "403 Forbidden", kCheckKey}},
    Row{403, "", {fault, "403", kCheckKey}},
    Row{410, "Unregistered", {unregistered, "410 Unregistered", {}}},
    Row{410, "ExpiredToken", {expired_token, "410 ExpiredToken", {}}},
    Row{410, "", {unregistered, "410", {}}},
    Row{429, "TooManyRequests", {too_many_requests, "429 TooManyRequests", {}}},
    Row{429,
        "TooManyProviderTokenUpdates",
        {token_updated_too_often, "429 TooManyProviderTokenUpdates", {}}},
    Row{503, "ServiceUnavailable", {service_unavailable, "503 ServiceUnavailable", {}}},
    Row{503, "Shutdown", {shutdown, "503 Shutdown", {}}},
};

/// Where the status alone decides, whatever the reason.
constexpr std::array kByStatus = {
    Row{200, {}, {accepted, "200", {}}},
    Row{404, {}, {fault, "404", "check `endpoint`: it does not know this path"}},
    Row{405, {}, {fault, "405", "check `endpoint`: it does not take notifications"}},
    Row{413, {}, {payload_too_large, "413 PayloadTooLarge", {}}},
    Row{421, {}, {misdirected, "421", {}}},
    Row{425, {}, {misdirected, "425", {}}},
    Row{429, {}, {too_many_requests, "429", {}}},
    Row{500, {}, {server_error, "500", {}}},
    Row{502, {}, {server_error, "502", {}}},
    Row{503, {}, {server_error, "503", {}}},
    Row{504, {}, {server_error, "504", {}}},
};

/// The reason of an error, empty if there was no body; nothing if the body is not APNs's JSON.
std::optional<std::string> reason_of(const http2::Reply& reply, const nlohmann::json& body) {
    if (reply.body_bytes == 0) return std::string();
    if (!body.is_object()) return std::nullopt;
    const auto reason = body.find("reason");
    if (reason == body.end() || !reason->is_string()) return std::nullopt;
    return reason->get<std::string>();
}

/// Milliseconds since 1970; nothing that is not a whole, positive number of them.
std::optional<WallTime> timestamp_of(const nlohmann::json& body) {
    if (!body.is_object()) return std::nullopt;
    const auto found = body.find("timestamp");
    if (found == body.end() || !found->is_number_unsigned()) return std::nullopt;
    const auto ms = found->get<std::uint64_t>();
    if (ms == 0 || ms > kTimestampMax) return std::nullopt;
    return WallTime(std::chrono::milliseconds(ms));
}

}  // namespace

ReplyMeaning read_reply(const http2::Reply& reply) {
    if (reply.status == 200) return kByStatus.front().meaning;
    const auto body = nlohmann::json::parse(reply.body, nullptr, false);
    const auto reason = reason_of(reply, body);
    if (reason) {
        for (const auto& row : kRows) {
            if (row.status != reply.status || row.reason != *reason) continue;
            auto meaning = row.meaning;
            if (reply.status == 410) meaning.dead_since = timestamp_of(body);
            return meaning;
        }
        if (reply.status == 400) return {bad_request, "400 with an unknown reason", {}};
    }
    for (const auto& row : kByStatus)
        if (row.status == reply.status) return row.meaning;
    return {unknown, "an answer that APNs does not give", {}};
}

}  // namespace dispatcher::apns
