#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "base/secret.h"
#include "campaign/campaign.h"
#include "gateway/credential_file.h"
#include "gateway/gateway.h"

namespace dispatcher {

/// One entry of `gateways:` in the server file. Paths are absolute already.
struct GatewayOptions {
    std::string name;  ///< as the campaign file calls it
    std::string type;  ///< apns, loopback, …
    std::string
        endpoint;  ///< https://host[:port] or http:// (cleartext HTTP/2); empty: the real one
    std::string ca_file;                          ///< empty: the system's authorities
    std::optional<std::uint32_t> connections;     ///< at most; not set: connections_max()
    std::uint32_t in_flight = 1000;               ///< open requests a connection, at most
    std::chrono::milliseconds timeout{30'000};    ///< of a request, ≥ 1 s
    std::chrono::milliseconds patience{600'000};  ///< how long an unreachable gateway is waited for
    double rate_per_second = 0;                   ///< of this gateway, all processes; 0: no limit
    /// The keys that belong to the type (key_file, key_id, team_id, topic, environment, …),
    /// strings.
    std::map<std::string, std::string> keys;
    std::map<std::string, Secret> secrets;
    /// Where the server file has each key of the entry, common ones too: file:line:column.
    std::map<std::string, std::string> places;
    /// The file was read where nothing is sent: keys may stand for what was not looked up, and no
    /// file that they name needs to be there.
    bool is_for_show = false;

    /// `is_single_file`: over HTTP/1.1, where a connection carries one request at a time.
    [[nodiscard]] std::uint32_t connections_max(bool is_single_file = false) const {
        return connections.value_or(is_single_file ? 128 : 16);
    }

    /// The value of a key of the type; "" where the file has none.
    [[nodiscard]] std::string key(std::string_view key_name) const {
        const auto found = keys.find(std::string(key_name));
        return found == keys.end() ? std::string() : found->second;
    }

    /// What opens an error about a key's value: its place and full name.
    [[nodiscard]] std::string where(const std::string& key_name) const {
        const auto found = places.find(key_name);
        return (found == places.end() ? std::string() : found->second + ": ") + "gateways." + name +
               "." + key_name;
    }
    /// The file that a key names.
    [[nodiscard]] CredentialFile file(const std::string& key_name) const {
        const auto path = key_name == "ca_file" ? ca_file : key(key_name);
        return {path, where(key_name) + ": " + path};
    }
};

/// A locale's payload before rendering: JSON text with Mustache in its strings, and what goes in
/// headers.
struct PayloadDocument {
    std::string json;
    std::string push_type;   ///< "" where the gateway has none
    std::string priority{};  ///< the gateway's own word for it; "" leaves it to Message::priority
    /// Of the payload, where this kind has another limit than the type; 0: the same.
    std::size_t bytes_max = 0;
};

/// The exact request that a notification would become, for `preview`. Secrets redacted.
struct RequestPreview {
    std::string method;
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

/// Port: a kind of gateway, stateless; what the engine and the commands need to know about it
/// before and besides sending. A new gateway is one of these and a Gateway.
class GatewayType {
  public:
    virtual ~GatewayType() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;

    /// Keys allowed in the server file besides the common ones, for strict checking.
    struct Key {
        std::string_view name;
        /// A duration is at least a second, and is given in milliseconds ("86400000").
        enum class Form { text, path, secret, choice, duration } form = Form::text;
        bool required = false;
        std::vector<std::string_view> choices;
    };
    [[nodiscard]] virtual std::vector<Key> keys() const = 0;
    struct Problem {
        std::string key;   ///< whose value is wrong; "" where it is all of them taken together
        std::string text;  ///< goes on after the name of the key or the gateway
    };
    /// What is wrong with the keys, each by itself or taken together; nothing if all is well.
    [[nodiscard]] virtual std::optional<Problem> problem(const GatewayOptions&) const { return {}; }
    /// Throws ConfigError if there is a problem().
    void require_no_problem(const GatewayOptions& options) const {
        const auto found = problem(options);
        if (!found) return;
        throw ConfigError(
            found->key.empty() ? "gateways." + options.name : options.where(found->key),
            found->text);
    }
    [[nodiscard]] virtual bool needs_token() const { return true; }
    /// The audience columns whose values, joined by single spaces, make a device token; the first
    /// alone tells devices apart.
    [[nodiscard]] virtual std::vector<std::string> token_columns() const { return {"token"}; }
    /// What is wrong with a device token of this gateway; nothing if all is well.
    [[nodiscard]] virtual std::optional<std::string> token_problem(std::string_view) const {
        return {};
    }
    [[nodiscard]] virtual std::size_t payload_bytes_max() const = 0;
    /// What is held against that limit, for people.
    [[nodiscard]] virtual std::string_view payload_measure() const { return "the request's body"; }
    /// Where the server file names no rate: notifications per second; 0: no limit.
    [[nodiscard]] virtual double default_rate_per_second() const { return 0; }
    /// Host, topic, environment: what a sealed campaign must find again.
    [[nodiscard]] virtual std::string target(const GatewayOptions& options) const = 0;
    /// The payload of one locale: the type's own shape, then the message's block merged in.
    /// Throws ConfigError if the block does not fit.
    [[nodiscard]] virtual PayloadDocument payload_document(const Message& message,
                                                           const std::string& locale) const = 0;
    [[nodiscard]] virtual RequestPreview preview(const GatewayOptions& options,
                                                 const Notification& notification) const = 0;
    /// Reads keys and certificates (throws ConfigError), connects lazily.
    [[nodiscard]] virtual std::unique_ptr<Gateway> open(const GatewayOptions& options, Clock& clock,
                                                        Random& random) const = 0;
    /// How far credentials can be tried without anything being delivered.
    struct Trial {
        enum class Way : std::uint8_t {
            read,     ///< they are read, and no more
            connect,  ///< a connection is made; nothing is asked
            ask,      ///< a request for `token` is sent, which no device has
        };
        Way way = Way::connect;
        std::string token{};
        std::string untried{};  ///< a sentence's half: what this shows nothing about
        /// Where cleartext is meant: the same with TLS. That it answers means that it is meant so.
        std::shared_ptr<const GatewayOptions> over_tls{};
    };
    [[nodiscard]] virtual Trial trial(const GatewayOptions&) const { return {}; }

    /// The same as open(), but the service only checks what it is sent and never delivers it. Null
    /// where the service offers no such thing.
    [[nodiscard]] virtual std::unique_ptr<Gateway> open_for_checks(const GatewayOptions&, Clock&,
                                                                   Random&) const {
        return {};
    }
};

}  // namespace dispatcher
