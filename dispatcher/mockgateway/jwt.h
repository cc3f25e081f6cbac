#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

struct evp_pkey_st;

namespace dispatcher::mock {

/// The parts of a JSON Web Token as they travel (RFC 7515 §7.1): base64url, not decoded. Views into
/// the text that was split.
struct JwtParts {
    std::string_view head;
    std::string_view claims;
    std::string_view signature;
    std::string_view signed_part;  ///< head and claims, with the dot between them

    /// Nothing if the text has fewer than three parts.
    static std::optional<JwtParts> split(std::string_view jwt);
};

/// The JSON object in a part; nothing if it holds none.
std::optional<nlohmann::json> read_jwt_object(std::string_view part);

/// A member of an object that is a text; "" if there is none.
std::string text_of(const nlohmann::json& object, const char* name);

/// Whether `signature`, decoded, is one of this key over `text`: ES256 (RFC 7518 §3.4), or RS256.
bool is_es256(evp_pkey_st* key, std::string_view text, std::string_view signature);
bool is_rs256(evp_pkey_st* key, std::string_view text, std::string_view signature);

/// Bytes of an ES256 signature: r and s of P-256.
inline constexpr std::size_t kEs256Bytes = 64;

}  // namespace dispatcher::mock
