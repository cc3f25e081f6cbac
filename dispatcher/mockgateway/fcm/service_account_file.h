#pragma once

#include <filesystem>
#include <string>

namespace dispatcher::mock {

/// Writes a new service account as Google hands them out (JSON with an RSA key; readable by its
/// owner alone), for pushing to the mock gateway; `token_uri` is where it asks for access tokens.
/// The file must not exist yet. Throws UnavailableError if it cannot be written.
void write_service_account(const std::filesystem::path& file, const std::string& token_uri);

}  // namespace dispatcher::mock
