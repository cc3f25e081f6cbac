#include "gateway/http2/es256_key.h"

#include <memory>
#include <vector>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/invariant.h"

namespace dispatcher::http2 {
namespace {

constexpr int kScalarBytes = 32;

std::string base64url(std::string_view text) {
    return to_base64url({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

/// No prompt for a passphrase: a dispatcher has nobody to ask.
int no_passphrase(char*, int, int, void*) {
    return 0;
}

EVP_PKEY* read_key(const CredentialFile& from, std::string_view what_it_is) {
    from.require_readable();
    const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(from.path.c_str(), "r"),
                                                         BIO_free);
    EVP_PKEY* key =
        file ? PEM_read_bio_PrivateKey(file.get(), nullptr, no_passphrase, nullptr) : nullptr;
    ERR_clear_error();
    if (key == nullptr)
        throw ConfigError(from.where, "this file holds no private key without a passphrase; " +
                                          std::string(what_it_is));
    char group[32] = {};
    std::size_t length = 0;
    if (EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1 &&
        std::string_view(group, length) == "prime256v1")
        return key;
    ERR_clear_error();
    EVP_PKEY_free(key);
    throw ConfigError(from.where, "this key is of another kind: it must be an EC key on P-256; " +
                                      std::string(what_it_is));
}

}  // namespace

Es256Key::Es256Key(const CredentialFile& file, std::string_view what_it_is)
    : key_(read_key(file, what_it_is)) {}

Es256Key::~Es256Key() {
    EVP_PKEY_free(key_);
}

/// JWS wants the two numbers of the signature side by side (RFC 7518 §3.4), OpenSSL gives DER.
std::string Es256Key::sign(std::string_view header, std::string_view claims) const {
    auto text = base64url(header) + "." + base64url(claims);
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
    std::array<std::uint8_t, std::size_t{2} * kScalarBytes> joined{};
    BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), joined.data(), kScalarBytes);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), joined.data() + kScalarBytes, kScalarBytes);
    return text + "." + to_base64url(joined);
}

std::array<std::uint8_t, 65> Es256Key::public_point() const {
    std::array<std::uint8_t, 65> point{};
    std::size_t size = 0;
    // A key that was read with its public part compressed says so: asked for uncompressed.
    EVP_PKEY_set_utf8_string_param(key_, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                   OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED);
    invariant(EVP_PKEY_get_octet_string_param(key_, OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                              point.size(), &size) == 1 &&
                  size == point.size(),
              "a P-256 key has a public point");
    return point;
}

}  // namespace dispatcher::http2
