#include "source/refresh_query.h"

#include <algorithm>
#include <utility>

#include "audience/query_check.h"
#include "source/query_rows.h"

namespace dispatcher {

RefreshQuery::RefreshQuery(OpenSession open_session, std::string query, std::string where)
    : open_session_(std::move(open_session)), query_(std::move(query)), where_(std::move(where)) {}

/// The query for these devices, in the words of the session's database.
std::string RefreshQuery::query_for(const QuerySession& session,
                                    std::span<const std::string_view> appids) const {
    std::string list;
    for (const auto appid : appids) {
        if (!list.empty()) list += ',';
        list += session.literal(appid);
    }
    std::string query;
    std::size_t copied = 0;
    for (const auto mark : find_appids_marks(query_)) {
        query.append(query_, copied, mark - copied);
        query += list;
        copied = mark + kAppidsMark.size();
    }
    return query.append(query_, copied);
}

// What the query gives beside the devices that it was asked for is passed over: it may compare
// without regard to letter case.
Addresses RefreshQuery::look_up(std::span<const std::string_view> appids) {
    // Kept where all goes well only: after an error it is of no use.
    auto session = session_ ? std::move(session_) : open_session_();
    Addresses addresses(appids.size());
    {
        QueryRows rows(session->run(query_for(*session, appids)), where_);
        addresses.columns = rows.columns();
        for (Row row; rows.next(row);) {
            const auto found = std::lower_bound(appids.begin(), appids.end(), row.appid);
            if (found == appids.end() || *found != row.appid) continue;
            if (!row.problem.empty()) {
                if (addresses.problem.empty()) addresses.problem = row.problem;
                row.values.assign(addresses.columns.size(), {});
            }
            addresses.set(static_cast<std::size_t>(found - appids.begin()), row.values);
        }
    }
    session_ = std::move(session);
    return addresses;
}

}  // namespace dispatcher
