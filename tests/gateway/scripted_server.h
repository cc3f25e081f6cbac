#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scripted_listener.h"
#include "test_certificate.h"
#include "wire_frame.h"

namespace dispatcher::test {

/// A request as the server received it.
struct SeenRequest {
    int connection = 0;  ///< counted from 1
    int number = 0;      ///< on its connection, counted from 1
    std::int32_t stream = 0;
    std::map<std::string, std::string> headers;
    std::string body;
};

/// The server's side of one connection. Only on its own thread: in a script, or in
/// ScriptedServer::post().
class Peer {
  public:
    using Headers = std::vector<std::pair<std::string, std::string>>;
    virtual ~Peer() = default;
    virtual void reply(std::int32_t stream, unsigned status, const std::string& body = {},
                       const Headers& headers = {}) = 0;
    /// Response headers, and a body if there is one, without the end of the stream.
    virtual void start_reply(std::int32_t stream, unsigned status,
                             const std::string& body = {}) = 0;
    virtual void limit_streams(std::uint32_t streams_max) = 0;
    /// Bytes between two frames, as they are.
    virtual void send_raw(std::string_view bytes) = 0;
    /// Ends TCP, without GOAWAY and without a word from TLS.
    virtual void cut() = 0;
    /// The same after the first bytes of a TLS record.
    virtual void cut_in_record() = 0;

    void send_goaway(std::int32_t last_id) { send_raw(goaway_frame(last_id)); }
    void send_reset(std::int32_t stream, std::uint32_t code) {
        send_raw(reset_frame(stream, code));
    }
};

/// An HTTP/2 server that does what a test says, frame by frame, and counts what reached it. One
/// thread accepts, one serves each connection; all end with the object.
class ScriptedServer {
  public:
    struct Options {
        bool is_tls = true;
        bool chooses_h2 = true;
        bool sends_settings = true;
        bool answers_pings = true;
        bool replies_early = false;  ///< the script runs at the HEADERS; no body may be sent
        std::uint32_t streams_max = 1000;
    };
    using Script = std::function<void(Peer&, const SeenRequest&)>;

    /// `script` runs for each whole request. `certificate` may be null for cleartext.
    ScriptedServer(const Options& options, const TestCertificate* certificate, Script script);
    ~ScriptedServer();
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    [[nodiscard]] std::string endpoint() const { return listener_.endpoint(); }
    /// Does something on the thread of a connection (counted from 1) that is still open.
    void post(int connection, std::function<void(Peer&)> work);

    [[nodiscard]] std::vector<SeenRequest> seen() const;
    /// How often the notification that was seen most often reached the server.
    [[nodiscard]] int most_often() const;
    [[nodiscard]] int connections() const;

  private:
    class Link;
    void take(int socket);

    const Options options_;
    const Script script_;
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<Link>> links_;  // guarded by mutex_
    std::vector<SeenRequest> seen_;             // guarded by mutex_
    ScriptedListener listener_;                 // last: it accepts at once
};

}  // namespace dispatcher::test
