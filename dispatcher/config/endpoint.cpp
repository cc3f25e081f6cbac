#include "config/endpoint.h"

#include <algorithm>

#include "base/host_name.h"

namespace dispatcher {
namespace {

std::optional<std::string> mysql_problem(std::string_view rest) {
    constexpr const char* kForm = "the form is mysql://user@host:3306/database";
    const auto at = rest.rfind('@');
    if (at == rest.npos || at == 0) return std::string("the user is missing; ") + kForm;
    if (rest.substr(0, at).find(':') != rest.npos)
        return "no password here; put it under the key `password`";
    rest.remove_prefix(at + 1);
    const auto slash = rest.find('/');
    if (slash == rest.npos || slash + 1 == rest.size())
        return std::string("the database is missing; ") + kForm;
    if (rest.find_first_of("/?#", slash + 1) != rest.npos)
        return std::string("nothing may follow the database; ") + kForm;
    auto hosts = rest.substr(0, slash);
    while (true) {
        const auto comma = std::min(hosts.find(','), hosts.size());
        if (!parse_authority(hosts.substr(0, comma)))
            return std::string("a host or port is not valid; ") + kForm;
        if (comma == hosts.size()) return std::nullopt;
        hosts.remove_prefix(comma + 1);
    }
}

}  // namespace

std::optional<std::string> store_url_problem(std::string_view url) {
    if (url.starts_with(kMysqlScheme)) return mysql_problem(url.substr(kMysqlScheme.size()));
    if (!url.starts_with(kSqliteScheme))
        return "must begin with sqlite: (a file) or mysql:// (a server)";
    const auto path = url.substr(kSqliteScheme.size());
    if (path.empty() || path.starts_with(':') || path.starts_with("//"))
        return "the form is sqlite:PATH, for example sqlite:var/pushonce.db";
    return std::nullopt;
}

std::optional<std::string> endpoint_problem(std::string_view url) {
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (!url.starts_with(scheme)) continue;
        if (parse_authority(url.substr(scheme.size()))) return std::nullopt;
        return "the form is https://host:port, without a path";
    }
    return "must begin with https://, or with http:// for cleartext HTTP/2";
}

std::optional<std::string> listen_problem(std::string_view address) {
    constexpr std::uint16_t kAnyFree = 0;
    const auto authority = parse_authority(address, kAnyFree);
    if (authority && authority->port) return std::nullopt;
    return "must be host:port, for example 127.0.0.1:8080";
}

}  // namespace dispatcher
