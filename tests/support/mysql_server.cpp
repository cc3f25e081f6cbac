#include "support/mysql_server.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

namespace dispatcher::test {

MysqlServer::MysqlServer(const std::string& root)
    : root_(std::filesystem::canonical(root)), folder_(root_ + "/tmp") {
    inner_ = folder_.path().substr(root_.size());
    std::filesystem::create_directory(folder_.path() + "/tmp");
    auto initialize = command();
    initialize.emplace_back("--initialize-insecure");
    ServerProcess::run(initialize);
    socket_ = folder_.path() + "/s.sock";
    port_ = free_port();
    start();
    make_user();
}

std::vector<std::string> MysqlServer::command() const {
    return {"chroot",
            root_,
            "/usr/sbin/mysqld",
            "--no-defaults",
            "--user=root",
            "--datadir=" + inner_ + "/data",
            "--tmpdir=" + inner_ + "/tmp",
            "--secure-file-priv=NULL",
            "--skip-name-resolve"};
}

void MysqlServer::start() {
    process_.reset();
    auto serve = command();
    serve.push_back("--socket=" + inner_ + "/s.sock");
    serve.push_back("--pid-file=" + inner_ + "/pid");
    serve.push_back(fmt::format("--port={}", port_));
    serve.emplace_back("--bind-address=127.0.0.1");
    serve.emplace_back("--mysqlx=OFF");
    process_.emplace(serve, "ready for connections");
}

void MysqlServer::kill_hard() {
    process_->kill_hard();
}

MysqlServer* MysqlServer::shared() {
    static const auto server = []() -> std::unique_ptr<MysqlServer> {
        const char* const root = std::getenv("PUSHONCE_MYSQL_ROOT");
        if (root == nullptr || ::geteuid() != 0) {
            std::fputs(root == nullptr
                           ? "real MySQL is left out: PUSHONCE_MYSQL_ROOT names no folder that "
                             "scripts/fetch-mysql made\n"
                           : "real MySQL is left out: only root may run it by chroot\n",
                       stderr);
            return nullptr;
        }
        return std::make_unique<MysqlServer>(root);
    }();
    return server.get();
}

}  // namespace dispatcher::test
