#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/sha256.h"
#include "campaign/audience_origin.h"
#include "campaign/names.h"
#include "campaign/notification.h"
#include "campaign/retry_policy.h"
#include "campaign/send_window.h"

namespace dispatcher {

/// The text of a template in one locale; every value may hold Mustache tags.
struct LocaleText {
    std::string title;
    std::string body;
    std::string image;
    std::string link;
    std::map<std::string, std::string> data;
    bool operator==(const LocaleText&) const = default;
};

enum class CollapseMode : std::uint8_t { automatic, none, key };

/// What is said: template, constants, and how the gateways shall treat it.
struct Message {
    std::string default_locale;
    std::map<std::string, LocaleText> locales;
    /// Per gateway type ("apns", "fcm", …): JSON text of the block merged into the payload.
    std::map<std::string, std::string> blocks;
    /// Template variables that are the same for everyone; a column of the audience row wins.
    std::map<std::string, std::string> data;
    std::chrono::seconds ttl{43'200};
    Priority priority = Priority::high;
    CollapseMode collapse = CollapseMode::automatic;
    std::string collapse_key;  ///< Mustache; only with CollapseMode::key
    bool operator==(const Message&) const = default;
};

/// The message's best locale for a recipient's: `de-AT`, then `de`, then the default. Letter case
/// does not count, and `de_AT` is `de-AT`.
std::string best_locale(const Message& message, std::string_view wanted);

/// A gateway as the campaign was sealed for it: a changed target must never go unnoticed.
struct SealedGateway {
    std::string name;    ///< as in the server file
    std::string type;    ///< "apns", "loopback", …
    std::string target;  ///< host, topic or project, environment: in words
    bool operator==(const SealedGateway&) const = default;
};

struct AudienceSeal {
    std::uint64_t recipients = 0;
    Sha256Digest sha256{};             ///< over the chunks' hashes, in order
    std::vector<std::string> columns;  ///< of the data blocks, in their order; without appid
    /// Members that `exclude` struck out: sealed in chunks of kExcludedGateway, never sent to.
    std::uint64_t excluded = 0;
    /// Where the members came from; absent in campaigns that were sealed before this was kept.
    std::optional<AudienceOrigin> origin;

    /// Everybody who is on a line of the report.
    [[nodiscard]] std::uint64_t members() const { return recipients + excluded; }
    bool operator==(const AudienceSeal&) const = default;
};

enum class InDoubtPolicy : std::uint8_t { hold, assume_delivered, resend };

/// A campaign as sealed: immutable. Its JSON text is what `sealed_sha` hashes.
struct Campaign {
    CampaignName name = CampaignName::from_store("");
    std::string once_per;  ///< name of the scope; the campaign's own name by default
    Message message;
    std::vector<SealedGateway> gateways;
    AudienceSeal audience;
    InDoubtPolicy in_doubt = InDoubtPolicy::hold;

    /// Canonical JSON (sorted keys, no spaces): equal campaigns give equal bytes.
    [[nodiscard]] std::string to_json() const;
    /// Throws std::invalid_argument if the text is not ours.
    static Campaign from_json(std::string_view text);
};

/// Prepares `now`, the campaign as its file says today, to be compared with the sealed one. Where
/// its audience comes from files only it is compared by content, whatever the files are called;
/// where a query or a campaign is part of it, reading again might give others, so the definition is
/// compared and the sealed members stand: `now` need not have read any.
void keep_sealed_audience(const Campaign& sealed, Campaign& now);

/// The first `limit` differences of two sealed campaigns, one line each for people:
/// "message.locales.en.title: was "Sale", is "Big sale"".
std::vector<std::string> differences(const Campaign& sealed, const Campaign& now,
                                     std::size_t limit = 20);

/// What may change after sealing (with an audit row), and how fast.
struct Settings {
    static constexpr double kMaxGone = 0.2;
    /// Notifications per second of the whole campaign; 0: as fast as it goes.
    double rate_per_second = 0;
    RetryPolicy retry;
    /// No send begins later than this after the start; absent: no limit.
    std::optional<std::chrono::milliseconds> deadline_after;
    std::optional<WallTime> deadline_at;
    /// Recipients that are claimed before the campaign pauses for a look; 0: it does not.
    std::uint32_t first_count = 0;
    /// Goes on by itself when the first have been claimed for so long; 0: it pauses.
    std::chrono::milliseconds first_wait{0};
    std::optional<SendWindow> send_window;
    /// Of the devices that `audience.refresh` is asked for, the share that may have no usable
    /// address; above it the query is taken to be wrong and the campaign pauses. 0 to 1.
    double max_gone = kMaxGone;
    /// By gateway name: a target other than the sealed one, which an operator has accepted.
    std::map<std::string, std::string> accepted_targets;

    /// The gateway as it must stand in the server file: as sealed, or with its accepted target.
    [[nodiscard]] SealedGateway expected(SealedGateway sealed) const;

    [[nodiscard]] std::string to_json() const;
    static Settings from_json(std::string_view text);
};

std::string_view to_string(InDoubtPolicy policy);

}  // namespace dispatcher
