#include <algorithm>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <sstream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "cli/assemble.h"
#include "cli/campaign_run.h"
#include "cli/caretaker.h"
#include "cli/signal_watch.h"
#include "cli/store_halt.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "store/store_error.h"

namespace dispatcher::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookEvery{1000};
/// A campaign whose run ended by trouble is left alone for so long.
constexpr milliseconds kRest{5000};
/// Campaigns among which running ones are looked for, newest first.
constexpr std::size_t kLookedAt = 1000;
constexpr std::uint32_t kCampaignsMax = 64;

struct WorkerOptions {
    std::uint32_t campaigns = 4;
};

bool has_work(const CampaignRecord& record) {
    return record.head.state == CampaignState::running ||
           record.head.state == CampaignState::reconciling;
}

/// A campaign that is being sent, with stores and lanes of its own, in a thread of its own. What it
/// says is kept until it has ended.
class Assignment {
  public:
    /// `server` outlives it.
    Assignment(const ServerFile& server, const Globals& globals, std::string name,
               std::stop_token stop)
        : invocation_{globals, out_, err_, {}} {
        ended_ = std::async(std::launch::async, [this, &server, name = std::move(name), stop] {
            Site site(server);
            const auto record = site.find(name);
            if (!has_work(record)) return std::optional<RunResult>{};
            CampaignRun run(site, stop, invocation_, RunStyle::among);
            show(&run);
            const Hidden hidden{*this};
            const auto result = run.run(record);
            run.conclude(record, result);
            return std::optional(result);
        });
    }

    [[nodiscard]] bool is_ended() const {
        return ended_.wait_for(milliseconds{0}) == std::future_status::ready;
    }
    /// Waits for the end, says what was said, and answers how the run ended: nothing if there was
    /// nothing to do. Throws what the thread threw.
    std::optional<RunResult> take_result(Invocation& invocation) {
        ended_.wait();
        invocation.out << out_.str() << std::flush;
        invocation.err << err_.str() << std::flush;
        return ended_.get();
    }
    /// Any thread.
    void add_tally(Tally& sum) const {
        const std::lock_guard lock(mutex_);
        sum.add(done_);
        if (shown_ != nullptr) sum.add(shown_->tally());
    }

  private:
    struct Hidden {
        Assignment& assignment;
        ~Hidden() { assignment.show(nullptr); }
    };
    void show(const CampaignRun* run) {
        const std::lock_guard lock(mutex_);
        if (run == nullptr) done_.add(shown_->tally());
        shown_ = run;
    }

    std::ostringstream out_;
    std::ostringstream err_;
    Invocation invocation_;
    mutable std::mutex mutex_;
    const CampaignRun* shown_ = nullptr;           // guarded by mutex_
    Tally done_;                                   // guarded by mutex_
    std::future<std::optional<RunResult>> ended_;  // last: its end is waited for first
};

/// Gives running campaigns to threads, a bounded number at a time.
class Worker {
  public:
    Worker(Invocation& invocation, SignalWatch& signals, std::uint32_t campaigns_max)
        : invocation_(invocation),
          signals_(signals),
          campaigns_max_(campaigns_max),
          site_(invocation.globals),
          caretaker_(site_, invocation.err),
          on_signal_(signals.token(), [this] { stop_.request_stop(); }) {
        const auto& listen = site_.server().server.ops_listen;
        if (listen.empty()) return;
        probe_ = open_campaign_store(site_.server().store);
        ops_ = std::make_unique<OpsServer>(
            listen, [this] { return metrics(); }, [this] { (void)probe_->store_id(); });
    }

    /// Whatever ends it, its campaigns are drained.
    ~Worker() { stop_.request_stop(); }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    int run() {
        CampaignRun(site_, stop_.get_token(), invocation_, RunStyle::among).recover();
        invocation_.err << "Waiting for campaigns; Ctrl-C drains and ends.\n";
        while (!stop_.stop_requested()) {
            look();
            signals_.wait_for(kLookEvery);
            put_down();
        }
        while (!assignments_.empty())
            put_down(/*waits=*/true);
        return exit_code_;
    }

  private:
    /// A store that is away is waited for as long as the lanes wait for it.
    void look() {
        try {
            take_up();
            store_lost_since_.reset();
        } catch (const StoreError& error) {
            const auto now = site_.clock().now();
            if (!store_lost_since_) {
                store_lost_since_ = now;
                log(LogLevel::warn, "the store: {}", error.what());
            }
            if (error.kind() == StoreError::Kind::durability_lost) exit_code_ = kExitStopped;
            if (exit_code_ == kExitStopped || error.kind() == StoreError::Kind::schema ||
                now - *store_lost_since_ >= site_.server().store.patience)
                stop_.request_stop();
        }
    }

