#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/gateway_type.h"

namespace dispatcher {

/// What was made for a rehearsal's gateways. Paths are absolute.
struct RehearsalMade {
    std::string folder;           ///< of the rehearsal
    std::string endpoint;         ///< of the mock gateway, on 127.0.0.1; empty: there is none
    std::string ca_file;          ///< of the mock gateway
    std::string provider_key;     ///< an ES256 key in place of Apple's
    std::string service_account;  ///< in place of Google's; the mock gateway makes it
    std::string vapid_key;        ///< in place of the page's
};

inline constexpr const char* kRehearsalKeyId = "REHEARSAL0";
inline constexpr const char* kRehearsalTeamId = "REHEARSAL0";

/// Whether the mock gateway plays gateways of this type; the others send nothing anyway. Throws
/// ConfigError for a type that cannot be rehearsed.
bool is_played_by_mock(const GatewayOptions& real);

/// Whether only the device can read what is sent: a rehearsal then subscribes in place of each of
/// them, and puts keys of its own behind the first of the type's token columns. Throws ConfigError
/// for a type that cannot be rehearsed.
bool is_encrypted(const GatewayOptions& real);

/// The device as the mock gateway's ledger names it, by the value of its first token column.
std::string_view ledger_token(const GatewayOptions& real, std::string_view value);

/// The gateway as a rehearsal knows it: the same name, type and capacity; every credential, and
/// wherever it would connect to, replaced by what was made. No limit of its rate. Throws
/// ConfigError for a type that cannot be rehearsed.
GatewayOptions rehearsal_settings(const GatewayOptions& real, const RehearsalMade& made);

/// How many requests can be on the wire at once.
std::uint64_t wire_of(const std::vector<GatewayOptions>& gateways);

/// Takes capacity from the gateways until no more than `most` requests (at least one for each
/// gateway, or push service) can be on the wire at once; answers whether any had to give.
bool limit_wire(std::vector<GatewayOptions>& gateways, std::uint64_t most);

/// Where a gateway that needs no mock writes what it accepted; "" where the mock's ledger has it.
std::string own_ledger(const GatewayOptions& rehearsed);

}  // namespace dispatcher
