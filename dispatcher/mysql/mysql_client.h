#pragma once

#include <memory>
#include <string>

#include "base/secret.h"
#include "mysql/mysql_url.h"

namespace sql {
class Connection;
}

namespace dispatcher::mysql {

struct ClientOptions {
    const Secret& password;
    const std::string& tls_ca;  ///< verified, or the connection is refused; empty: no TLS
    int connect_timeout_s;
    int read_timeout_s;  ///< of one read or write on the socket
};

/// To be called by a thread before it uses anything of the connector: the library keeps memory per
/// thread, which is given back when the thread ends.
void enter_driver();

/// Connects to one host of the url, never to reconnect by itself. The connector falls back to plain
/// text on a server without TLS, and says nothing: who asked for TLS looks at Ssl_cipher. Throws
/// what the connector throws.
std::unique_ptr<::sql::Connection> connect(const MysqlUrl& url, const MysqlUrl::Host& host,
                                           const ClientOptions& options);

}  // namespace dispatcher::mysql
