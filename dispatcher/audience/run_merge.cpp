#include "audience/run_merge.h"

#include <utility>

#include "audience/key_prefix.h"

namespace dispatcher {

RunMerge::RunMerge(std::vector<RecordReader> runs, std::size_t skip)
    : runs_(std::move(runs)), heads_(runs_.size()), losers_(runs_.size()), skip_(skip) {}

bool RunMerge::next() {
    if (runs_.empty()) return false;
    if (is_started_) {
        advance(winner_);
        replay(winner_);
    } else {
        for (std::size_t run = 0; run < runs_.size(); ++run)
            advance(run);
        winner_ = play(1);
        is_started_ = true;
    }
    return heads_[winner_].is_live;
}

void RunMerge::advance(std::size_t run) {
    heads_[run].is_live = runs_[run].next();
    if (heads_[run].is_live) heads_[run].prefix = key_prefix(runs_[run].record().key, skip_);
}

bool RunMerge::comes_before(std::size_t a, std::size_t b) const {
    if (!heads_[a].is_live || !heads_[b].is_live) return heads_[a].is_live;
    if (heads_[a].prefix != heads_[b].prefix) return heads_[a].prefix < heads_[b].prefix;
    const auto order = runs_[a].record().key.compare(runs_[b].record().key);
    return order != 0 ? order < 0 : a < b;
}

std::size_t RunMerge::play(std::size_t node) {
    if (node >= runs_.size()) return node - runs_.size();
    auto winner = play(2 * node);
    auto loser = play(2 * node + 1);
    if (comes_before(loser, winner)) std::swap(winner, loser);
    losers_[node] = loser;
    return winner;
}

void RunMerge::replay(std::size_t run) {
    for (auto node = (run + runs_.size()) / 2; node >= 1; node /= 2)
        if (comes_before(losers_[node], run)) std::swap(losers_[node], run);
    winner_ = run;
}

}  // namespace dispatcher
