#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/command_line.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

namespace dispatcher::cli {

using nlohmann::json;

/// How a command ended and what it said.
struct Said {
    int code = -1;
    std::string out;
    std::string err;
    [[nodiscard]] json document() const { return json::parse(out); }
    [[nodiscard]] std::vector<json> lines() const {
        std::vector<json> parsed;
        std::istringstream text(out);
        for (std::string line; std::getline(text, line);)
            parsed.push_back(json::parse(line));
        return parsed;
    }
};

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// A folder with a server file, a template, an audience and campaigns.
class Desk {
  public:
    Desk() {
        write("pushonce.yaml", server("accept: all"));
        write(
            "promo.yaml",
            "default: en\nlocales:\n  en: {title: \"Hi {{name}}\", body: \"{{discount}} off\"}\n");
        write("audience.csv",
              "appid,platform,locale,name\nd-3,ios,en,Cy\nd-1,ios,de,Al\nd-2,android,en,Bo\n");
        write("sale.yaml", campaign("sale"));
    }

    static std::string server(const std::string& keys) {
        return "store: {url: \"sqlite:store.db\", lease: 2s}\njournal: {dir: journal}\n"
               "gateways:\n  hook: {type: loopback, " +
               keys + "}\nlog: {level: \"off\"}\n";
    }
    static std::string campaign(const std::string& name, const std::string& more = "") {
        return "campaign: " + name +
               "\naudience: {file: audience.csv}\ngateway: hook\n"
               "message: {template: promo.yaml, data: {discount: 20}}\n" +
               more;
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(path(name)) << text;
    }
    [[nodiscard]] std::string path(const std::string& name) const {
        return (std::filesystem::path(folder_.path()) / name).string();
    }
    Said run(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {"--config", path("pushonce.yaml")});
        std::ostringstream out;
        std::ostringstream err;
        const auto code = cli::run(arguments, out, err);
        return {code, out.str(), err.str()};
    }

  private:
    dispatcher::test::TemporaryFolder folder_;
};

}  // namespace dispatcher::cli
