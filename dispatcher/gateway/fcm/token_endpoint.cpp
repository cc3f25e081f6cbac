#include "gateway/fcm/token_endpoint.h"

#include <algorithm>
#include <ctime>
#include <mutex>
#include <optional>

#include <fmt/format.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

namespace dispatcher::fcm {
namespace {

using nlohmann::json;
using std::chrono::seconds;

constexpr std::size_t kAnswerBytesMax = 65'536;
constexpr seconds kLifeMin{1};
constexpr seconds kLifeMax{24 * 3600};
/// Google takes assertions of clocks that are a few minutes off.
constexpr seconds kClockOffMax{240};
constexpr std::size_t kQuotedMax = 200;

/// The server's own words, fit for one line of a log.
std::string quoted(const std::string& text) {
    std::string out;
    for (const char c : text.substr(0, kQuotedMax))
        out += c >= ' ' && c <= '~' ? c : ' ';
    return out;
}

std::string text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// How far this machine's clock is ahead of the server's.
std::optional<seconds> clock_ahead(const std::string& date, WallTime now) {
    std::tm parts{};
    if (::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) == nullptr)
        return std::nullopt;
    return std::chrono::floor<seconds>(now.time_since_epoch()) - seconds(::timegm(&parts));
}

TokenAnswer unavailable(std::string trouble) {
    TokenAnswer answer;
    answer.trouble = std::move(trouble);
    return answer;
}

TokenAnswer refused(std::string trouble) {
    TokenAnswer answer;
    answer.kind = TokenAnswer::Kind::refused;
    answer.trouble = std::move(trouble);
    return answer;
}

TokenAnswer read_grant(const json& body, const std::string& where) {
    TokenAnswer answer;
    answer.token = Secret(text_of(body, "access_token"));
    const auto life = body.find("expires_in");
    const auto& token = answer.token.reveal();
    const bool is_printable =
        std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
    if (token.empty() || token.size() > 8'192 || !is_printable || life == body.end() ||
        !life->is_number_integer())
        return unavailable(where + " answered 200 without an access token");
    answer.kind = TokenAnswer::Kind::granted;
    answer.life = std::clamp(seconds(life->get<std::int64_t>()), kLifeMin, kLifeMax);
    return answer;
}

TokenAnswer read_invalid_grant(const std::string& description, const std::string& date,
                               const ServiceAccount& account, WallTime now) {
    const auto ahead = clock_ahead(date, now);
    const bool is_off = ahead && std::chrono::abs(*ahead) > kClockOffMax;
    if (is_off || description.find("timeframe") != std::string::npos)
        return refused(fmt::format(
            "invalid_grant: this machine's clock is wrong{}: set it (NTP) and try again",
            is_off ? fmt::format(", {} s {} Google's", std::chrono::abs(*ahead).count(),
                                 ahead->count() > 0 ? "ahead of" : "behind")
                   : ""));
    if (description.find("account not found") != std::string::npos)
        return refused("invalid_grant: the service account " + account.client_email() +
                       " does not exist any more: make another one and its key");
    if (description.find("ignature") != std::string::npos)
        return refused("invalid_grant: Google does not know this key of " + account.client_email() +
                       ": it was deleted, or the file was changed; make a new key");
    return refused(
        fmt::format("invalid_grant for {}: {}: check the file, its key and this "
                    "machine's clock",
                    account.client_email(), quoted(description)));
}

std::string sentence_of(httplib::Error error, const std::string& where) {
    switch (error) {
        case httplib::Error::SSLServerVerification:
            return "the certificate of " + where + " is not trusted: check ca_file";
        case httplib::Error::SSLLoadingCerts:
            return "ca_file cannot be loaded for " + where;
        case httplib::Error::SSLConnection:
            return "no TLS connection to " + where;
        case httplib::Error::Connection:
        case httplib::Error::ConnectionTimeout:
            return "no connection to " + where;
        default:
            return where + " did not answer as HTTP";
    }
}

}  // namespace

/// What a running ask() can be stopped by.
struct TokenEndpoint::Line {
    std::mutex mutex;
    httplib::Client* client = nullptr;  // while one asks
    bool is_stopped = false;
};

TokenEndpoint::TokenEndpoint(ServiceAccount account, std::string ca_file)
    : account_(std::move(account)), ca_file_(std::move(ca_file)), line_(std::make_unique<Line>()) {
    const auto& uri = account_.token_uri();
    const auto path = uri.find('/', uri.find("://") + 3);
    origin_ = uri.substr(0, path);
    path_ = path == uri.npos ? "/" : uri.substr(path);
}

TokenEndpoint::~TokenEndpoint() = default;

TokenAnswer TokenEndpoint::ask(WallTime now) {
    const auto deadline = clock_.now() + kPatience;
    httplib::Client client(origin_);
    client.set_connection_timeout(kPatience);
    client.set_read_timeout(kPatience);
    client.set_write_timeout(kPatience);
    client.set_follow_location(false);  // nobody else gets our assertion
    client.enable_server_certificate_verification(true);
    if (!ca_file_.empty()) client.set_ca_cert_path(ca_file_);

    httplib::Request request;
    request.method = "POST";
    request.path = path_;
    request.set_header("Content-Type", "application/x-www-form-urlencoded");
    request.set_header("Accept", "application/json");
    request.body = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" +
                   account_.make_assertion(now);
    std::string body;
    request.content_receiver = [&](const char* data, std::size_t bytes, std::uint64_t,
                                   std::uint64_t) {
        if (body.size() + bytes > kAnswerBytesMax || clock_.now() > deadline) return false;
        body.append(data, bytes);
        return true;
    };
    {
        const std::lock_guard lock(line_->mutex);
        if (line_->is_stopped) return unavailable("stopped");
        line_->client = &client;
    }
    const auto result = client.send(request);
    {
        const std::lock_guard lock(line_->mutex);
        line_->client = nullptr;
    }
    if (!result) return unavailable(sentence_of(result.error(), origin_));
    return read_token_answer(result->status, result->get_header_value("Date"), body, account_, now);
}

void TokenEndpoint::stop() {
    const std::lock_guard lock(line_->mutex);
    line_->is_stopped = true;
    if (line_->client != nullptr) line_->client->stop();
}

TokenAnswer read_token_answer(int status, const std::string& date, const std::string& text,
                              const ServiceAccount& account, WallTime now) {
    const auto& where = account.token_uri();
    const auto parsed = json::parse(text, nullptr, false);
    const auto body = parsed.is_object() ? parsed : json::object();
    if (status == 200) return read_grant(body, where);
    const auto error = text_of(body, "error");
    const auto description = text_of(body, "error_description");
    if (status >= 500 || status == 429 || status == 408)
        return unavailable(fmt::format("{} answers {}", where, status));
    if (error == "invalid_grant") return read_invalid_grant(description, date, account, now);
    if (error == "invalid_client" || error == "unauthorized_client")
        return refused(
            fmt::format("{}: Google does not let {} ask for access tokens: check the "
                        "service account",
                        error, account.client_email()));
    if (!error.empty())
        return refused(
            fmt::format("{} answers {} {}: {}", where, status, quoted(error), quoted(description)));
    return refused(
        fmt::format("{} answers {}, as no token endpoint does: check token_uri in the service "
                    "account file",
                    where, status));
}

}  // namespace dispatcher::fcm
