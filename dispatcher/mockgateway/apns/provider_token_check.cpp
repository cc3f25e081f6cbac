#include "mockgateway/apns/provider_token_check.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include <nlohmann/json.hpp>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/encoding.h"
#include "base/error.h"

namespace dispatcher::mock {
namespace {

constexpr std::size_t kTokensKept = 64;
constexpr std::size_t kAppleIdBytes = 10;    // key ids and team ids
constexpr std::size_t kSignatureBytes = 64;  // r and s of P-256, RFC 7518 §3.4
constexpr std::string_view kScheme = "bearer ";

using Json = nlohmann::json;

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

std::optional<Json> read_json(std::string_view base64url) {
    const auto text = from_base64url(base64url);
    if (!text) return std::nullopt;
    auto json = Json::parse(*text, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    return json;
}

std::string text_of(const Json& object, const char* name) {
    const auto it = object.find(name);
    return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
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
    const auto jwt = header.substr(kScheme.size());
    const auto first_dot = jwt.find('.');
    const auto second_dot = jwt.find('.', first_dot == jwt.npos ? jwt.npos : first_dot + 1);
    if (second_dot == jwt.npos) return token;

    const auto head = read_json(jwt.substr(0, first_dot));
    const auto claims = read_json(jwt.substr(first_dot + 1, second_dot - first_dot - 1));
    if (!head || !claims || text_of(*head, "alg") != "ES256") return token;
    const auto issued_at = claims->find("iat");
    if (issued_at == claims->end() || !issued_at->is_number_integer()) return token;
    token.key_id = text_of(*head, "kid");
    token.issued_at = issued_at->get<std::int64_t>();
    token.valid = fits(options_.key_id, token.key_id) &&
                  fits(options_.team_id, text_of(*claims, "iss")) &&
                  signature_fits(jwt.substr(0, second_dot), jwt.substr(second_dot + 1));
    return token;
}

bool ProviderTokenCheck::signature_fits(std::string_view signed_part,
                                        std::string_view signature) const {
    const auto raw = from_base64url(signature);
    if (!raw || raw->size() != kSignatureBytes) return false;
    if (key_ == nullptr) return true;

    const auto* bytes = reinterpret_cast<const unsigned char*>(raw->data());
    constexpr int kHalf = kSignatureBytes / 2;
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(ECDSA_SIG_new(),
                                                                     ECDSA_SIG_free);
    ECDSA_SIG_set0(pair.get(), BN_bin2bn(bytes, kHalf, nullptr),
                   BN_bin2bn(bytes + kHalf, kHalf, nullptr));
    unsigned char* der = nullptr;
    const int der_bytes = i2d_ECDSA_SIG(pair.get(), &der);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          EVP_MD_CTX_free);
    const bool fit = der_bytes > 0 &&
                     EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                                          static_cast<EVP_PKEY*>(key_)) == 1 &&
                     EVP_DigestVerify(context.get(), der, static_cast<std::size_t>(der_bytes),
                                      reinterpret_cast<const unsigned char*>(signed_part.data()),
                                      signed_part.size()) == 1;
    OPENSSL_free(der);
    return fit;
}

}  // namespace dispatcher::mock
