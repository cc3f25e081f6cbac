#include "journal/network_file_system.h"

#include <algorithm>
#include <array>

namespace dispatcher {
namespace {

struct Known {
    std::uint32_t f_type;
    std::string_view name;
};

// Numbers as in statfs(2), linux/magic.h and the file systems' own headers.
constexpr std::array kKnown{
    Known{0x6969, "NFS"},
    Known{0x517B, "SMB"},
    Known{0xFE534D42, "SMB2"},
    Known{0xFF534D42, "CIFS"},
    Known{0x564C, "NCP"},
    Known{0x5346414F, "AFS"},
    Known{0x6B414653, "AFS"},
    Known{0x73757245, "Coda"},
    Known{0x00C36400, "Ceph"},
    Known{0x01161970, "GFS2"},
    Known{0x7461636F, "OCFS2"},
    Known{0x0BD00BD0, "Lustre"},
    Known{0x47504653, "GPFS"},
    Known{0x19830326, "BeeGFS"},
    Known{0x65735546, "FUSE (sshfs, GlusterFS and the like)"},
};

}  // namespace

std::optional<std::string_view> network_file_system(std::uint64_t f_type) {
    // Some machines widen the number with its sign: only the lower half counts.
    const auto low = static_cast<std::uint32_t>(f_type);
    const auto* found = std::find_if(kKnown.begin(), kKnown.end(),
                                     [low](const Known& known) { return known.f_type == low; });
    if (found == kKnown.end()) return std::nullopt;
    return found->name;
}

}  // namespace dispatcher
