#pragma once

#include <memory>
#include <optional>
#include <string>

#include "support/database_server.h"
#include "support/server_process.h"
#include "support/temporary_folder.h"

namespace dispatcher::test {

/// A real MySQL server out of a folder that scripts/fetch-mysql made, run by chroot. Its data are
/// in a temporary folder in there.
class MysqlServer final : public DatabaseServer {
  public:
    explicit MysqlServer(const std::string& root);
    void start() override;
    void kill_hard() override;

    /// The one that $PUSHONCE_MYSQL_ROOT names; nullptr without it, with the reason printed once.
    static MysqlServer* shared();

  private:
    [[nodiscard]] std::vector<std::string> command() const;

    std::string root_;
    TemporaryFolder folder_;
    std::string inner_;  ///< the folder as the server sees it
    std::optional<ServerProcess> process_;
};

}  // namespace dispatcher::test
