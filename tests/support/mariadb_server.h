#pragma once

#include <optional>
#include <string>
#include <vector>

#include "support/database_server.h"
#include "support/server_process.h"
#include "support/temporary_folder.h"

namespace dispatcher::test {

/// A MariaDB server from the machine's packages, in a temporary folder, on a free port. Throws
/// std::runtime_error if it cannot be started: the tests require it.
class MariadbServer final : public DatabaseServer {
  public:
    /// `options`: more of the server's own.
    explicit MariadbServer(std::vector<std::string> options = {});
    void start() override;
    void kill_hard() override;

    /// One for all tests of the program that do no harm to it.
    static MariadbServer& shared();

  private:
    const std::vector<std::string> options_;
    TemporaryFolder folder_;
    std::optional<ServerProcess> process_;
};

}  // namespace dispatcher::test