    void take_up() {
        const bool was_halted = is_halted_;
        is_halted_ = site_.campaigns().halted().has_value();
        if (is_halted_ && !was_halted) (void)is_halted(site_, invocation_);
        if (is_halted_) return;
        const auto all = site_.campaigns().list(kLookedAt);
        for (const auto& listed : all) {
            const auto& name = listed.name.text();
            if (!stop_.stop_requested()) caretaker_.look_after(listed, all);
            if (assignments_.size() >= campaigns_max_ || stop_.stop_requested()) continue;
            if (!has_work(listed) || assignments_.contains(name)) continue;
            if (const auto rest = rests_.find(name);
                rest != rests_.end() && site_.clock().now() < rest->second)
                continue;
            log(LogLevel::info, "working on {}", name);
            auto assignment = std::make_unique<Assignment>(site_.server(), invocation_.globals,
                                                           name, stop_.get_token());
            const std::lock_guard lock(mutex_);
            assignments_.emplace(name, std::move(assignment));
        }
    }

    void put_down(bool waits = false) {
        for (auto next = assignments_.begin(); next != assignments_.end();) {
            if (!waits && !next->second->is_ended()) {
                ++next;
                continue;
            }
            judge(next->first, *next->second);
            const std::lock_guard lock(mutex_);
            next->second->add_tally(ended_);
            next = assignments_.erase(next);
        }
    }

    /// One campaign's trouble does not end the others; a store that was waited for in vain does.
    void judge(const std::string& name, Assignment& assignment) {
        try {
            const auto result = assignment.take_result(invocation_);
            if (!result) return;
            if (result->summary.stopped == LaneStop::store_lost) stop_.request_stop();
            if (result->summary.stopped == LaneStop::gateway_lost ||
                result->summary.stopped == LaneStop::source_lost)
                rests_[name] = site_.clock().now() + kRest;
        } catch (const StoreError& error) {
            log(LogLevel::error, "{}: the store: {}", name, error.what());
            // Whether the store is away for good, look() finds out.
            if (error.kind() != StoreError::Kind::durability_lost) return;
            exit_code_ = kExitStopped;
            stop_.request_stop();
        } catch (const std::runtime_error& error) {
            log(LogLevel::error, "{}: {}", name, error.what());
            rests_[name] = site_.clock().now() + kRest;
        }
    }

    std::string metrics() {
        Tally sum;
        const std::lock_guard lock(mutex_);
        sum.add(ended_);
        for (const auto& [name, assignment] : assignments_)
            assignment->add_tally(sum);
        return metrics_text(sum);
    }

    Invocation& invocation_;
    SignalWatch& signals_;
    const std::uint32_t campaigns_max_;
    Site site_;
    Caretaker caretaker_;
    std::stop_source stop_;
    std::stop_callback<std::function<void()>> on_signal_;
    int exit_code_ = kExitUnavailable;
    bool is_halted_ = false;
    std::optional<BootTime> store_lost_since_;
    std::map<std::string, BootTime> rests_;
    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<Assignment>> assignments_;  // changed under mutex_
    Tally ended_;                                                     // guarded by mutex_
    std::unique_ptr<CampaignStore> probe_;  ///< the ops server's own way to the store
    std::unique_ptr<OpsServer> ops_;
};

int worker(Invocation& invocation, const WorkerOptions& options) {
    SignalWatch signals;
    return Worker(invocation, signals, options.campaigns).run();
}

}  // namespace

void add_worker(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<WorkerOptions>();
    const auto verb =
        app.add_subcommand("worker", "One more sending process for running campaigns");
    verb.add_option("--campaigns", options->campaigns, "Campaigns that it works on at once")
        .capture_default_str()
        .between(1, kCampaignsMax)
        .type_name("N");
    verb.footer(
        "Takes up every campaign that is running, several at once, until it is stopped; waits\n"
        "while the store is halted. Any number of workers, launches and restarts may work on one\n"
        "campaign at once.\n"
        "Examples:\n"
        "  pushonce worker\n"
        "  pushonce worker --campaigns 8\n"
        "  pushonce worker --config /etc/pushonce/pushonce.yaml --log-level warn");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return worker(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
