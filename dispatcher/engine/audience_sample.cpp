#include "engine/audience_sample.h"

#include <algorithm>

namespace dispatcher {
namespace {

bool has_smaller_hash(const AudienceSample::Member& left, const AudienceSample::Member& right) {
    return left.hash < right.hash;
}

}  // namespace

/// FNV-1a, and the finaliser of MurmurHash3, which spreads what FNV leaves alike in numbered ids.
std::uint64_t appid_hash(std::string_view appid) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char byte : appid)
        hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
    hash ^= hash >> 33U;
    hash *= 0xff51afd7ed558ccdU;
    hash ^= hash >> 33U;
    hash *= 0xc4ceb9fe1a85ec53U;
    return hash ^ (hash >> 33U);
}

void AudienceSample::add(std::string_view appid, std::string_view locale, GatewayNo gateway) {
    ++seen_;
    const auto hash = appid_hash(appid);
    const bool is_full = heap_.size() == size_max_;
    if (is_full && (size_max_ == 0 || hash >= heap_.front().hash)) return;
    if (is_full) {
        std::ranges::pop_heap(heap_, has_smaller_hash);
        heap_.pop_back();
    }
    heap_.push_back(
        {hash, std::string(appid), std::string(locale.substr(0, kLocaleBytes)), gateway});
    std::ranges::push_heap(heap_, has_smaller_hash);
}

std::vector<AudienceSample::Member> AudienceSample::members() const {
    auto members = heap_;
    std::ranges::sort(members, {}, &Member::appid);
    return members;
}

}  // namespace dispatcher
