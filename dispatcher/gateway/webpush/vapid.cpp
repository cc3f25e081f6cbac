#include "gateway/webpush/vapid.h"

#include "base/encoding.h"

namespace dispatcher::webpush {
namespace {

constexpr std::string_view kWhatItIs =
    "vapid_key_file is the PEM file of the key that your pages subscribe with; `openssl ecparam "
    "-name prime256v1 -genkey -noout -out vapid.pem` makes one";
constexpr std::string_view kHeader = R"({"typ":"JWT","alg":"ES256"})";

}  // namespace

VapidIdentity::VapidIdentity(const CredentialFile& key_file, std::string subject)
    : key_(key_file, kWhatItIs),
      subject_(std::move(subject)),
      public_key_(to_base64url(key_.public_point())) {}

std::string VapidIdentity::authorization(std::string_view origin, WallTime expires) const {
    const auto seconds =
        std::chrono::floor<std::chrono::seconds>(expires.time_since_epoch()).count();
    std::string claims = R"({"aud":")";
    append_json_escaped(claims, origin);
    claims += R"(","exp":)" + std::to_string(seconds) + R"(,"sub":")";
    append_json_escaped(claims, subject_);
    claims += "\"}";
    return "vapid t=" + key_.sign(kHeader, claims) + ", k=" + public_key_;
}

std::string VapidIdentity::redacted() const {
    return "vapid t=(redacted), k=" + public_key_;
}

std::string_view subject_problem(std::string_view subject) {
    const bool is_mail = subject.starts_with("mailto:") && subject.find('@') != subject.npos;
    const bool is_page = subject.starts_with("https://") && subject.size() > 8;
    if (!is_mail && !is_page)
        return "must be mailto:ADDRESS or https://PAGE: whom a push service may write to";
    if (subject.find("localhost") != subject.npos)
        return "must not be at localhost: push services refuse that";
    return {};
}

VapidToken::VapidToken(const VapidIdentity& identity, std::string origin)
    : identity_(identity), origin_(std::move(origin)) {}

std::string_view VapidToken::authorization(BootTime now, WallTime wall) {
    if (texts_[current_].empty() || now - made_at_ >= kRenewAfter) {
        current_ = 1 - current_;
        texts_.at(current_) = identity_.authorization(origin_, wall + kGoodFor);
        made_at_ = now;
    }
    return texts_.at(current_);
}

}  // namespace dispatcher::webpush
