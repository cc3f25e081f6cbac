#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dispatcher::mysql {

/// Where a MySQL or MariaDB database is.
struct MysqlUrl {
    struct Host {
        std::string name;
        std::uint16_t port = 3306;
    };
    std::string user;
    std::vector<Host> hosts;  ///< in the order of preference; one if there is a socket
    std::string database;
    std::string socket;  ///< path of a unix socket; empty: TCP

    /// Throws ConfigError: says what is wrong, never the text itself (it may hold a password).
    static MysqlUrl parse(std::string_view text);
};

}  // namespace dispatcher::mysql
