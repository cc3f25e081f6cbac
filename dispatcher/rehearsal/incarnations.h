#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "rehearsal/child_process.h"
#include "rehearsal/kill_plan.h"
#include "rehearsal/mock_process.h"
#include "rehearsal/rehearsal_place.h"

namespace dispatcher {

/// One dispatcher of a rehearsal, from its start to its end.
struct Incarnation {
    WallTime started{};
    std::string crash_at;             ///< where it was to be killed; empty: nowhere
    std::optional<PlannedKill> kill;  ///< how it was killed; absent: it ended by itself
    std::string found;  ///< what it said of the process before: "3 claimed: 1 never left …"
};

struct IncarnationsOptions {
    std::string campaign;
    std::string server_file;
    std::uint64_t devices = 0;
    std::uint64_t wire = 0;  ///< requests on the wire at once, at most
    std::vector<PlannedKill> kills;
};

/// Runs the dispatchers of a rehearsal one after the other: each but the last is killed with
/// SIGKILL, and the next one is started with `restart`. One thread.
class Incarnations {
  public:
    /// All but the options outlive this. `mock` may be null.
    Incarnations(RehearsalPlace& place, Clock& clock, MockProcess* mock, int stop_fd,
                 IncarnationsOptions options);

    /// Until one ends by itself. Throws UnavailableError when a stop is asked for or the mock
    /// gateway is gone, std::runtime_error for an end that no dispatcher may have; then the place
    /// is kept.
    void run();

    [[nodiscard]] const std::vector<Incarnation>& all() const { return all_; }
    [[nodiscard]] std::size_t kills() const { return all_.size() - 1; }
    /// Exit code of the last one.
    [[nodiscard]] int exit_code() const { return exit_code_; }
    /// What the last one printed with --json.
    [[nodiscard]] const std::string& document() const { return document_; }
    [[nodiscard]] std::uint64_t peak_bytes() const { return peak_bytes_; }
    [[nodiscard]] bool are_isolated() const { return are_isolated_; }

  private:
    /// Answers whether another one has to follow.
    bool run_one(const PlannedKill* kill);
    void await_end(ChildProcess& child);
    [[noreturn]] void fail(const std::string& how, const std::string& log);

    RehearsalPlace& place_;
    Clock& clock_;
    MockProcess* const mock_;
    const int stop_fd_;
    const IncarnationsOptions options_;
    KillAim aim_;
    std::vector<Incarnation> all_;
    int exit_code_ = 0;
    std::string document_;
    std::uint64_t peak_bytes_ = 0;
    bool are_isolated_ = false;
};

}  // namespace dispatcher
