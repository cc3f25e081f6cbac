#include "engine/address_binder.h"

#include <map>

#include "base/error.h"
#include "engine/token_types.h"
#include "support/catch.h"

namespace dispatcher {
namespace {

using Names = std::vector<std::string>;
using Appids = std::vector<std::string_view>;

/// What a source has, by appid.
class KnownAddresses final : public AddressBook {
  public:
    explicit KnownAddresses(Names columns) : columns_(std::move(columns)) {}

    Addresses look_up(std::span<const std::string_view> appids) override {
        Addresses addresses(appids.size());
        addresses.columns = columns_;
        for (std::size_t i = 0; i < appids.size(); ++i) {
            const auto found = known.find(appids[i]);
            if (found == known.end()) continue;
            const Appids values(found->second.begin(), found->second.end());
            addresses.set(i, values);
        }
        return addresses;
    }
    [[nodiscard]] const std::string& where() const override { return where_; }

    std::map<std::string, Names, std::less<>> known;

  private:
    Names columns_;
    std::string where_ = "c.yaml:8:12";
};

const Names kColumns = {"name", "auth", "endpoint", "registered_at"};
const Names kAddressColumns = {"endpoint", "auth", "registered_at"};

LookUpCounts counts_of(std::size_t asked, std::size_t missing, std::size_t unusable) {
    LookUpCounts counts;
    counts.asked = asked;
    counts.missing = missing;
    counts.unusable = unusable;
    return counts;
}

}  // namespace

TEST_CASE("addresses take the place of those in the row, and the rest stays", "[unit]") {
    KnownAddresses book({"endpoint", "auth"});
    book.known["b"] = {"https://push/b", "new"};
    const test::TwoColumns type;
    AddressBinder binder(book, type, kColumns, kAddressColumns);
    const auto found = binder.look_up(Appids{"a", "b"});
    CHECK(found.gone == std::vector<std::size_t>{0});
    CHECK(found.counts.missing == 1);
    CHECK(found.counts.gone() == 1);
    std::vector<std::string_view> values{"Ann", "old"};
    BoundAddresses::put(found.addresses, binder.places(), 1, values);
    CHECK(values == Appids{"Ann", "new", "https://push/b"});
    std::vector<std::string_view> of_gone{"Bob"};
    BoundAddresses::put(found.addresses, binder.places(), 0, of_gone);
    CHECK(of_gone == Appids{"Bob"});
}

TEST_CASE("an address that the gateway does not take is none", "[unit]") {
    KnownAddresses book({"auth", "endpoint"});
    book.known["a"] = {"s", "ftp://push/a"};
    book.known["b"] = {"s", "https://push/b"};
    const test::TwoColumns type;
    AddressBinder binder(book, type, kColumns, kAddressColumns);
    const auto found = binder.look_up(Appids{"a", "b"});
    CHECK(found.gone == std::vector<std::size_t>{0});
    CHECK(to_text(found.counts) ==
          "of 2 devices that were looked up 0 are not there, 1 have no usable address (the first: "
          "it is not https)");
}

TEST_CASE("a query gives addresses, all of them and nothing else", "[unit]") {
    const test::TwoColumns type;
    const auto problem = [&](const Names& columns) -> std::string {
        KnownAddresses book(columns);
        AddressBinder binder(book, type, kColumns, kAddressColumns);
        try {
            binder.look_up(Appids{"a"});
        } catch (const ConfigError& error) {
            return error.what();
        }
        return {};
    };
    CHECK(problem({"endpoint", "auth", "registered_at"}).empty());
    CHECK(problem({"endpoint"}) ==
          "c.yaml:8:12: the query gives no column `auth`, which two needs");
    CHECK(problem({"endpoint", "auth", "name"}) ==
          "c.yaml:8:12: the query gives `name`, which is sealed with the audience: only appid and "
          "endpoint, auth, registered_at can be looked up later");
}

TEST_CASE("a look-up is suspicious by the share of many, or by ten of a few", "[unit]") {
    CHECK_FALSE(counts_of(1000, 150, 50).is_suspicious(0.2));
    CHECK(counts_of(1000, 150, 51).is_suspicious(0.2));
    CHECK(counts_of(100, 1, 0).is_suspicious(0));
    CHECK(counts_of(99, 98, 0).is_suspicious(0.2));
    CHECK_FALSE(counts_of(99, 19, 0).is_suspicious(0.2));
    CHECK_FALSE(counts_of(30, 9, 0).is_suspicious(0.2));
    CHECK(counts_of(10, 0, 10).is_suspicious(0.2));
    CHECK_FALSE(counts_of(9, 9, 0).is_suspicious(0.2));
    CHECK(counts_of(9, 9, 0).is_over(0.2));
    CHECK(counts_of(2, 1, 0).is_suspicious(0));
    CHECK_FALSE(counts_of(1000, 1000, 0).is_suspicious(1));
    CHECK_FALSE(counts_of(0, 0, 0).is_suspicious(0));
}

}  // namespace dispatcher
