#include "mockgateway/apns/provider_token_check.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/encoding.h"
#include "base/error.h"
#include "mockgateway/jwt.h"

namespace dispatcher::mock {
namespace {

constexpr std::size_t kTokensKept = 64;
constexpr std::size_t kAppleIdBytes = 10;  // key ids and team ids
constexpr std::string_view kScheme = "bearer ";

struct KeyFree {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;

Key read_key(const std::filesystem::path& file) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> in(BIO_new_file(file.c_str(), "r"), BIO_free);
    if (!in) throw ConfigError(file.string(), "the APNs key cannot be read");
    Key key(PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr));
    if (!key) {
        BIO_seek(in.get(), 0);
        key.reset(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
    }
    if (!key || EVP_PKEY_get_bits(key.get()) != 256 || EVP_PKEY_is_a(key.get(), "EC") != 1)
        throw ConfigError(file.string(), "no P-256 key in PEM form");
    return key;
}

bool is_apple_id(std::string_view id) {
    return id.size() == kAppleIdBytes &&
           std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
}

bool fits(const std::string& wanted, const std::string& found) {
    return is_apple_id(found) && (wanted.empty() || wanted == found);
}

}  // namespace

ProviderTokenCheck::ProviderTokenCheck(Options options) : options_(std::move(options)) {
    if (!options_.public_key_file.empty()) key_ = read_key(options_.public_key_file).release();
}

ProviderTokenCheck::~ProviderTokenCheck() {
    EVP_PKEY_free(static_cast<EVP_PKEY*>(key_));
}

std::shared_ptr<const ProviderToken> ProviderTokenCheck::read(std::string_view header) {
    for (auto it = known_.begin(); it != known_.end(); ++it) {
        if ((*it)->header != header) continue;
        if (it != known_.begin()) std::rotate(known_.begin(), it, std::next(it));
        return known_.front();
    }
    if (known_.size() == kTokensKept) known_.pop_back();
    known_.push_front(std::make_shared<const ProviderToken>(parse(header)));
    return known_.front();
}

ProviderToken ProviderTokenCheck::parse(std::string_view header) const {
    ProviderToken token;
    token.header = header;
    if (header.substr(0, kScheme.size()) != kScheme) return token;
    const auto parts = JwtParts::split(header.substr(kScheme.size()));
    if (!parts) return token;

    const auto head = read_jwt_object(parts->head);
    const auto claims = read_jwt_object(parts->claims);
    if (!head || !claims || text_of(*head, "alg") != "ES256") return token;
    const auto issued_at = claims->find("iat");
    if (issued_at == claims->end() || !issued_at->is_number_integer()) return token;
    token.key_id = text_of(*head, "kid");
    token.issued_at = issued_at->get<std::int64_t>();
    token.valid = fits(options_.key_id, token.key_id) &&
                  fits(options_.team_id, text_of(*claims, "iss")) &&
                  signature_fits(parts->signed_part, parts->signature);
    return token;
}

bool ProviderTokenCheck::signature_fits(std::string_view signed_part,
                                        std::string_view signature) const {
    const auto raw = from_base64url(signature);
    if (!raw || raw->size() != kEs256Bytes) return false;
    return key_ == nullptr || is_es256(static_cast<EVP_PKEY*>(key_), signed_part, *raw);
}

}  // namespace dispatcher::mock
