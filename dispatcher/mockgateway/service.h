#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mockgateway/fault_rules.h"
#include "mockgateway/ledger.h"
#include "mockgateway/role.h"

namespace dispatcher::mock {

/// What the server is to do with one request; the answer, if there is one, is told beside it.
struct Verdict {
    Effect effect = Effect::answer;
    bool accepted = false;  ///< a notification: it is in the ledger
    std::chrono::milliseconds delay{0};
};

/// What is known of one connection.
struct ConnectionMemory {
    std::vector<std::unique_ptr<RoleMemory>> roles;  ///< what they remember, in their order
    bool has_client_certificate = false;
};

/// What a test may ask for at GET /mock/stats.
struct MockStats {
    std::uint64_t accepted = 0;
    std::uint64_t open_streams = 0;  ///< requests received whole and neither answered nor reset
    std::uint64_t connections = 0;   ///< open now
    std::map<std::string_view, std::uint64_t> refused;  ///< by the role's word for it
    std::map<std::string_view, std::uint64_t> faults;   ///< by name of the fault

    [[nodiscard]] std::string to_json() const;
};

/// What is behind the connections, whatever HTTP they speak: finds the role that a request is for,
/// has it checked, picks its fault, writes the ledger. Knows no sockets. One thread.
class Service {
  public:
    /// The first role answers for paths that none takes.
    Service(std::vector<std::unique_ptr<Role>> roles, FaultRules faults,
            const std::filesystem::path& ledger);

    /// Sets the time of all that follows until the next turn.
    void start_turn(BootTime now, WallTime wall);
    /// Ends the turn's accepting: after this, and only after this, answers may leave. Throws
    /// UnavailableError if the ledger cannot be written.
    void write_ledger() { ledger_.write(); }

    [[nodiscard]] ConnectionMemory new_memory(bool has_client_certificate) const {
        ConnectionMemory memory;
        memory.roles.resize(roles_.size());
        memory.has_client_certificate = has_client_certificate;
        return memory;
    }

    /// Decides about one whole request, the `stream`th of its connection or that of its id, and
    /// fills in the answer.
    Verdict judge(const Request& request, std::uint64_t connection, std::int32_t stream,
                  ConnectionMemory& memory, Answer& answer);

    [[nodiscard]] BootTime now() const { return now_; }
    MockStats stats;

  private:
    [[nodiscard]] std::size_t role_for(const Request& request) const;
    void answer_stats(Answer& answer);
    void word_fault(const Role& role, const FaultRule& rule, Answer& answer) const;

    const std::vector<std::unique_ptr<Role>> roles_;
    FaultRules faults_;
    Ledger ledger_;
    BootTime now_{};
    WallTime wall_{};
};

}  // namespace dispatcher::mock
