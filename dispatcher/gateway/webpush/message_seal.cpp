#include "gateway/webpush/message_seal.h"

#include <cstring>
#include <span>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include "base/hmac.h"
#include "base/invariant.h"

namespace dispatcher::webpush {
namespace {

constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kNonceBytes = 12;
/// One record holds all: any size above payload, delimiter and tag says so (RFC 8188 §2).
constexpr std::uint32_t kRecordBytes = 4096;
/// Ends the payload of the last record.
constexpr char kLastRecord = 2;

// The `info` of each HKDF step, with the counter of its only block behind it.
constexpr std::string_view kMessageInfo{"WebPush: info\0", 14};
constexpr std::string_view kKeyInfo{"Content-Encoding: aes128gcm\0\x01", 29};
constexpr std::string_view kNonceInfo{"Content-Encoding: nonce\0\x01", 25};

template <class Bytes>
std::string_view view(const Bytes& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const unsigned char* as_bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

/// OpenSSL's objects, made once. The arithmetic is asked for directly: the EVP layer would check
/// the peer's point a second time, at the price of another ECDH.
struct MessageSeal::Tools {
    EC_GROUP* curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    BN_CTX* numbers = BN_CTX_new();
    BIGNUM* scalar = BN_secure_new();
    BIGNUM* shared_x = BN_new();
    EC_POINT* peer = EC_POINT_new(curve);
    EC_POINT* product = EC_POINT_new(curve);
    EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
    EVP_CIPHER_CTX* encryption = EVP_CIPHER_CTX_new();

    Tools() {
        invariant(EVP_EncryptInit_ex2(encryption, cipher, nullptr, nullptr, nullptr) == 1,
                  "OpenSSL has P-256 and AES-128-GCM");
    }
    ~Tools() {
        EVP_CIPHER_CTX_free(encryption);
        EVP_CIPHER_free(cipher);
        EC_POINT_clear_free(product);
        EC_POINT_free(peer);
        BN_clear_free(shared_x);
        BN_clear_free(scalar);
        BN_CTX_free(numbers);
        EC_GROUP_free(curve);
    }
    Tools(const Tools&) = delete;
    Tools& operator=(const Tools&) = delete;

    /// Whether the bytes are a point of the curve; then it is the peer. As the group's order is
    /// prime and its cofactor 1, a point of the curve is one of the group.
    bool take_peer(const std::array<std::uint8_t, kPointBytes>& bytes) {
        const bool is_point =
            EC_POINT_oct2point(curve, peer, bytes.data(), bytes.size(), numbers) == 1;
        if (!is_point) ERR_clear_error();
        return is_point;
    }

    [[nodiscard]] bool take_scalar(const std::array<std::uint8_t, kScalar>& bytes) {
        BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), scalar);
        BN_set_flags(scalar, BN_FLG_CONSTTIME);
        return BN_is_zero(scalar) == 0 && BN_cmp(scalar, EC_GROUP_get0_order(curve)) < 0;
    }

    /// scalar · G, uncompressed, at `out`.
    void public_key(unsigned char* out) {
        invariant(EC_POINT_mul(curve, product, scalar, nullptr, nullptr, numbers) == 1 &&
                      EC_POINT_point2oct(curve, product, POINT_CONVERSION_UNCOMPRESSED, out,
                                         kPointBytes, numbers) == kPointBytes,
                  "a scalar has a public key");
    }

