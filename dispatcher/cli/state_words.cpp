#include "cli/state_words.h"

namespace dispatcher::cli {

std::string_view words_of(CampaignState state) {
    return state == CampaignState::done_with_doubt ? "done, with doubt" : to_string(state);
}

std::string_view words_of(ReportOutcome outcome) {
    return outcome == ReportOutcome::in_doubt ? "in doubt" : to_string(outcome);
}

std::string_view words_of(FlagState state) {
    return state == FlagState::in_doubt ? "in doubt" : to_string(state);
}

}  // namespace dispatcher::cli
