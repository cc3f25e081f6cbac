#include "mysql/mysql_url.h"

#include <charconv>

#include "base/error.h"
#include "base/host_name.h"

namespace dispatcher::mysql {
namespace {

constexpr std::string_view kScheme = "mysql://";
constexpr std::string_view kShape = " (mysql://user@host1:3306,host2:3306/database)";

[[noreturn]] void refuse(const std::string& problem) {
    throw ConfigError("url", "the url of the database " + problem + std::string(kShape));
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            out.push_back(text[at]);
            continue;
        }
        unsigned value = 0;
        const auto digits = text.substr(at + 1, 2);
        const auto end = digits.data() + digits.size();
        if (digits.size() != 2 || std::from_chars(digits.data(), end, value, 16).ptr != end) {
            refuse("has a % that is not followed by two hexadecimal digits");
        }
        out.push_back(static_cast<char>(value));
        at += 2;
    }
    return out;
}

/// "name", "name:port" or "[IPv6]:port".
MysqlUrl::Host parse_host(std::string_view text) {
    MysqlUrl::Host host;
    auto port = std::string_view();
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == text.npos) refuse("has a [ without ]");
        host.name = std::string(text.substr(1, close - 1));
        port = text.substr(close + 1);
    } else {
        const auto colon = text.find(':');
        host.name = percent_decoded(text.substr(0, colon));
        if (colon != text.npos) port = text.substr(colon);
    }
    if (host.name.empty()) refuse("lacks a host");
    if (port.empty()) return host;
    const auto number = parse_port(port.substr(1));
    if (port.front() != ':' || !number) refuse("has a port that is not a number from 1 to 65535");
    host.port = *number;
    return host;
}

}  // namespace

MysqlUrl MysqlUrl::parse(std::string_view text) {
    if (!text.starts_with(kScheme)) refuse("does not begin with mysql://");
    text.remove_prefix(kScheme.size());
    MysqlUrl url;

    const auto at = text.find('@');
    if (at == text.npos) refuse("lacks user@");
    const auto user = text.substr(0, at);
    if (user.find(':') != user.npos) {
        refuse("must not hold the password: give it under the key password");
    }
    url.user = percent_decoded(user);
    if (url.user.empty()) refuse("lacks a user");
    text.remove_prefix(at + 1);

    const auto slash = text.find('/');
    if (slash == text.npos) refuse("lacks /database");
    auto hosts = text.substr(0, slash);
    text.remove_prefix(slash + 1);
    const auto question = text.find('?');
    url.database = percent_decoded(text.substr(0, question));
    if (url.database.empty()) refuse("lacks a database");
    if (question != text.npos) {
        constexpr std::string_view kSocket = "socket=";
        const auto option = text.substr(question + 1);
        if (!option.starts_with(kSocket)) refuse("knows no option but ?socket=/path");
        url.socket = percent_decoded(option.substr(kSocket.size()));
        if (!url.socket.starts_with('/')) refuse("needs an absolute path after ?socket=");
    }
    for (;;) {
        const auto comma = hosts.find(',');
        url.hosts.push_back(parse_host(hosts.substr(0, comma)));
        if (comma == hosts.npos) break;
        hosts.remove_prefix(comma + 1);
    }
    return url;
}

}  // namespace dispatcher::mysql
