#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "gateway/fcm/token_endpoint.h"
#include "gateway/http2/service.h"

namespace dispatcher::fcm {

/// The access token of one service account: asked for and renewed by a thread of its own, for all
/// gateways of this process that send in its name. It decides by the time that its users tell, so
/// nobody who sends ever waits for it, and nothing is asked for while nobody sends. Thread-safe.
class AccessToken {
  public:
    /// One token, never changed.
    struct Issued {
        std::string authorization;     ///< the header: "Bearer …"
        std::uint32_t generation = 0;  ///< counts up from 1
        bool is_replacement = false;   ///< of one that the gateway called invalid
        BootTime renew_at{};
        BootTime expires_at{};
    };
    /// Blocks until there is an answer; `stop` ends it soon. Called by one thread.
    struct Source {
        std::function<TokenAnswer()> ask;
        std::function<void()> stop;
    };

    explicit AccessToken(Source source);
    ~AccessToken();
    AccessToken(const AccessToken&) = delete;
    AccessToken& operator=(const AccessToken&) = delete;

    /// The token to send with, or null; makes the thread ask when it is time to.
    std::shared_ptr<const Issued> take(BootTime now);
    /// Of the token to send with, 0 if there is none: cheap, to be compared with what one holds.
    [[nodiscard]] std::uint32_t generation() const {
        return generation_.load(std::memory_order_acquire);
    }
    /// Where there is no token: whether it is worth waiting for one.
    [[nodiscard]] http2::Standing standing() const;

    /// The gateway called this token invalid: another one is asked for. False, and nothing happens,
    /// if it was itself such a replacement and never proved good.
    bool replace(std::uint32_t generation, BootTime now);
    /// The gateway accepted this token.
    void prove(std::uint32_t generation);
    /// Asks once more although it was refused: somebody may have put it right.
    void try_again();

    /// Why there is no token; no trouble if there is one, or none was asked for yet.
    [[nodiscard]] Gateway::Health health() const;
    /// The same of a refusal.
    [[nodiscard]] std::string refusal() const;

    /// `changed` is called after every answer, on the thread. Returns its name for unsubscribe(),
    /// after which it is never called again.
    int subscribe(std::function<void()> changed);
    void unsubscribe(int name);

  private:
    void run(const std::stop_token& stop);
    void want(BootTime now);
    void settle(TokenAnswer answer);
    void refuse(std::string trouble);
    void wait_longer(std::string trouble);

    const Source source_;
    std::atomic<std::uint32_t> generation_{0};

    mutable std::mutex mutex_;  // guards all below
    std::condition_variable_any wanted_changed_;
    bool is_wanted_ = false;
    BootTime wanted_at_{};
    bool is_asking_ = false;
    std::shared_ptr<const Issued> issued_;
    std::uint32_t issued_count_ = 0;
    std::uint32_t proven_ = 0;  // the last generation that was accepted
    bool replaces_ = false;     // one was called invalid, and none since proved good
    std::string refusal_;
    std::string trouble_;
    BootTime trouble_since_{};
    BootTime retry_at_{};
    unsigned failures_ = 0;
    std::map<int, std::function<void()>> listeners_;
    int last_listener_ = 0;

    std::jthread thread_;  // last: ends first
};

}  // namespace dispatcher::fcm
