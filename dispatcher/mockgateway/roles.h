#pragma once

#include <memory>
#include <vector>

#include "base/random.h"
#include "mockgateway/mock_gateway.h"
#include "mockgateway/role.h"

namespace dispatcher::mock {

/// Every gateway that the mock plays: one line each. The first one answers for paths that none
/// takes. Throws ConfigError if a file that the options name cannot be used.
std::vector<std::unique_ptr<Role>> make_roles(const MockGatewayOptions& options, Random& random);

}  // namespace dispatcher::mock
