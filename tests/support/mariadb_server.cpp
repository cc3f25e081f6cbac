#include "support/mariadb_server.h"

#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

namespace dispatcher::test {
namespace {

/// mariadbd refuses to run as root unless it is told to.
void add_user(std::vector<std::string>& command) {
    if (::geteuid() == 0) command.emplace_back("--user=root");
}

/// Servers live where a user's path may not look.
std::string server_program() {
    return std::filesystem::exists("/usr/sbin/mariadbd") ? "/usr/sbin/mariadbd" : "mariadbd";
}

}  // namespace

MariadbServer::MariadbServer(std::vector<std::string> options) : options_(std::move(options)) {
    std::filesystem::create_directory(folder_.path() + "/tmp");
    std::vector<std::string> install = {
        "mariadb-install-db", "--no-defaults", "--datadir=" + folder_.path() + "/data",
        // A server that starts removes tables from its
        // temporary folder, whosever they are.
        "--tmpdir=" + folder_.path() + "/tmp", "--auth-root-authentication-method=normal",
        "--skip-test-db", "--skip-name-resolve", "--innodb-use-native-aio=0"};
    add_user(install);
    ServerProcess::run(install);
    socket_ = folder_.path() + "/s.sock";
    port_ = free_port();
    start();
    make_user();
}

void MariadbServer::start() {
    process_.reset();
    std::vector<std::string> command = {server_program(),
                                        "--no-defaults",
                                        "--datadir=" + folder_.path() + "/data",
                                        "--socket=" + socket_,
                                        fmt::format("--port={}", port_),
                                        "--bind-address=127.0.0.1",
                                        "--pid-file=" + folder_.path() + "/pid",
                                        "--tmpdir=" + folder_.path() + "/tmp",
                                        "--skip-name-resolve",
                                        "--innodb-buffer-pool-size=256M",
                                        "--innodb-flush-log-at-trx-commit=1"};
    command.insert(command.end(), options_.begin(), options_.end());
    add_user(command);
    process_.emplace(command, "ready for connections");
}

void MariadbServer::kill_hard() {
    process_->kill_hard();
}

MariadbServer& MariadbServer::shared() {
    static MariadbServer server;
    return server;
}

}  // namespace dispatcher::test
