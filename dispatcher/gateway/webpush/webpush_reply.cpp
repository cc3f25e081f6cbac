#include "gateway/webpush/webpush_reply.h"

#include <array>

namespace dispatcher::webpush {
namespace {

using enum ReplyClass;

struct Row {
    unsigned status;
    ReplyMeaning meaning;
};

constexpr std::array kRows = {
    Row{201, {accepted, "201 Created"}},
    Row{202, {accepted, "202 Accepted"}},
    Row{400, {bad_request, "400 Bad Request"}},
    Row{401, {unauthorized, "401 Unauthorized"}},
    Row{403, {unauthorized, "403 Forbidden"}},
    Row{404, {gone, "404 Not Found"}},
    Row{405, {bad_request, "405 Method Not Allowed"}},
    Row{410, {gone, "410 Gone"}},
    Row{413, {payload_too_large, "413 Content Too Large"}},
    Row{421, {misdirected, "421 Misdirected Request"}},
    Row{425, {misdirected, "425 Too Early"}},
    Row{429, {too_many_requests, "429 Too Many Requests"}},
    Row{500, {server_error, "500 Internal Server Error"}},
    Row{502, {server_error, "502 Bad Gateway"}},
    Row{503, {server_error, "503 Service Unavailable"}},
    Row{504, {server_error, "504 Gateway Timeout"}},
};

}  // namespace

ReplyMeaning read_reply(const http2::Reply& reply) {
    for (const auto& row : kRows)
        if (row.status == reply.status) return row.meaning;
    if (reply.status >= 300 && reply.status < 400) return {unknown, "a redirect, never followed"};
    return {unknown, "an answer that push services do not give"};
}

}  // namespace dispatcher::webpush
