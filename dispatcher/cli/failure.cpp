#include "cli/failure.h"

#include <algorithm>
#include <ostream>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/campaign_view.h"
#include "cli/invocation.h"
#include "store/store_error.h"

namespace dispatcher::cli {
namespace {

int explain_store(const StoreError& error, std::ostream& err) {
    err << "pushonce: the store: " << error.what() << "\n";
    switch (error.kind()) {
        case StoreError::Kind::durability_lost:
            err << "The database no longer holds something that it had acknowledged. Nothing more "
                   "is sent; `pushonce doctor` and `pushonce audit` help to look into it.\n";
            return kExitStopped;
        case StoreError::Kind::schema:
            break;  // its text names the command that helps
        default:
            err << "Check store.url and store.password in the server file, and that the "
                   "database runs; `pushonce doctor` looks again. The same command again is "
                   "safe.\n";
    }
    return kExitUnavailable;
}

}  // namespace

int explain_failure(const std::exception& error, std::ostream& err) {
    err.flush();
    if (const auto* store = dynamic_cast<const StoreError*>(&error))
        return explain_store(*store, err);
    if (dynamic_cast<const ConfigError*>(&error) != nullptr) {
        err << "pushonce: " << error.what() << "\n";
        return kExitUsage;
    }
    if (dynamic_cast<const RefusedError*>(&error) != nullptr) {
        err << "pushonce: refused: " << error.what() << "\n";
        return kExitRefused;
    }
    if (dynamic_cast<const UnavailableError*>(&error) != nullptr) {
        err << "pushonce: " << error.what() << "\nThe same command again is safe.\n";
        return kExitUnavailable;
    }
    err << "pushonce: unexpected: " << error.what()
        << "\nThis is a bug. What was sent is recorded; the same command again is safe.\n";
    return kExitBug;
}

void print_failure(const std::vector<std::string>& arguments, const std::string& said,
                   int exit_code, std::ostream& out) {
    if (std::find(arguments.begin(), arguments.end(), "--json") == arguments.end()) return;
    print_json(out, {{"error", said}, {"exit_code", exit_code}});
    out.flush();
}

}  // namespace dispatcher::cli
