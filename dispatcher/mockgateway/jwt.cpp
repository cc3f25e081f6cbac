#include "mockgateway/jwt.h"

#include <memory>

#include <nlohmann/json.hpp>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/encoding.h"

namespace dispatcher::mock {
namespace {

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

bool is_signed(EVP_PKEY* key, std::string_view text, const unsigned char* signature,
               std::size_t size) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          EVP_MD_CTX_free);
    const bool fits =
        EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
        EVP_DigestVerify(context.get(), signature, size, bytes_of(text), text.size()) == 1;
    if (!fits) ERR_clear_error();
    return fits;
}

}  // namespace

std::optional<JwtParts> JwtParts::split(std::string_view jwt) {
    const auto first = jwt.find('.');
    const auto second = first == jwt.npos ? jwt.npos : jwt.find('.', first + 1);
    if (second == jwt.npos) return std::nullopt;
    return JwtParts{jwt.substr(0, first), jwt.substr(first + 1, second - first - 1),
                    jwt.substr(second + 1), jwt.substr(0, second)};
}

std::optional<nlohmann::json> read_jwt_object(std::string_view part) {
    const auto text = from_base64url(part);
    if (!text) return std::nullopt;
    auto object = nlohmann::json::parse(*text, nullptr, false);
    if (!object.is_object()) return std::nullopt;
    return object;
}

std::string text_of(const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool is_es256(EVP_PKEY* key, std::string_view text, std::string_view signature) {
    if (signature.size() != kEs256Bytes) return false;
    constexpr int kHalf = kEs256Bytes / 2;
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(ECDSA_SIG_new(),
                                                                     ECDSA_SIG_free);
    ECDSA_SIG_set0(pair.get(), BN_bin2bn(bytes_of(signature), kHalf, nullptr),
                   BN_bin2bn(bytes_of(signature) + kHalf, kHalf, nullptr));
    unsigned char* der = nullptr;
    const int der_bytes = i2d_ECDSA_SIG(pair.get(), &der);
    const bool fits =
        der_bytes > 0 && is_signed(key, text, der, static_cast<std::size_t>(der_bytes));
    OPENSSL_free(der);
    return fits;
}

bool is_rs256(EVP_PKEY* key, std::string_view text, std::string_view signature) {
    return is_signed(key, text, bytes_of(signature), signature.size());
}

}  // namespace dispatcher::mock
