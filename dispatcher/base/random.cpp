#include "base/random.h"

#include <sys/random.h>

#include "base/invariant.h"

namespace dispatcher {

std::uint64_t SystemRandom::next() {
    std::uint64_t value = 0;
    invariant(getrandom(&value, sizeof value, 0) == sizeof value, "the kernel gives random bytes");
    return value;
}

}  // namespace dispatcher