    /// The x of scalar · peer.
    void shared_secret(std::array<std::uint8_t, kScalar>& out) {
        invariant(
            EC_POINT_mul(curve, product, nullptr, peer, scalar, numbers) == 1 &&
                EC_POINT_get_affine_coordinates(curve, product, shared_x, nullptr, numbers) == 1 &&
                BN_bn2binpad(shared_x, out.data(), static_cast<int>(out.size())) ==
                    static_cast<int>(out.size()),
            "two points of P-256 have a shared secret");
    }
};

MessageSeal::MessageSeal() : tools_(std::make_unique<Tools>()) {}

MessageSeal::~MessageSeal() = default;

bool MessageSeal::address(const SubscriptionKeys& keys) {
    keys_ = keys;
    return tools_->take_peer(keys.p256dh);
}

void MessageSeal::seal(std::string_view payload, Random& random, std::string& body) {
    MessageSecrets secrets;
    const auto fill = [&random](std::span<std::uint8_t> out) {
        for (std::size_t at = 0; at < out.size(); at += sizeof(std::uint64_t)) {
            const auto bits = random.next();
            std::memcpy(out.data() + at, &bits, sizeof bits);
        }
    };
    fill(secrets.salt);
    // Nearly every number of 256 bits is below the order.
    do
        fill(secrets.private_key);
    while (!tools_->take_scalar(secrets.private_key));
    seal_with(secrets, payload, body);
}

// Plan, with the names of RFC 8291 §3.4: header (salt, record size, public key); IKM from the
// shared secret under the auth secret; from IKM under the salt the key and the nonce; one record.
void MessageSeal::seal_with(const MessageSecrets& secrets, std::string_view payload,
                            std::string& body) {
    invariant(tools_->take_scalar(secrets.private_key), "a private key is below the order");
    const auto plain_bytes = payload.size() + 1;
    body.resize(kHeaderBytes + plain_bytes + kTagBytes);
    auto* out = reinterpret_cast<unsigned char*>(body.data());
    std::memcpy(out, secrets.salt.data(), kSalt);
    for (int i = 0; i < 4; ++i)
        out[kSalt + static_cast<std::size_t>(i)] =
            static_cast<unsigned char>(kRecordBytes >> (24 - 8 * i));
    out[kSalt + 4] = kPointBytes;
    constexpr std::size_t kPointAt = kHeaderBytes - kPointBytes;
    tools_->public_key(out + kPointAt);

    std::array<std::uint8_t, kScalar> shared;
    tools_->shared_secret(shared);
    std::array<char, kMessageInfo.size() + 2 * kPointBytes + 1> info;
    kMessageInfo.copy(info.data(), kMessageInfo.size());
    std::memcpy(info.data() + kMessageInfo.size(), keys_.p256dh.data(), kPointBytes);
    std::memcpy(info.data() + kMessageInfo.size() + kPointBytes, out + kPointAt, kPointBytes);
    info.back() = 1;
    const auto message_key = hmac_sha256(view(keys_.auth), view(shared));
    const auto input = hmac_sha256(view(message_key), view(info));
    const auto pseudo_random = hmac_sha256(view(secrets.salt), view(input));
    const auto key = hmac_sha256(view(pseudo_random), kKeyInfo);
    const auto nonce = hmac_sha256(view(pseudo_random), kNonceInfo);
    static_assert(sizeof key >= kKeyBytes && sizeof nonce >= kNonceBytes);

    auto* record = out + kHeaderBytes;
    int written = 0;
    auto* const encryption = tools_->encryption;
    const bool is_sealed =
        EVP_EncryptInit_ex2(encryption, nullptr, key.data(), nonce.data(), nullptr) == 1 &&
        EVP_EncryptUpdate(encryption, record, &written, as_bytes(payload),
                          static_cast<int>(payload.size())) == 1 &&
        EVP_EncryptUpdate(encryption, record + payload.size(), &written,
                          as_bytes({&kLastRecord, 1}), 1) == 1 &&
        EVP_EncryptFinal_ex(encryption, record + plain_bytes, &written) == 1 &&
        EVP_CIPHER_CTX_ctrl(encryption, EVP_CTRL_GCM_GET_TAG, kTagBytes, record + plain_bytes) == 1;
    invariant(is_sealed, "AES-128-GCM encrypts");
}

bool is_p256_point(const std::array<std::uint8_t, kPointBytes>& bytes) {
    thread_local MessageSeal seal;
    return seal.address({bytes, {}});
}

}  // namespace dispatcher::webpush
