#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "gateway/gateway_type.h"
#include "notice/notice_options.h"
#include "source/source_options.h"
#include "store/store_options.h"

namespace dispatcher {

struct JournalOptions {
    std::string dir;    ///< absolute
    bool sync = false;  ///< survive power loss: fdatasync per send batch
};

struct ListenOptions {
    std::string listen = "127.0.0.1:8080";
    std::string ops_listen;  ///< /healthz, /readyz, /metrics; empty: off
    std::string api_keys_file;
    std::string audience_dir;
};

/// The server file: how this machine reaches store and gateways. Paths are absolute.
struct ServerFile {
    std::string path;
    StoreOptions store;
    std::vector<SourceOptions> sources;  ///< where audiences may be read from
    JournalOptions journal;
    std::vector<GatewayOptions> gateways;
    std::optional<NoticeOptions> dead_token_webhook;
    ListenOptions server;
    LogOptions log;

    [[nodiscard]] const GatewayOptions* gateway(std::string_view name) const;
    [[nodiscard]] const SourceOptions* source(std::string_view name) const;
};

/// The first that exists of: `given` (must exist), $PUSHONCE_CONFIG (must exist),
/// ./config/pushonce.yaml, /etc/pushonce/pushonce.yaml. Throws ConfigError naming all of them.
std::string find_server_file(const std::string& given);

/// Reads and checks the whole file; ${env:NAME} and ${file:PATH} are replaced. Throws ConfigError
/// with file:line:column and the nearest valid key.
///
/// In the sections named by `unneeded` (`store`, `sources`, `gateways`, `dead_tokens`) the secrets
/// are not needed: no ${file:PATH} is read, an ${env:NAME} that is not set is no problem, both
/// stand as `unread`; gateways come without their secrets, and are not checked by their type.
ServerFile load_server_file(const std::string& path,
                            const std::vector<const GatewayType*>& gateway_types,
                            const std::set<std::string_view>& unneeded = {});

}  // namespace dispatcher
