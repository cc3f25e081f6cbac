#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mockgateway/answer.h"

namespace dispatcher::mock {

/// One error in Google's form (AIP-193): `{"error":{"code","message","status","details":[…]}}`.
struct ErrorDocument {
    int code = 400;
    std::string_view status;         ///< of google.rpc.Code: INVALID_ARGUMENT, NOT_FOUND, …
    std::string message;             ///< for people
    std::string_view fcm_code = {};  ///< errorCode of an FcmError; empty: no such detail
    std::string field = {};          ///< of a BadRequest's violation; empty: no such detail

    /// Makes the answer this error.
    void write(Answer& answer) const;
};

}  // namespace dispatcher::mock
