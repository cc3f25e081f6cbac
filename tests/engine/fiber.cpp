#include "engine/fiber.h"

#include <cstring>
#include <utility>
#include <vector>

#include <cxxabi.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace dispatcher {
namespace {

constexpr std::size_t kStackBytes = std::size_t{256} << 10;
constexpr std::size_t kSpareStacksMax = 64;

Fiber* running = nullptr;
std::vector<std::unique_ptr<char[]>> spare_stacks;

std::unique_ptr<char[]> take_stack() {
    if (spare_stacks.empty()) return std::make_unique_for_overwrite<char[]>(kStackBytes);
    auto stack = std::move(spare_stacks.back());
    spare_stacks.pop_back();
    return stack;
}

}  // namespace

Fiber::Fiber(std::function<void()> body) : body_(std::move(body)), stack_(take_stack()) {
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack_.get();
    context_.uc_stack.ss_size = kStackBytes;
    context_.uc_link = nullptr;
    makecontext(&context_, &Fiber::enter, 0);
#if defined(__SANITIZE_THREAD__)
    sanitizer_fiber_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
#if defined(__SANITIZE_THREAD__)
    __tsan_destroy_fiber(sanitizer_fiber_);
#endif
    if (spare_stacks.size() < kSpareStacksMax) spare_stacks.push_back(std::move(stack_));
}

void Fiber::resume() {
    running = this;
    swap_exceptions();
#if defined(__SANITIZE_THREAD__)
    sanitizer_resumer_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(sanitizer_fiber_, 0);
#endif
#if defined(__SANITIZE_ADDRESS__)
    void* fake = nullptr;
    __sanitizer_start_switch_fiber(&fake, stack_.get(), kStackBytes);
#endif
    swapcontext(&resumer_, &context_);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
    swap_exceptions();
    running = nullptr;
}

void Fiber::suspend() {
    running->leave(false);
}

void Fiber::enter() {
    auto* fiber = running;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &fiber->resumer_stack_, &fiber->resumer_stack_bytes_);
#endif
    fiber->body_();
    fiber->is_ended_ = true;
    fiber->leave(true);
}

void Fiber::leave([[maybe_unused]] bool for_ever) {
#if defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(sanitizer_resumer_, 0);
#endif
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(for_ever ? nullptr : &fake_stack_, resumer_stack_,
                                   resumer_stack_bytes_);
#endif
    swapcontext(&context_, &resumer_);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fake_stack_, &resumer_stack_, &resumer_stack_bytes_);
#endif
}

/// A fiber may be suspended inside a catch block; the thread's record of exceptions is its own.
void Fiber::swap_exceptions() {
    static_assert(sizeof(Exceptions) == 2 * sizeof(void*));
    auto* current = static_cast<void*>(abi::__cxa_get_globals());
    Exceptions others;
    std::memcpy(&others, current, sizeof others);
    std::memcpy(current, &exceptions_, sizeof exceptions_);
    exceptions_ = others;
}

}  // namespace dispatcher
