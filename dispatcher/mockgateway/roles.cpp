#include "mockgateway/roles.h"

#include "mockgateway/apns/apns_role.h"
#include "mockgateway/fcm/fcm_role.h"
#include "mockgateway/webhook/webhook_role.h"
#include "mockgateway/webpush/webpush_role.h"

namespace dispatcher::mock {

std::vector<std::unique_ptr<Role>> make_roles(const MockGatewayOptions& options, Random& random) {
    std::vector<std::unique_ptr<Role>> roles;
    roles.push_back(std::make_unique<ApnsRole>(
        ApnsCheck::Options{
            {options.apns_public_key_file, options.apns_key_id, options.apns_team_id},
            options.apns_topics},
        random));
    roles.push_back(std::make_unique<WebPushRole>(
        WebPushRole::Options{options.vapid_public_key, options.subscriber_key_file,
                             options.subscriber_auth},
        random));
    roles.push_back(std::make_unique<FcmRole>(
        TokenDesk::Options{options.fcm_service_account_file, options.fcm_token_life}, random));
    roles.push_back(std::make_unique<WebhookRole>(options.webhook_secret));
    return roles;
}

}  // namespace dispatcher::mock
