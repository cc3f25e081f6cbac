#include "mockgateway/webpush/vapid_check.h"

#include <memory>
#include <optional>

#include <nlohmann/json.hpp>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/encoding.h"
#include "mockgateway/jwt.h"

namespace dispatcher::mock {
namespace {

constexpr std::size_t kTokensKept = 4096;
constexpr std::size_t kPointBytes = 65;
constexpr std::int64_t kLifeSecondsMax = 24 * 3600;
constexpr std::int64_t kClockSkewSeconds = 60;
constexpr std::string_view kScheme = "vapid ";

struct KeyFree {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;

Key key_of(std::string point) {
    std::string group = "prime256v1";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
        OSSL_PARAM_construct_end()};
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
        EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr), EVP_PKEY_CTX_free);
    EVP_PKEY* key = nullptr;
    if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY,
                          const_cast<OSSL_PARAM*>(params)) != 1)
        ERR_clear_error();
    return Key(key);
}

/// `t=…` or `k=…` of the comma-separated parameters.
std::string_view parameter(std::string_view parameters, char name) {
    while (!parameters.empty()) {
        const auto end = std::min(parameters.find(','), parameters.size());
        auto one = parameters.substr(0, end);
        parameters.remove_prefix(std::min(end + 1, parameters.size()));
        while (one.starts_with(' '))
            one.remove_prefix(1);
        if (one.size() > 2 && one[0] == name && one[1] == '=') return one.substr(2);
    }
    return {};
}

bool is_contact(const std::string& subject) {
    return subject.starts_with("mailto:") || subject.starts_with("https://");
}

}  // namespace

VapidCheck::VapidCheck(std::string public_key) : public_key_(std::move(public_key)) {}

std::string_view VapidCheck::refusal(std::string_view header, std::string_view authority,
                                     WallTime now) {
    std::string key(header);
    auto found = known_.find(key);
    if (found == known_.end()) {
        if (known_.size() >= kTokensKept) known_.clear();
        found = known_.emplace(std::move(key), read(header)).first;
    }
    const auto& token = found->second;
    if (!token.problem.empty()) return token.problem;
    if (token.audience != "https://" + std::string(authority)) return "VapidAudience";
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    if (token.expires <= seconds) return "VapidExpired";
    if (token.expires > seconds + kLifeSecondsMax + kClockSkewSeconds) return "VapidExpiresTooLate";
    if (!public_key_.empty() && token.public_key != public_key_) return "VapidKeyMismatch";
    return {};
}

VapidCheck::Token VapidCheck::read(std::string_view header) {
    Token token;
    token.problem = "VapidInvalid";
    if (!header.starts_with(kScheme)) return token;
    const auto jwt = parameter(header.substr(kScheme.size()), 't');
    token.public_key = parameter(header.substr(kScheme.size()), 'k');
    const auto point = from_base64url(token.public_key);
    if (!point || point->size() != kPointBytes) return token;
    const auto parts = JwtParts::split(jwt);
    if (!parts) return token;
    const auto head = read_jwt_object(parts->head);
    const auto claims = read_jwt_object(parts->claims);
    const auto signature = from_base64url(parts->signature);
    if (!head || !claims || text_of(*head, "alg") != "ES256") return token;
    const auto expires = claims->find("exp");
    if (expires == claims->end() || !expires->is_number_integer()) return token;
    if (!is_contact(text_of(*claims, "sub"))) return token;
    token.expires = expires->get<std::int64_t>();
    token.audience = text_of(*claims, "aud");
    const auto key = key_of(*point);
    const bool is_genuine = key && signature && is_es256(key.get(), parts->signed_part, *signature);
    token.problem = is_genuine ? "" : "VapidSignature";
    return token;
}

}  // namespace dispatcher::mock
