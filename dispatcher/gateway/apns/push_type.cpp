#include "gateway/apns/push_type.h"

#include <algorithm>
#include <array>

namespace dispatcher::apns {
namespace {

// Apple, "Generating a remote notification": larger payloads are refused with 413.
constexpr std::size_t kBytesMax = 4096;
constexpr std::size_t kVoipBytesMax = 5120;

constexpr std::array kPushTypes = {
    PushType{"alert", "", kBytesMax},
    PushType{"background", "", kBytesMax},
    PushType{"location", ".location-query", kBytesMax},
    PushType{"voip", ".voip", kVoipBytesMax},
    PushType{"complication", ".complication", kBytesMax},
    PushType{"fileprovider", ".pushkit.fileprovider", kBytesMax},
    PushType{"mdm", "", kBytesMax},
    PushType{"liveactivity", ".push-type.liveactivity", kBytesMax},
    PushType{"pushtotalk", ".voip-ptt", kBytesMax},
    PushType{"controls", ".push-type.controls", kBytesMax},
    PushType{"widgets", ".push-type.widgets", kBytesMax},
};

}  // namespace

const PushType* find_push_type(std::string_view name) {
    const auto* const found = std::find_if(kPushTypes.begin(), kPushTypes.end(),
                                           [&](const PushType& type) { return type.name == name; });
    return found == kPushTypes.end() ? nullptr : found;
}

std::string push_type_names() {
    std::string names;
    for (const auto& type : kPushTypes)
        names.append(names.empty() ? "" : ", ").append(type.name);
    return names;
}

std::string_view missing_suffix(std::string_view topic, std::string_view push_type) {
    const auto* type = find_push_type(push_type);
    if (type == nullptr || topic.ends_with(type->topic_suffix)) return {};
    return type->topic_suffix;
}

}  // namespace dispatcher::apns
