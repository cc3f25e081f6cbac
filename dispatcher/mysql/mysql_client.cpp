#include "mysql/mysql_client.h"

#include <cppconn/connection.h>
#include <mysql_driver.h>

namespace dispatcher::mysql {
namespace {

::sql::mysql::MySQL_Driver& driver_instance() {
    // The first call fills a map of the library without a lock; C++ makes statics one by one.
    static auto* const instance = ::sql::mysql::get_mysql_driver_instance();
    return *instance;
}

/// The library keeps memory per thread, which the thread gives back at its end.
struct DriverThread {
    DriverThread() { driver_instance().threadInit(); }
    ~DriverThread() { driver_instance().threadEnd(); }
    DriverThread(const DriverThread&) = delete;
    DriverThread& operator=(const DriverThread&) = delete;
};

::sql::mysql::MySQL_Driver& driver() {
    thread_local const DriverThread thread;
    return driver_instance();
}

}  // namespace

void enter_driver() {
    driver();
}

std::unique_ptr<::sql::Connection> connect(const MysqlUrl& url, const MysqlUrl::Host& host,
                                           const ClientOptions& options) {
    // Values have exactly the types that the connector expects; it ignores other names silently.
    ::sql::ConnectOptionsMap map;
    map["userName"] = ::sql::SQLString(url.user);
    map["password"] = ::sql::SQLString(options.password.reveal());
    map["schema"] = ::sql::SQLString(url.database);
    if (url.socket.empty()) {
        map["hostName"] = ::sql::SQLString("tcp://" + host.name);
        map["port"] = static_cast<int>(host.port);
    } else {
        map["hostName"] = ::sql::SQLString("unix://" + url.socket);
    }
    map["OPT_CONNECT_TIMEOUT"] = options.connect_timeout_s;
    map["OPT_READ_TIMEOUT"] = options.read_timeout_s;
    map["OPT_WRITE_TIMEOUT"] = options.read_timeout_s;
    map["OPT_LOCAL_INFILE"] = 0;
    if (!options.tls_ca.empty()) {
        map["sslCA"] = ::sql::SQLString(options.tls_ca);
        map["sslVerify"] = true;  // without it the name in the certificate is not looked at
    }
    return std::unique_ptr<::sql::Connection>(driver().connect(map));
}

}  // namespace dispatcher::mysql
