#include "audience/shared_tokens.h"

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "support/catch.h"
#include "temporary_directory.h"

namespace dispatcher {
namespace {

using Found = std::vector<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::uint16_t>>;

struct Given {
    std::uint16_t gateway;
    std::string token;
    std::uint64_t line;
};

std::pair<std::uint64_t, Found> search(const std::vector<Given>& given, std::size_t bytes_max) {
    const TemporaryDirectory dir;
    ScratchSpace space(dir.path());
    SharedTokens tokens(space, bytes_max);
    for (std::size_t i = 0; i < given.size(); ++i)
        tokens.add(GatewayNo{given[i].gateway}, given[i].token, given[i].line, i);
    Found found;
    const auto sharing = tokens.finish([&found](const SharedTokens::Shared& shared) {
        found.emplace_back(shared.first_line, shared.line, shared.position, shared.gateway.value);
    });
    std::sort(found.begin(), found.end());
    return {sharing, found};
}

std::pair<std::uint64_t, Found> search_simply(const std::vector<Given>& given) {
    std::map<std::pair<std::uint16_t, std::string>, std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < given.size(); ++i)
        if (!given[i].token.empty()) groups[{given[i].gateway, given[i].token}].push_back(i);
    std::uint64_t sharing = 0;
    Found found;
    for (auto& [token, members] : groups) {
        if (members.size() == 1) continue;
        sharing += members.size();
        std::sort(members.begin(), members.end(),
                  [&given](auto a, auto b) { return given[a].line < given[b].line; });
        for (std::size_t i = 1; i < members.size(); ++i)
            found.emplace_back(given[members[0]].line, given[members[i]].line, members[i],
                               given[members[i]].gateway);
    }
    std::sort(found.begin(), found.end());
    return {sharing, found};
}

std::vector<Given> make_given(std::size_t count, std::size_t tokens, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<Given> given;
    for (std::size_t i = 0; i < count; ++i)
        given.push_back({static_cast<std::uint16_t>(random() % 3),
                         random() % 20 == 0 ? "" : "token-" + std::to_string(random() % tokens),
                         i + 2});
    std::shuffle(given.begin(), given.end(), random);
    return given;
}

}  // namespace

TEST_CASE("a hexadecimal token is one device in upper and in lower case, another is not") {
    const auto [sharing, found] = search({{0, "00AbCdEf", 2},
                                          {0, "00abcdef", 3},
                                          {0, "00ABCDEF", 4},
                                          {0, "Token:x", 5},
                                          {0, "token:X", 6}},
                                         std::size_t{1} << 20);
    CHECK(sharing == 3);
    CHECK(found == Found{{2, 3, 1, 0}, {2, 4, 2, 0}});
}

TEST_CASE("shared tokens are found with the first row of each, in memory and by sorting",
          "[files]") {
    for (const std::size_t tokens : {1, 50, 20'000, 100'000'000}) {
        const auto given = make_given(8'000, tokens, static_cast<unsigned>(tokens));
        const auto expected = search_simply(given);
        CHECK(search(given, 10'000'000) == expected);
        CHECK(search(given, 1'000) == expected);
    }
}

TEST_CASE("tokens beyond one block of scratch each are found, too", "[files]") {
    const auto given = make_given(300'000, 400'000, 1);
    const auto expected = search_simply(given);
    CHECK(search(given, 10'000'000) == expected);
    CHECK(search(given, 50'000) == expected);
}

TEST_CASE("a token is one gateway's: the same text at another is another device", "[files]") {
    CHECK(search({{0, "t", 2}, {1, "t", 3}}, 1'000'000).first == 0);
    CHECK(search({{1, "t", 2}, {1, "t", 3}}, 1'000'000).first == 2);
    CHECK(search({{1, "", 2}, {1, "", 3}}, 1'000'000).first == 0);
    CHECK(search({{1, "t", 2}, {1, std::string("t\0", 2), 3}}, 1'000'000).first == 0);
}

}  // namespace dispatcher
