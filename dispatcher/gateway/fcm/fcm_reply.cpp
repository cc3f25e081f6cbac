#include "gateway/fcm/fcm_reply.h"

#include <array>
#include <optional>

#include <nlohmann/json.hpp>

namespace dispatcher::fcm {
namespace {

using enum ReplyClass;
using nlohmann::json;

constexpr std::string_view kErrorType = "type.googleapis.com/google.firebase.fcm.v1.FcmError";
constexpr std::string_view kRequestType = "type.googleapis.com/google.rpc.BadRequest";
constexpr std::string_view kTokenField = "message.token";
constexpr std::size_t kWordsMax = 300;

constexpr std::string_view kCheckProject =
    "check that the service account is of this project, that it may send (role Firebase Cloud "
    "Messaging API Admin), and that the Firebase Cloud Messaging API is enabled";
constexpr std::string_view kCheckPayload = "check the template, its data and its fcm block";

struct Row {
    unsigned status;
    std::string_view code;  ///< empty: any
    ReplyClass kind;
    std::string_view detail;
    std::string_view advice = {};
};

/// The first row that fits decides.
constexpr std::array kRows = {
    Row{200, "", accepted, "200"},
    Row{404, "UNREGISTERED", unregistered, "404 UNREGISTERED"},
    Row{404, "", fault, "404",
        "check `endpoint` and the project of the service account: there is nothing by this name"},
    Row{403, "SENDER_ID_MISMATCH", sender_mismatch, "403 SENDER_ID_MISMATCH"},
    Row{403, "", fault, "403 PERMISSION_DENIED", kCheckProject},
    Row{401, "THIRD_PARTY_AUTH_ERROR", fault, "401 THIRD_PARTY_AUTH_ERROR",
        "check the APNs key or Web Push credentials that Firebase has for the app"},
    Row{401, "", unauthorized, "401 UNAUTHENTICATED",
        "a fresh access token is refused too: check the service account and this machine's clock"},
    Row{405, "", fault, "405", "check `endpoint`: it does not take notifications"},
    Row{413, "", payload_too_large, "413"},
    Row{421, "", misdirected, "421"},
    Row{425, "", misdirected, "425"},
    Row{429, "", too_many_requests, "429 QUOTA_EXCEEDED"},
    Row{500, "", server_error, "500 INTERNAL"},
    Row{502, "", server_error, "502"},
    Row{503, "", server_error, "503 UNAVAILABLE"},
    Row{504, "", server_error, "504"},
};

std::string text_of(const json& object, const char* name) {
    if (!object.is_object()) return {};
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// What an error document says.
struct ErrorDocument {
    std::string code;  ///< of the FcmError, else the status
    std::string message;
    std::string fields;  ///< "message.token, message.ttl"
    bool names_token = false;
    bool names_others = false;
};

void read_violations(const json& detail, ErrorDocument& document) {
    const auto list = detail.find("fieldViolations");
    if (list == detail.end() || !list->is_array()) return;
    for (const auto& violation : *list) {
        const auto field = text_of(violation, "field");
        const bool is_token = field == kTokenField || field == "token";
        document.names_token = document.names_token || is_token;
        document.names_others = document.names_others || !is_token;
        document.fields += (document.fields.empty() ? "" : ", ") + field;
    }
}

std::optional<ErrorDocument> read_document(const std::string& body) {
    const auto whole = json::parse(body, nullptr, false);
    if (!whole.is_object() || !whole.contains("error") || !whole["error"].is_object())
        return std::nullopt;
    const auto& error = whole["error"];
    ErrorDocument document;
    document.code = text_of(error, "status");
    document.message = text_of(error, "message");
    const auto details = error.find("details");
    if (details == error.end() || !details->is_array()) return document;
    for (const auto& detail : *details) {
        const auto type = text_of(detail, "@type");
        if (type == kErrorType) document.code = text_of(detail, "errorCode");
        if (type == kRequestType) read_violations(detail, document);
    }
    return document;
}

/// One line, without control characters.
std::string words_of(const ErrorDocument& document) {
    std::string words = document.message;
    while (words.ends_with('.'))
        words.pop_back();  // other words follow
    if (!document.fields.empty()) words += " (" + document.fields + ")";
    for (char& c : words)
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) c = ' ';
    return words.substr(0, kWordsMax);
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != text.npos;
}

/// A 400 is the row's fault only where FCM names its token, or where the row made the message too
/// large. FCM often names a malformed token in its sentence alone.
ReplyMeaning read_bad_request(const ErrorDocument& document) {
    if (document.names_token && !document.names_others)
        return {bad_token, "400 INVALID_ARGUMENT message.token", {}, {}};
    if (document.fields.empty() && contains(document.message, "registration token is not a valid"))
        return {bad_token_by_text, "400 INVALID_ARGUMENT registration token", {}, {}};
    if (document.fields.empty() && contains(document.message, "too big"))
        return {payload_too_large, "400 INVALID_ARGUMENT too big", {}, {}};
    return {fault, "400 INVALID_ARGUMENT", kCheckPayload, words_of(document)};
}

}  // namespace

ReplyMeaning read_reply(const http2::Reply& reply) {
    const auto document = read_document(reply.body);
    if (reply.status == 400 && document) return read_bad_request(*document);
    for (const auto& row : kRows) {
        if (row.status != reply.status) continue;
        if (!row.code.empty() && (!document || document->code != row.code)) continue;
        return {row.kind, row.detail, row.advice, document ? words_of(*document) : std::string()};
    }
    return {unknown, "an answer that FCM does not give", {}, {}};
}

}  // namespace dispatcher::fcm
