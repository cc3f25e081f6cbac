#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/campaign_view.h"
#include "cli/invocation.h"
#include "cli/sample_files.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "mockgateway/p256_key_file.h"
#include "mockgateway/server_certificate.h"

namespace dispatcher::cli {
namespace {

namespace fs = std::filesystem;

constexpr auto kKeyFile = "config/AuthKey.p8";
constexpr auto kTlsDir = "var/mock";

void make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
        throw UnavailableError(
            fmt::format("{} cannot be made: {}", folder.string(), error.message()));
}

void write_file(const fs::path& path, const std::string& text) {
    make_folder(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file) throw UnavailableError(path.string() + " cannot be written");
}

int init(Invocation& invocation, const std::string& folder) {
    const fs::path root(folder);
    const auto files = sample_files();
    for (const auto& file : files)
        if (fs::exists(root / file.path))
            throw RefusedError(fmt::format(
                "{} is there already; nothing was written. Another folder: `pushonce init DIR`",
                (root / file.path).string()));
    for (const auto& file : files) {
        write_file(root / file.path, file.text);
        invocation.err << "wrote " << (root / file.path).string() << "\n";
    }
    if (!fs::exists(root / kKeyFile)) (void)mock::write_p256_key(root / kKeyFile);
    make_folder(root / kTlsDir);
    const mock::ServerCertificate certificate({{}, {}, root / kTlsDir});
    invocation.err << fmt::format(
        "To try it, with nobody notified: in one terminal\n"
        "  cd {0} && pushonce mock-gateway --tls-dir {1} --ledger var/ledger.ndjson\n"
        "and in another one\n"
        "  cd {0} && pushonce plan config/hello.yaml && pushonce launch config/hello.yaml\n",
        folder, kTlsDir);
    if (invocation.globals.json) {
        auto written = nlohmann::ordered_json::array();
        for (const auto& file : files)
            written.push_back((root / file.path).string());
        written.push_back((root / kKeyFile).string());
        print_json(invocation.out, {{"folder", folder}, {"files", std::move(written)}});
    }
    return kExitDone;
}

}  // namespace

void add_init(const Verb& app, Invocation& invocation) {
    const auto folder = std::make_shared<std::string>(".");
    const auto verb =
        app.add_subcommand("init", "Write a server file, a campaign, a template and an audience");
    verb.add_option("DIR", *folder, "Where; it is made if it is missing").capture_default_str();
    verb.footer(
        "What it writes works at once with `pushonce mock-gateway` on this machine. Existing "
        "files\n"
        "are never touched.\n"
        "Examples:\n"
        "  pushonce init\n"
        "  pushonce init demo");
    verb.callback([&invocation, folder] {
        invocation.action = [&invocation, folder] { return init(invocation, *folder); };
    });
}

}  // namespace dispatcher::cli
