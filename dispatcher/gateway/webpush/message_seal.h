#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "gateway/webpush/subscription.h"

namespace dispatcher::webpush {

/// What a push service must take at least is 4,096 bytes of body (RFC 8030 §7.2); the header of 86,
/// the padding delimiter and the tag of 16 leave this for the payload (RFC 8291 §4).
inline constexpr std::size_t kPayloadBytesMax = 3993;
/// Header of the content coding: salt, record size, key id length, public key.
inline constexpr std::size_t kHeaderBytes = 86;
/// What a body is longer than its payload.
inline constexpr std::size_t kBodyBytesMore = kHeaderBytes + 1 + 16;
inline constexpr std::size_t kSalt = 16;
inline constexpr std::size_t kScalar = 32;

/// What must be new for every message.
struct MessageSecrets {
    std::array<std::uint8_t, kSalt> salt{};
    std::array<std::uint8_t, kScalar> private_key{};  ///< big endian, in [1, order of P-256)
};

/// Encrypts messages for browsers (RFC 8291: ECDH on P-256, then one record of `aes128gcm`, RFC
/// 8188). Everything that can be kept between messages is kept. One thread.
class MessageSeal {
  public:
    MessageSeal();
    ~MessageSeal();
    MessageSeal(const MessageSeal&) = delete;
    MessageSeal& operator=(const MessageSeal&) = delete;

    /// Whom the next messages are for. False: the public key is no point of P-256, and nobody is
    /// addressed. `keys` is copied.
    [[nodiscard]] bool address(const SubscriptionKeys& keys);

    /// Replaces `body` by the message for whoever was addressed, under a new key pair and salt.
    void seal(std::string_view payload, Random& random, std::string& body);

    /// The same under given secrets.
    void seal_with(const MessageSecrets& secrets, std::string_view payload, std::string& body);

  private:
    struct Tools;
    const std::unique_ptr<Tools> tools_;
    SubscriptionKeys keys_;
};

/// Whether these 65 bytes are an uncompressed point of P-256 (SEC 1 §2.3.4).
bool is_p256_point(const std::array<std::uint8_t, 65>& bytes);

}  // namespace dispatcher::webpush
