// What a session says when the server or its connection dies.

#include <latch>
#include <thread>

#include <fmt/format.h>

#include "store/flag_store.h"
#include "store/mysql/mysql_source.h"
#include "store/mysql/mysql_store.h"
#include "store/store_under_test.h"
#include "support/mariadb_server.h"
#include "support/server_process.h"

namespace dispatcher::test {
namespace {

using Kind = StoreError::Kind;

struct Served {
    DatabaseServer& server;
    std::string database = server.make_database();
    StoreOptions options = server.options(database);
    std::unique_ptr<Store> store = mysql::open_store(options);
    std::unique_ptr<CampaignStore> campaigns = mysql::open_campaign_store(options);

    explicit Served(DatabaseServer& server_used) : server(server_used) { campaigns->init(); }
};

}  // namespace

TEST_CASE("a killed connection leaves its commit ambiguous", "[store]") {
    Served served(MariadbServer::shared());
    const auto campaign = start_campaign(*served.campaigns, "spring");
    const auto session = served.store->connect();
    const std::vector<std::string_view> keys = {"a"};
    session->begin();
    session->insert_claims(campaign.scope, campaign.id, {77}, keys);
    served.server.kill_connections(served.database);
    CHECK(error_of([&] { session->commit(); }) == Kind::ambiguous);
    session->rollback();
    CHECK(error_of([&] { session->read_campaign(campaign.id); }) == Kind::ambiguous);

    const auto anew = served.store->connect();
    CHECK_FALSE(flag_of(*anew, campaign.scope, "a").has_value());
    // Operators' commands connect anew by themselves.
    CHECK(served.campaigns->find("spring").has_value());
    served.server.kill_connections(served.database);
    CHECK(
        served.campaigns
            ->move(campaign.id, {CampaignState::running}, CampaignState::paused, "pause", kOperator)
            .state == CampaignState::paused);
    CHECK(served.campaigns->audit("spring", 10).size() == 3);
}

TEST_CASE("a connection killed while it waits for a lock is ambiguous too", "[store]") {
    Served served(MariadbServer::shared());
    const auto campaign = start_campaign(*served.campaigns, "spring", {chunk_of(0, "a", "b", 1)});
    const auto holder = served.store->connect();
    const auto waiter = served.store->connect();
    holder->begin();
    REQUIRE(holder->lock_chunk(campaign.id, {0}).has_value());
    std::optional<Kind> kind;
    std::latch begun(1);
    std::thread waiting([&] {
        waiter->begin();
        begun.count_down();
        kind = error_of([&] { waiter->lock_chunk(campaign.id, {0}); });
    });
    begun.wait();
    served.server.kill_connections(served.database);
    waiting.join();
    CHECK(kind == Kind::ambiguous);
}

TEST_CASE("a server killed in a transaction is ambiguous, and away is unavailable", "[store]") {
    MariadbServer server;
    Served served(server);
    const auto campaign = start_campaign(*served.campaigns, "spring");
    const auto session = served.store->connect();
    REQUIRE(claim(*session, campaign, {76}, {"acknowledged"}) == 1);
    const std::vector<std::string_view> keys = {"a"};
    session->begin();
    session->insert_claims(campaign.scope, campaign.id, {77}, keys);
    server.kill_hard();
    CHECK(error_of([&] { session->commit(); }) == Kind::ambiguous);
    session->rollback();
    CHECK(error_of([&] { served.store->connect(); }) == Kind::unavailable);
    CHECK(error_of([&] { served.campaigns->find("spring"); }).has_value());

    server.start();
    const auto anew = served.store->connect();
    CHECK_FALSE(flag_of(*anew, campaign.scope, "a").has_value());
    CHECK(flag_of(*anew, campaign.scope, "acknowledged").has_value());
    CHECK(served.campaigns->find("spring").has_value());
}

TEST_CASE("a store that cannot be reached says whom it tried, and no password", "[store]") {
    auto options = MariadbServer::shared().options("no_such_database");
    options.password = Secret("hunter2");
    const auto port = free_port();
    options.url = fmt::format("mysql://nobody@127.0.0.1:{},localhost:{}/x", port, port);
    try {
        mysql::open_store(options)->connect();
        FAIL("was reached");
    } catch (const StoreError& error) {
        const std::string text = error.what();
        CHECK(error.kind() == Kind::unavailable);
        CHECK(text.find(fmt::format("127.0.0.1:{}", port)) != std::string::npos);
        CHECK(text.find(fmt::format("localhost:{}", port)) != std::string::npos);
        CHECK(text.find("hunter2") == std::string::npos);
    }
}

TEST_CASE("the next host of the url is tried when the first is away", "[store]") {
    auto& server = MariadbServer::shared();
    const auto database = server.make_database();
    auto options = server.options(database);
    const auto at = options.url.find("127.0.0.1");
    options.url.insert(at, fmt::format("127.0.0.1:{},", free_port()));
    const auto campaigns = mysql::open_campaign_store(options);
    CHECK(campaigns->schema_version().found == 0);
    CHECK(error_of([&] { campaigns->find("x"); }) == Kind::schema);
    campaigns->init();
    CHECK_FALSE(campaigns->find("x").has_value());
}

TEST_CASE("another store behind the same address is noticed", "[store]") {
    Served served(MariadbServer::shared());
    (void)served.store->connect();
    served.server.administer("UPDATE " + served.database +
                             ".store_id SET id=X'00112233445566778899AABBCCDDEEFF'");
    CHECK(error_of([&] { served.store->connect(); }) == Kind::durability_lost);
}

TEST_CASE("a server not seen before leases no chunk until it is admitted", "[store]") {
    Served served(MariadbServer::shared());
    const auto campaign = start_campaign(*served.campaigns, "spring", {chunk_of(0, "a", "b", 1)});
    const auto leases = [&] {
        // As another process, which knows nothing of the server that was there before.
        const auto store = mysql::open_store(served.options);
        FlagStore flags(*store, served.options.lease);
        const auto free = flags.leasable(campaign.id, {0}, {}, 8);
        return !free.empty() && flags.lease(free[0], campaign.scope, {7}, {}).has_value();
    };
    // What a failover leaves: our tables under a server that is not in them.
    served.server.administer("UPDATE " + served.database + ".store_server SET uuid='replaced'");
    CHECK_FALSE(leases());
    const auto other = mysql::open_store(served.options);
    FlagStore flags(*other, served.options.lease);
    ChunkHead head;
    head.campaign = campaign.id;
    CHECK_FALSE(flags.lease(head, campaign.scope, {7}, {}).has_value());
    served.server.administer("UPDATE " + served.database + ".store_server SET admitted_at=0");
    CHECK(leases());
}

TEST_CASE("what was sealed cannot be changed behind our back", "[store]") {
    Served served(MariadbServer::shared());
    start_campaign(*served.campaigns, "spring");
    served.server.administer("UPDATE " + served.database +
                             ".campaign SET sealed=REPLACE(sealed, 'loopback', 'apns')");
    CHECK(error_of([&] { served.campaigns->find("spring"); }) == Kind::durability_lost);
}

TEST_CASE("a session is set up as the protocol wants it", "[store]") {
    Served served(MariadbServer::shared());
    const auto connection = mysql::MysqlSource(served.options).connect(false);
    std::string settings;
    connection->query(
        "SELECT CONCAT_WS('|', @@tx_isolation, @@sql_mode, @@time_zone,"
        " @@innodb_lock_wait_timeout, @@autocommit+0)",
        [&](const sql::Row& row) { settings = std::string(row.bytes(0)); });
    CHECK(settings == "READ-COMMITTED|STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION|+00:00|5|1");
    const auto error = error_of(
        [&] { connection->exec("LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE audit"); });
    CHECK(error.has_value());
}

TEST_CASE("a connection without TLS is refused where TLS is asked for", "[store]") {
    Served served(MariadbServer::shared());
    served.options.tls_ca = "/etc/ssl/certs/ca-certificates.crt";
    CHECK(error_of([&] { mysql::open_store(served.options)->connect(); }) == Kind::unavailable);
}

TEST_CASE("where TLS is asked for the server must be who it says it is", "[store]") {
    TemporaryFolder folder;
    const auto certificate = [&](const std::string& name, const std::string& subject) {
        const auto path = folder.path() + "/" + name + ".pem";
        ServerProcess::run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name, "-addext",
                            "subjectAltName=" + subject, "-out", path, "-keyout", path + ".key"});
        return path;
    };
    // Some versions of the client look at no name where the host is 127.0.0.1.
    const std::string here = "127.0.0.1";
    const std::string host = "127.0.0.2";
    const auto good = certificate("good", "IP:" + here + ",IP:" + host);
    const auto elsewhere = certificate("elsewhere", "DNS:db.example.com");
    const auto reaches = [&](const std::string& shown, const std::string& trusted) {
        MariadbServer server({"--ssl-cert=" + shown, "--ssl-key=" + shown + ".key",
                              "--bind-address=" + here + "," + host});
        auto options = server.options(server.make_database());
        options.url.replace(options.url.find(here), here.size(), host);
        options.tls_ca = trusted;
        return error_of([&] { mysql::open_campaign_store(options)->init(); });
    };
    CHECK_FALSE(reaches(good, good).has_value());
    CHECK(reaches(good, elsewhere) == Kind::unavailable);       // an authority that did not sign it
    CHECK(reaches(elsewhere, elsewhere) == Kind::unavailable);  // another name than the url's
}

}  // namespace dispatcher::test
