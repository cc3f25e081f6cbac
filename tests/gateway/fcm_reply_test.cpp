#include "gateway/fcm/fcm_reply.h"

#include "support/catch.h"

namespace dispatcher::test {
namespace {

using fcm::ReplyClass;

http2::Reply reply_of(unsigned status, const std::string& body) {
    http2::Reply reply;
    reply.status = status;
    reply.has_headers = reply.is_complete = true;
    reply.body = body;
    reply.body_bytes = body.size();
    return reply;
}

/// An error as FCM writes it; `code` and `field` may be empty: no such detail.
std::string error(const std::string& status, const std::string& code, const std::string& field = {},
                  const std::string& message = "words") {
    std::string details;
    if (!code.empty())
        details +=
            R"({"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":")" +
            code + "\"}";
    if (!field.empty())
        details += std::string(details.empty() ? "" : ",") +
                   R"({"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[)" +
                   R"({"field":")" + field + R"(","description":"d"}]})";
    return R"({"error":{"code":1,"message":")" + message + R"(","status":")" + status +
           R"(","details":[)" + details + "]}}";
}

}  // namespace

TEST_CASE("every answer of FCM has its class, and what is not known is in doubt",
          "[unit][gateway]") {
    struct Row {
        unsigned status;
        std::string body;
        ReplyClass kind;
    };
    const std::string html = "<html>oops</html>";
    const std::vector<Row> rows{
        {200, R"({"name":"projects/p/messages/1"})", ReplyClass::accepted},
        {200, html, ReplyClass::accepted},
        {404, error("NOT_FOUND", "UNREGISTERED"), ReplyClass::unregistered},
        {404, error("NOT_FOUND", ""), ReplyClass::fault},
        {404, html, ReplyClass::fault},
        {403, error("PERMISSION_DENIED", "SENDER_ID_MISMATCH"), ReplyClass::sender_mismatch},
        {403, error("PERMISSION_DENIED", ""), ReplyClass::fault},
        {401, error("UNAUTHENTICATED", ""), ReplyClass::unauthorized},
        {401, html, ReplyClass::unauthorized},
        {401, error("UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), ReplyClass::fault},
        {400, error("INVALID_ARGUMENT", "INVALID_ARGUMENT", "message.token"),
         ReplyClass::bad_token},
        {400, error("INVALID_ARGUMENT", "INVALID_ARGUMENT", "message.android.ttl"),
         ReplyClass::fault},
        {400, error("INVALID_ARGUMENT", "INVALID_ARGUMENT"), ReplyClass::fault},
        {400,
         error("INVALID_ARGUMENT", "INVALID_ARGUMENT", "",
               "The registration token is not a valid FCM registration token"),
         ReplyClass::bad_token_by_text},
        {400, error("INVALID_ARGUMENT", "INVALID_ARGUMENT", "", "Android message is too big"),
         ReplyClass::payload_too_large},
        {400, html, ReplyClass::unknown},
        {400, "", ReplyClass::unknown},
        {405, "", ReplyClass::fault},
        {413, html, ReplyClass::payload_too_large},
        {421, "", ReplyClass::misdirected},
        {425, "", ReplyClass::misdirected},
        {429, error("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), ReplyClass::too_many_requests},
        {429, html, ReplyClass::too_many_requests},
        {500, error("INTERNAL", "INTERNAL"), ReplyClass::server_error},
        {502, html, ReplyClass::server_error},
        {503, error("UNAVAILABLE", "UNAVAILABLE"), ReplyClass::server_error},
        {504, "", ReplyClass::server_error},
        {201, "", ReplyClass::unknown},
        {302, html, ReplyClass::unknown},
        {409, error("ABORTED", ""), ReplyClass::unknown},
        {418, "", ReplyClass::unknown},
        {501, "", ReplyClass::unknown},
    };
    for (const auto& row : rows) {
        INFO(row.status << " " << row.body);
        const auto meaning = fcm::read_reply(reply_of(row.status, row.body));
        CHECK(meaning.kind == row.kind);
        CHECK_FALSE(meaning.detail.empty());
        const bool has_advice =
            meaning.kind == ReplyClass::fault || meaning.kind == ReplyClass::unauthorized;
        CHECK(meaning.advice.empty() != has_advice);
    }
}

TEST_CASE("a 400 that names the token and something else is the configuration's fault",
          "[unit][gateway]") {
    const std::string body =
        R"({"error":{"message":"m","status":"INVALID_ARGUMENT","details":[{"@type":)"
        R"("type.googleapis.com/google.rpc.BadRequest","fieldViolations":[)"
        R"({"field":"message.token"},{"field":"message.data"}]}]}})";
    const auto meaning = fcm::read_reply(reply_of(400, body));
    CHECK(meaning.kind == ReplyClass::fault);
    CHECK(meaning.words == "m (message.token, message.data)");
}

TEST_CASE("details of other shapes than FCM's do no harm", "[unit][gateway]") {
    for (const auto* body :
         {R"({"error":[]})", R"({"error":{"details":{}}})", R"({"error":{"details":[1,null,[]]}})",
          R"({"error":{"status":7,"message":[],"details":[{"@type":7}]}})", "[]", "7",
          R"({"error":{"details":[{"@type":"type.googleapis.com/google.rpc.BadRequest",)"
          R"("fieldViolations":[7,{"field":null}]}]}})"}) {
        INFO(body);
        const auto kind = fcm::read_reply(reply_of(400, body)).kind;
        CHECK((kind == ReplyClass::fault || kind == ReplyClass::unknown));
        CHECK(fcm::read_reply(reply_of(404, body)).kind == ReplyClass::fault);
    }
}

}  // namespace dispatcher::test
