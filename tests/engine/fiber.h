#pragma once

#include <functional>
#include <memory>

#include <ucontext.h>

namespace dispatcher {

/// A call stack of its own on the same thread, so that a simulation can stop code in the middle of
/// a transaction and let other code run. Not thread-safe; destroyed only when it has ended.
class Fiber {
  public:
    /// `body` must not let an exception out.
    explicit Fiber(std::function<void()> body);
    ~Fiber();
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    /// Runs the fiber until it calls suspend() or ends. Not from within a fiber.
    void resume();
    /// Back to whoever resumed the fiber that runs now.
    static void suspend();
    [[nodiscard]] bool is_ended() const { return is_ended_; }

  private:
    /// What the C++ runtime keeps per thread about exceptions being handled.
    struct Exceptions {
        void* caught = nullptr;
        unsigned int uncaught = 0;
    };
    static void enter();
    void swap_exceptions();
    void leave(bool for_ever);

    std::function<void()> body_;
    std::unique_ptr<char[]> stack_;
    ucontext_t context_{};
    ucontext_t resumer_{};
    Exceptions exceptions_;
    bool is_ended_ = false;
    void* sanitizer_fiber_ = nullptr;    ///< of this fiber (thread sanitizer)
    void* sanitizer_resumer_ = nullptr;  ///< of its resumer
    void* fake_stack_ = nullptr;         ///< address sanitizer's, of this fiber
    const void* resumer_stack_ = nullptr;
    std::size_t resumer_stack_bytes_ = 0;
};

}  // namespace dispatcher
