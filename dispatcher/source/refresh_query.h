#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "audience/addresses.h"
#include "source/query_session.h"

namespace dispatcher {

/// Asks a source for the addresses that devices have now: `audience.refresh`. Keeps its connection
/// from one look-up to the next, and makes another after an error.
class RefreshQuery final : public AddressBook {
  public:
    using OpenSession = std::function<std::unique_ptr<QuerySession>()>;

    /// `query` has kAppidsMark where the list of appids belongs; `where` opens errors.
    RefreshQuery(OpenSession open_session, std::string query, std::string where);

    Addresses look_up(std::span<const std::string_view> appids) override;
    [[nodiscard]] const std::string& where() const override { return where_; }

  private:
    [[nodiscard]] std::string query_for(const QuerySession& session,
                                        std::span<const std::string_view> appids) const;

    OpenSession open_session_;
    std::string query_;
    std::string where_;
    std::unique_ptr<QuerySession> session_;
};

}  // namespace dispatcher
