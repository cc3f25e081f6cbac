#include "mockgateway/fcm/token_desk.h"

#include <fstream>
#include <iterator>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/encoding.h"
#include "base/error.h"
#include "mockgateway/jwt.h"

namespace dispatcher::mock {
namespace {

using nlohmann::json;
using std::chrono::seconds;

constexpr std::string_view kGrant =
    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
constexpr std::string_view kGrantPlain =
    "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=";
constexpr std::string_view kScope = "https://www.googleapis.com/auth/firebase.messaging";
constexpr seconds kSkewMax{300};
constexpr seconds kAssertionLifeMax{3600};
constexpr std::size_t kTokensMax = 100'000;
constexpr std::string_view kTimeProblem =
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim.";

void refuse(Answer& answer, std::string_view error, std::string_view description) {
    answer.status = 400;
    answer.body = json{{"error", error}, {"error_description", description}}.dump(
        -1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

KnownAccount KnownAccount::read(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw ConfigError(file.string(), "the service account file cannot be read");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto account = json::parse(text, nullptr, false);
    if (!account.is_object()) throw ConfigError(file.string(), "holds no JSON object");
    KnownAccount known{text_of(account, "project_id"), text_of(account, "client_email"),
                       text_of(account, "token_uri"), nullptr};
    const auto pem = text_of(account, "private_key");
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    known.key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    if (known.project.empty() || known.client_email.empty() || known.token_uri.empty() ||
        !known.key || EVP_PKEY_is_a(known.key.get(), "RSA") != 1)
        throw ConfigError(file.string(), "is no service account file with an RSA key");
    return known;
}

TokenDesk::TokenDesk(const Options& options, Random& random)
    : account_(options.service_account_file.empty()
                   ? nullptr
                   : std::make_unique<const KnownAccount>(
                         KnownAccount::read(options.service_account_file))),
      life_(options.life),
      random_(random) {}

std::string_view TokenDesk::answer_request(const Request& request, WallTime now, Answer& answer) {
    auto assertion = request.body();
    const bool is_encoded = assertion.starts_with(kGrant);
    if (request.method() != "POST" ||
        request.get("content-type") != "application/x-www-form-urlencoded" ||
        (!is_encoded && !assertion.starts_with(kGrantPlain))) {
        refuse(answer, "unsupported_grant_type", "Invalid grant_type: ");
        return "unsupported_grant_type";
    }
    assertion.remove_prefix((is_encoded ? kGrant : kGrantPlain).size());
    if (const auto wrong = problem(assertion, now); !wrong.empty()) {
        refuse(answer, "invalid_grant", wrong);
        return "invalid_grant";
    }
    forget_expired(now);
    const auto token = fmt::format("ya29.mock-{:016x}{:016x}", random_.next(), random_.next());
    good_until_["Bearer " + token] = now + life_;
    answer.body =
        json{{"access_token", token}, {"expires_in", life_.count()}, {"token_type", "Bearer"}}
            .dump();
    return {};
}

/// What Google would say is wrong with an assertion; empty: nothing.
std::string TokenDesk::problem(std::string_view assertion, WallTime now) const {
    const auto parts = JwtParts::split(assertion);
    if (!parts) return "Invalid JWT: no three parts";
    const auto head = read_jwt_object(parts->head);
    const auto claims = read_jwt_object(parts->claims);
    if (!head || !claims || text_of(*head, "alg") != "RS256" || text_of(*head, "typ") != "JWT")
        return "Invalid JWT: malformed, or not of alg RS256 and typ JWT";
    const auto issuer = text_of(*claims, "iss");
    if (issuer.find('@') == issuer.npos || (account_ && issuer != account_->client_email))
        return "Invalid grant: account not found";
    const auto audience = text_of(*claims, "aud");
    if (!audience.ends_with("/token") || (account_ && audience != account_->token_uri))
        return "Invalid JWT: Failed audience check.";
    if (text_of(*claims, "scope") != kScope) return "Invalid scope";
    const auto issued = claims->find("iat");
    const auto expires = claims->find("exp");
    if (issued == claims->end() || expires == claims->end() || !issued->is_number_integer() ||
        !expires->is_number_integer())
        return std::string(kTimeProblem);
    const auto issued_at = WallTime(seconds(issued->get<std::int64_t>()));
    const auto expires_at = WallTime(seconds(expires->get<std::int64_t>()));
    if (issued_at > now + kSkewMax || expires_at < now - kSkewMax || expires_at <= issued_at ||
        expires_at - issued_at > kAssertionLifeMax)
        return std::string(kTimeProblem);
    if (!signature_fits(parts->signed_part, parts->signature)) return "Invalid JWT Signature.";
    return {};
}

bool TokenDesk::signature_fits(std::string_view signed_part, std::string_view signature) const {
    const auto raw = from_base64url(signature);
    if (!raw || raw->empty()) return false;
    return !account_ || is_rs256(account_->key.get(), signed_part, *raw);
}

bool TokenDesk::knows(std::string_view authorization, WallTime now) const {
    const auto found = good_until_.find(std::string(authorization));
    return found != good_until_.end() && now < found->second;
}

void TokenDesk::forget_expired(WallTime now) {
    if (good_until_.size() < kTokensMax) return;
    std::erase_if(good_until_, [now](const auto& entry) { return entry.second <= now; });
}

}  // namespace dispatcher::mock
