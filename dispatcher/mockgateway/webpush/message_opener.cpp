#include "mockgateway/webpush/message_opener.h"

#include <array>
#include <cstdint>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/pem.h>

#include "base/encoding.h"
#include "base/error.h"

namespace dispatcher::mock {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kPointBytes = 65;
constexpr std::size_t kHeadBytes = kSaltBytes + 4 + 1 + kPointBytes;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kRecordBytesMin = 18;
constexpr char kUncompressed = 4;
constexpr char kLastRecord = 2;

struct KeyFree {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;

std::uint32_t record_bytes(std::string_view body) {
    std::uint32_t bytes = 0;
    for (std::size_t i = 0; i < 4; ++i)
        bytes = bytes << 8 | static_cast<unsigned char>(body[kSaltBytes + i]);
    return bytes;
}

std::string_view point_of(std::string_view body) {
    return body.substr(kHeadBytes - kPointBytes, kPointBytes);
}

unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

/// HKDF-SHA256, extract and expand (RFC 5869).
std::string derive(std::string_view salt, std::string_view secret, std::string_view info,
                   std::size_t size) {
    EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
    EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
    EVP_KDF_free(kdf);
    const auto octets = [](const char* name, std::string_view value) {
        return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(value.data()),
                                                 value.size());
    };
    std::string digest = "SHA256";
    const std::array params{
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
        octets(OSSL_KDF_PARAM_SALT, salt), octets(OSSL_KDF_PARAM_KEY, secret),
        octets(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_construct_end()};
    std::string derived(size, '\0');
    const bool is_derived =
        EVP_KDF_derive(context, bytes_of(derived), derived.size(), params.data()) == 1;
    EVP_KDF_CTX_free(context);
    return is_derived ? derived : std::string();
}

Key read_key(const std::filesystem::path& file) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> in(BIO_new_file(file.c_str(), "r"), BIO_free);
    Key key(in ? PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr) : nullptr);
    ERR_clear_error();
    if (!key || EVP_PKEY_is_a(key.get(), "EC") != 1 || EVP_PKEY_get_bits(key.get()) != 256)
        throw ConfigError(file.string(), "no P-256 private key in PEM form");
    return key;
}

std::string public_point(EVP_PKEY* key) {
    std::string point(kPointBytes, '\0');
    std::size_t size = 0;
    EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, bytes_of(point), point.size(),
                                    &size);
    return point;
}

/// The x that both sides come to; empty if the sender's key is no point of the curve.
std::string shared_secret(EVP_PKEY* own, std::string_view sender_point) {
    const Key sender(EVP_PKEY_new());
    std::string shared(32, '\0');
    std::size_t size = shared.size();
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
        EVP_PKEY_CTX_new(own, nullptr), EVP_PKEY_CTX_free);
    const bool is_derived = EVP_PKEY_copy_parameters(sender.get(), own) == 1 &&
                            EVP_PKEY_set1_encoded_public_key(sender.get(), bytes_of(sender_point),
                                                             sender_point.size()) == 1 &&
                            EVP_PKEY_derive_init(context.get()) == 1 &&
                            EVP_PKEY_derive_set_peer(context.get(), sender.get()) == 1 &&
                            EVP_PKEY_derive(context.get(), bytes_of(shared), &size) == 1;
    if (!is_derived) ERR_clear_error();
    return is_derived ? shared : std::string();
}

std::optional<std::string> decrypt(std::string_view key, std::string_view nonce,
                                   std::string_view sealed) {
    const auto text = sealed.substr(0, sealed.size() - kTagBytes);
    std::string tag(sealed.substr(text.size()));
    std::string plain(text.size(), '\0');
    int written = 0;
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
    const bool is_genuine =
        EVP_DecryptInit_ex(context, EVP_aes_128_gcm(), nullptr, bytes_of(key), bytes_of(nonce)) ==
            1 &&
        EVP_DecryptUpdate(context, bytes_of(plain), &written, bytes_of(text),
                          static_cast<int>(text.size())) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
        EVP_DecryptFinal_ex(context, bytes_of(plain) + written, &written) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!is_genuine) return std::nullopt;
    return plain;
}

}  // namespace

std::string_view message_problem(std::string_view body) {
    if (body.size() <= kHeadBytes + kTagBytes) return "BodyTooShort";
    if (static_cast<unsigned char>(body[kSaltBytes + 4]) != kPointBytes ||
        point_of(body).front() != kUncompressed)
        return "BadKeyId";
    const auto record = record_bytes(body);
    if (record < kRecordBytesMin) return "BadRecordSize";
    // RFC 8291 §4: a single record; one that is full would be followed by another.
    if (body.size() - kHeadBytes > record) return "SeveralRecords";
    return {};
}

struct MessageOpener::Keys {
    Key own;
    std::string point;
    std::string auth;
};

MessageOpener::MessageOpener(const std::filesystem::path& private_key_file, std::string_view auth)
    : keys_([&] {
          auto key = read_key(private_key_file);
          auto point = public_point(key.get());
          auto secret = from_base64url(auth);
          if (!secret || secret->size() != kSaltBytes)
              throw ConfigError("the subscriber's auth", "it is not 16 bytes in base64url");
          return std::make_unique<const Keys>(Keys{std::move(key), std::move(point), *secret});
      }()) {}

MessageOpener::~MessageOpener() = default;

std::optional<std::string> MessageOpener::open(std::string_view body) const {
    const auto salt = body.substr(0, kSaltBytes);
    const auto sender = point_of(body);
    const auto shared = shared_secret(keys_->own.get(), sender);
    if (shared.empty()) return std::nullopt;
    const auto info = std::string("WebPush: info\0", 14) + keys_->point + std::string(sender);
    const auto input = derive(keys_->auth, shared, info, 32);
    const auto key = derive(salt, input, {"Content-Encoding: aes128gcm\0", 28}, 16);
    const auto nonce = derive(salt, input, {"Content-Encoding: nonce\0", 24}, 12);
    auto plain = decrypt(key, nonce, body.substr(kHeadBytes));
    if (!plain) return std::nullopt;
    const auto end = plain->find_last_not_of('\0');
    if (end == std::string::npos || (*plain)[end] != kLastRecord) return std::nullopt;
    plain->resize(end);
    return plain;
}

}  // namespace dispatcher::mock
