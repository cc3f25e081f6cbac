#include "gateway/http2/wake_event.h"

#include <cerrno>
#include <cstring>
#include <string>

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"

namespace dispatcher::http2 {

WakeEvent::WakeEvent() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (descriptor_ < 0)
        throw UnavailableError(std::string("no event descriptor can be had: ") +
                               std::strerror(errno));
}

WakeEvent::~WakeEvent() {
    ::close(descriptor_);
}

void WakeEvent::ring() {
    // Fails only when the counter is full, and then the waiting thread is awake anyway.
    eventfd_write(descriptor_, 1);
}

void WakeEvent::clear() {
    eventfd_t value = 0;
    eventfd_read(descriptor_, &value);
}

}  // namespace dispatcher::http2
