#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "scripted_listener.h"
#include "scripted_server.h"

namespace dispatcher::test {

/// The server's side of one HTTP/1.1 connection, in a script, on the connection's own thread.
class Http1Peer {
  public:
    virtual ~Http1Peer() = default;
    /// A whole answer with content-length; `more`: header lines, each with its line end.
    virtual void reply(unsigned status, const std::string& body = {},
                       const std::string& more = {}) = 0;
    /// Bytes as they are.
    virtual void say(std::string_view bytes) = 0;
    /// Ends the connection in good order: with TLS' farewell, if there is TLS, and FIN.
    virtual void close() = 0;
};

/// An HTTP/1.1 server that does what a test says, and counts what reached it.
class ScriptedHttp1Server {
  public:
    using Script = std::function<void(Http1Peer&, const SeenRequest&)>;

    /// `certificate` null: cleartext. `script` runs for each whole request.
    ScriptedHttp1Server(const TestCertificate* certificate, Script script);
    ~ScriptedHttp1Server();
    ScriptedHttp1Server(const ScriptedHttp1Server&) = delete;
    ScriptedHttp1Server& operator=(const ScriptedHttp1Server&) = delete;

    [[nodiscard]] std::string endpoint() const { return listener_.endpoint(); }
    [[nodiscard]] std::vector<SeenRequest> seen() const;
    /// How often the Idempotency-Key that was seen most often reached the server.
    [[nodiscard]] int most_often() const;
    [[nodiscard]] int connections() const;

  private:
    class Link;
    void take(int socket);

    const Script script_;
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<Link>> links_;  // guarded by mutex_
    std::vector<SeenRequest> seen_;             // guarded by mutex_
    ScriptedListener listener_;                 // last: it accepts at once
};

}  // namespace dispatcher::test
