#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace dispatcher::mock {

/// What is wrong with the form of an encrypted message (RFC 8188 as RFC 8291 §4 narrows it: one
/// record, the sender's P-256 point as key id), in a static word; empty if nothing.
std::string_view message_problem(std::string_view body);

/// The browser's side: decrypts what was encrypted for one subscriber. Uses OpenSSL's own HKDF, so
/// that it shares no arithmetic with the sender. One thread.
class MessageOpener {
  public:
    /// `private_key_file`: PEM, P-256; `auth`: 16 bytes in base64url. Throws ConfigError if either
    /// cannot be used.
    MessageOpener(const std::filesystem::path& private_key_file, std::string_view auth);
    ~MessageOpener();
    MessageOpener(const MessageOpener&) = delete;
    MessageOpener& operator=(const MessageOpener&) = delete;

    /// The payload of a body for which message_problem() found nothing; nothing if it was not
    /// encrypted for this subscriber.
    [[nodiscard]] std::optional<std::string> open(std::string_view body) const;

  private:
    struct Keys;
    const std::unique_ptr<const Keys> keys_;
};

}  // namespace dispatcher::mock
