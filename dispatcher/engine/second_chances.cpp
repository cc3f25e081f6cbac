#include "engine/second_chances.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "audience/chunk_block.h"
#include "base/invariant.h"

namespace dispatcher {
namespace {

constexpr std::size_t kChunksPage = 500;
/// Keys of one read of flags: what a session takes in one call.
constexpr std::size_t kKeysPage = 1000;

ReportOutcome outcome_of(const FlagRows::Row& row) {
    return row.state == FlagState::rejected ? ReportOutcome::rejected : ReportOutcome::undelivered;
}

}  // namespace

bool may_be_included(Reason reason) {
    const auto number = static_cast<std::uint16_t>(reason);
    const auto first_rejection = static_cast<std::uint16_t>(Reason::unregistered);
    const bool is_rejection = number >= first_rejection && number < first_rejection + 100;
    return is_rejection || reason == Reason::tries_used_up || reason == Reason::expired ||
           reason == Reason::gone;
}

std::uint64_t ChanceCounts::total() const {
    std::uint64_t sum = 0;
    for (const auto& [kind, rows] : possible)
        sum += rows;
    return sum;
}

bool SecondChancesWalk::is_wanted(const FlagRows::Row& row) const {
    if (row.campaign != campaign_.id || !may_be_included(row.code.reason)) return false;
    const bool is_included = (row.state == FlagState::rejected && included_.rejected) ||
                             (row.state == FlagState::skipped && included_.undelivered);
    // Whoever vanished is no failure: only one who asks for them by name is given them.
    if (included_.reasons.empty()) return is_included && row.code.reason != Reason::gone;
    return is_included && included_.reasons.contains(row.code.reason);
}

/// Visits (chunk, appid, flag, whether its data is still there) of every recipient that is wanted,
/// in the order of the chunks.
template <class Visit>
void SecondChancesWalk::for_each(Visit&& visit) {
    FlagRows rows;
    for (ChunkNo first{0};;) {
        const auto chunks = flags_.session().list_chunks(campaign_.id, first, kChunksPage);
        for (const auto& chunk : chunks) {
            const auto payload = flags_.session().read_payload(campaign_.id, chunk.no, false);
            invariant(payload.has_value(), "a chunk has its keys");
            const auto keys = read_chunk_keys(payload->keys);
            const auto views = keys.views();
            std::optional<bool> has_data;  // looked up for a chunk that has somebody to send to
            for (std::size_t i = 0; i < views.size(); i += kKeysPage) {
                const auto page =
                    std::span(views).subspan(i, std::min(kKeysPage, views.size() - i));
                flags_.session().read_keys(campaign_.scope, page, rows);
                for (std::size_t row = 0; row < rows.size(); ++row)
                    if (is_wanted(rows.rows[row])) {
                        if (!has_data) has_data = is_data_kept(chunk.no);
                        visit(chunk, rows.appids[row], rows.rows[row], *has_data);
                    }
            }
        }
        if (chunks.size() < kChunksPage) return;
        first.value = chunks.back().no.value + 1;
    }
}

bool SecondChancesWalk::is_data_kept(ChunkNo chunk) {
    const auto payload = flags_.session().read_payload(campaign_.id, chunk, true);
    return payload && payload->data;
}

ChanceCounts SecondChancesWalk::count() {
    ChanceCounts counts;
    for_each([&](const ChunkHead&, std::string_view, const FlagRows::Row& row, bool has_data) {
        if (row.code.was_in_doubt)
            ++counts.once_in_doubt;
        else if (!has_data)
            ++counts.without_data;
        else
            ++counts.possible[{outcome_of(row), row.code.reason}];
    });
    return counts;
}

std::uint64_t SecondChancesWalk::give() {
    std::uint64_t given = 0;
    SecondChances chances;
    ChunkNo open{0};
    const auto give_chunk = [&] {
        if (!chances.empty()) given += flags_.give_second_chances(campaign_, open, chances);
        chances.clear();
    };
    for_each([&](const ChunkHead& chunk, std::string_view appid, const FlagRows::Row& row,
                 bool has_data) {
        if (row.code.was_in_doubt || !has_data) return;
        if (chunk.no != open) give_chunk();
        open = chunk.no;
        chances[{row.state, row.code.reason, row.claim, row.claims}].push(appid);
    });
    give_chunk();
    return given;
}

}  // namespace dispatcher
