#include "gateway/apns/provider_token.h"

#include <memory>
#include <span>
#include <vector>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/invariant.h"

namespace dispatcher::apns {
namespace {

constexpr int kScalarBytes = 32;
constexpr std::chrono::minutes kGoodFor{60};

std::string base64url(std::string_view text) {
    return to_base64url({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

/// No prompt for a passphrase: a dispatcher has nobody to ask.
int no_passphrase(char*, int, int, void*) {
    return 0;
}

EVP_PKEY* read_key(const std::string& path) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(path.c_str(), "r"), BIO_free);
    EVP_PKEY* key =
        file ? PEM_read_bio_PrivateKey(file.get(), nullptr, no_passphrase, nullptr) : nullptr;
    ERR_clear_error();
    if (!file) throw ConfigError(path, "this key file cannot be opened");
    if (key == nullptr)
        throw ConfigError(path,
                          "this file holds no private key; key_file is the .p8 file that "
                          "Apple gave for the key id");
    char group[32] = {};
    std::size_t length = 0;
    if (EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1 &&
        std::string_view(group, length) == "prime256v1")
        return key;
    ERR_clear_error();
    EVP_PKEY_free(key);
    throw ConfigError(path, "this is not an APNs key: it must be an EC key on P-256");
}

}  // namespace

ProviderToken::ProviderToken(const std::string& key_file, std::string key_id, std::string team_id,
                             Clock& clock)
    : key_(read_key(key_file)),
      key_id_(std::move(key_id)),
      team_id_(std::move(team_id)),
      clock_(clock) {}

ProviderToken::~ProviderToken() {
    EVP_PKEY_free(key_);
}

std::string_view ProviderToken::authorization(BootTime now) {
    if (generation_ == 0 || now - issued_at_[current_] >= kRenewAfter) renew(now);
    return texts_[current_];
}

bool ProviderToken::renew_early(BootTime now) {
    if (generation_ != 0 && now - renewed_at_ < kRenewalGap) return false;
    renew(now);
    return true;
}

void ProviderToken::take_back_renewal(BootTime now) {
    const auto previous = (current_ + kKept - 1) % kKept;
    if (texts_[previous].empty() || now - issued_at_[previous] >= kGoodFor) return;
    if (issued_at_[previous] > issued_at_[current_]) return;
    current_ = previous;
}

void ProviderToken::renew(BootTime now) {
    const auto seconds =
        std::chrono::floor<std::chrono::seconds>(clock_.wall().time_since_epoch()).count();
    auto text = base64url(R"({"alg":"ES256","kid":")" + key_id_ + "\"}") + "." +
                base64url(R"({"iss":")" + team_id_ + R"(","iat":)" + std::to_string(seconds) + "}");
    const auto signature = sign(text);
    current_ = (current_ + 1) % kKept;
    texts_[current_] = "bearer " + text + "." + base64url(signature);
    issued_at_[current_] = renewed_at_ = now;
    ++generation_;
}

/// JWS wants the two numbers of the signature side by side (RFC 7518 §3.4), OpenSSL gives DER.
std::string ProviderToken::sign(std::string_view text) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          EVP_MD_CTX_free);
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t size = 0;
    invariant(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_) == 1 &&
                  EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1,
              "a P-256 key can sign");
    std::vector<unsigned char> der(size);
    invariant(EVP_DigestSign(context.get(), der.data(), &size, bytes, text.size()) == 1,
              "a P-256 key can sign");
    const auto* start = static_cast<const unsigned char*>(der.data());
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(
        d2i_ECDSA_SIG(nullptr, &start, static_cast<long>(size)), ECDSA_SIG_free);
    std::string joined(2 * kScalarBytes, '\0');
    auto* out = reinterpret_cast<unsigned char*>(joined.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out, kScalarBytes);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out + kScalarBytes, kScalarBytes);
    return joined;
}

}  // namespace dispatcher::apns
