#include "gateway/webhook/webhook_reply.h"

#include <array>

namespace dispatcher::webhook {
namespace {

using enum ReplyClass;

struct Row {
    unsigned status;
    ReplyMeaning meaning;
};

constexpr std::string_view kCheckUrl = "check `url`: it does not take notifications";
constexpr std::string_view kCheckSecret =
    "check `secret`: the webhook does not trust our signature";
constexpr std::string_view kCheckBody =
    "the webhook does not understand the body: check the template and its webhook block";

constexpr std::array kRows = {
    Row{400, {fault, "400 Bad Request", kCheckBody}},
    Row{401, {fault, "401 Unauthorized", kCheckSecret}},
    Row{403, {fault, "403 Forbidden", kCheckSecret}},
    Row{404, {fault, "404 Not Found", kCheckUrl}},
    Row{405, {fault, "405 Method Not Allowed", kCheckUrl}},
    Row{409, {in_progress, "409 key in progress", {}}},
    Row{410, {gone, "410 Gone", {}}},
    Row{413, {fault, "413 Content Too Large", kCheckBody}},
    Row{421, {misdirected, "421 Misdirected Request", {}}},
    Row{422,
        {fault, "422 Unprocessable Content",
         "the webhook knows this Idempotency-Key with another body: the message was changed under "
         "the name of a campaign that has sent before"}},
    Row{425, {misdirected, "425 Too Early", {}}},
    Row{429, {too_many_requests, "429 Too Many Requests", {}}},
    Row{500, {server_error, "500 Internal Server Error", {}}},
    Row{502, {server_error, "502 Bad Gateway", {}}},
    Row{503, {server_error, "503 Service Unavailable", {}}},
    Row{504, {server_error, "504 Gateway Timeout", {}}},
};

constexpr ReplyMeaning kAccepted{accepted, "2xx", {}};
constexpr ReplyMeaning kUnknown{unknown, "a status that the contract does not know", {}};

}  // namespace

const ReplyMeaning& read_status(unsigned status) {
    if (status >= 200 && status <= 299) return kAccepted;
    for (const auto& row : kRows)
        if (row.status == status) return row.meaning;
    return kUnknown;
}

}  // namespace dispatcher::webhook
