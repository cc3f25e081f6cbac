#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "cli/invocation.h"
#include "config/server_file.h"
#include "engine/dispatcher.h"
#include "gateway/gateway_type.h"
#include "journal/journal.h"
#include "store/campaign_store.h"
#include "store/device_records.h"
#include "store/retention.h"

namespace dispatcher::cli {

/// A server file, checked against the gateway types that there are; `unneeded` as
/// load_server_file() has it.
ServerFile read_server_file(const std::string& path,
                            const std::set<std::string_view>& unneeded = {});

/// What a command works with: the server file, and what it names, opened when first asked for.
/// One thread.
class Site {
  public:
    /// What may become of a missing embedded store: it is made when it is first asked for, or stays
    /// missing, which whoever asks is told by StoreError.
    enum class Use : bool { make, read };
    /// Reads the server file and starts the log. Throws ConfigError.
    explicit Site(const Globals& globals, Use use = Use::make);
    /// Another one of the same server file with connections of its own, for another thread. The log
    /// runs already.
    explicit Site(const ServerFile& server, Use use = Use::make);

    [[nodiscard]] const ServerFile& server() const { return server_; }
    [[nodiscard]] std::vector<std::string> gateway_names() const;
    [[nodiscard]] std::vector<std::string> source_names() const;
    [[nodiscard]] const GatewayType& type(const std::string& name) const;
    /// A gateway of the server file by its name. Throws ConfigError.
    [[nodiscard]] GatewayChoice gateway(const std::string& name) const;
    /// Where the devices of a campaign are looked up. `place` opens errors, if it is known: where
    /// the campaign file has the query. Throws RefusedError if the server file has no such source.
    [[nodiscard]] std::unique_ptr<AddressBook> address_book(const AudiencePart& refresh,
                                                            const std::string& place = {}) const;
    /// The gateway that a campaign was sealed for. Throws RefusedError if the server file has none
    /// of that name, or its type or target is another one.
    [[nodiscard]] GatewayChoice sealed_gateway(const SealedGateway& sealed) const;

    /// Whether the store has its tables. Makes nothing. Throws StoreError where a server cannot be
    /// reached.
    bool is_store_made();

    /// An embedded store that is missing is made; else throws StoreError(schema) without tables.
    CampaignStore& campaigns();
    /// The same without looking at the schema: for `store init` and `doctor`.
    CampaignStore& campaigns_unchecked();
    Store& store();
    Retention& retention();
    DeviceRecords& device_records();
    JournalDirectory& journals();

    /// The campaign of this name. Throws ConfigError, with the nearest name, if there is none;
    /// `where` opens it.
    CampaignRecord find(const std::string& name, const std::string& where = {});

    [[nodiscard]] EngineOptions engine_options() const;
    Clock& clock() { return clock_; }
    Random& random() { return random_; }

  private:
    void check_schema();
    /// Makes the embedded store, unless another one, or one that was here, was sent from before:
    /// then throws StoreError(durability_lost) or RefusedError.
    void make_store();

    std::vector<std::unique_ptr<GatewayType>> types_;
    ServerFile server_;
    const Use use_;
    SystemClock clock_;
    SystemRandom random_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<CampaignStore> campaigns_;
    std::unique_ptr<Retention> retention_;
    std::unique_ptr<DeviceRecords> device_records_;
    std::unique_ptr<JournalDirectory> journals_;
    bool schema_checked_ = false;
};

}  // namespace dispatcher::cli
