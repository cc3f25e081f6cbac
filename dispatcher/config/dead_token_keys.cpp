#include "config/dead_token_keys.h"

#include <fmt/format.h>

namespace dispatcher {
namespace {

using namespace std::chrono_literals;

void check(MapReader& reader, const NoticeOptions& options) {
    const auto fail = [&reader](std::string_view key, std::string_view problem) {
        const auto* node = reader.find(key);
        // What is missing or broken already has been told.
        if (node != nullptr && node->kind == YamlNode::Kind::scalar)
            reader.fail(*node, fmt::format("{}: {}", reader.full_name(key), problem));
    };
    if (const auto problem = HttpUrl::problem(options.written_url)) fail("url", *problem);
    if (options.secret.empty())
        fail("secret", "is empty; without the key the requests are not signed");
}

}  // namespace

std::optional<NoticeOptions> read_dead_tokens(MapReader reader, bool are_secrets_needed) {
    NoticeOptions options;
    auto webhook = reader.map("webhook");
    if (reader.is_present()) reader.require({"webhook"});
    webhook.require({"url"});
    webhook.text("url", options.written_url);
    webhook.secret("secret", options.secret);
    webhook.path("ca_file", options.ca_file);
    webhook.duration("timeout", 1s, 1min, options.timeout);
    webhook.finish();
    reader.finish();
    if (!webhook.is_present() || !are_secrets_needed) return std::nullopt;
    check(webhook, options);
    if (!HttpUrl::problem(options.written_url)) options.url = HttpUrl::parse(options.written_url);
    return options;
}

}  // namespace dispatcher
