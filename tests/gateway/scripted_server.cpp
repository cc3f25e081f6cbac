#include "scripted_server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>

#include <fcntl.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dispatcher::test {
namespace {

constexpr std::size_t kReadBytes = 65'536;
std::string text_of(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

class ScriptedServer::Link final : public Peer {
  public:
    Link(ScriptedServer& server, int socket, int number)
        : server_(server), socket_(socket), number_(number) {
        wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        thread_ = std::thread([this] { serve(); });
    }
    ~Link() override {
        is_stopping_ = true;
        eventfd_write(wake_, 1);
        thread_.join();
        ::close(wake_);
    }

    void post(std::function<void(Peer&)> work) {
        {
            const std::lock_guard lock(mutex_);
            work_.push_back(std::move(work));
        }
        eventfd_write(wake_, 1);
    }

    void reply(std::int32_t stream, unsigned status, const std::string& body,
               const Headers& headers) override {
        Headers all{{":status", std::to_string(status)}};
        all.insert(all.end(), headers.begin(), headers.end());
        const auto list = to_list(all);
        auto& kept = bodies_[stream] = {body, 0};
        nghttp2_data_provider provider{};
        provider.source.ptr = &kept;
        provider.read_callback = read_body;
        nghttp2_submit_response(session_, stream, list.data(), list.size(),
                                body.empty() ? nullptr : &provider);
        flush();
    }

    void start_reply(std::int32_t stream, unsigned status, const std::string& body) override {
        const Headers status_only{{":status", std::to_string(status)}};
        const auto list = to_list(status_only);
        nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream, nullptr, list.data(),
                               list.size(), nullptr);
        auto& kept = bodies_[stream] = {body, 0};
        nghttp2_data_provider provider{};
        provider.source.ptr = &kept;
        provider.read_callback = read_body;
        flush();
        // Without the flag the last byte does not end the stream.
        if (!body.empty()) nghttp2_submit_data(session_, NGHTTP2_FLAG_NONE, stream, &provider);
        flush();
    }

    void limit_streams(std::uint32_t streams_max) override {
        const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams_max};
        nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &entry, 1);
        flush();
    }

    void send_raw(std::string_view bytes) override {
        flush();
        write(bytes);
    }

    void cut() override {
        ::shutdown(socket_, SHUT_RDWR);
        is_stopping_ = true;
    }

    void cut_in_record() override {
        const std::string start("\x17\x03\x03\x00\x40half of it", 15);
        [[maybe_unused]] const auto sent =
            ::send(socket_, start.data(), start.size(), MSG_NOSIGNAL);
        cut();
    }

  private:
    struct Body {
        std::string text;
        std::size_t sent = 0;
    };

    static std::vector<nghttp2_nv> to_list(const Headers& headers) {
        std::vector<nghttp2_nv> list;
        for (const auto& [name, value] : headers)
            list.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                            reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
                            name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
        return list;
    }

    static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* buffer, std::size_t size,
                             std::uint32_t* flags, nghttp2_data_source* source, void*) {
        auto& body = *static_cast<Body*>(source->ptr);
        const auto count = body.text.copy(reinterpret_cast<char*>(buffer), size, body.sent);
        body.sent += count;
        if (body.sent == body.text.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(count);
    }

    static int on_header(nghttp2_session*, const nghttp2_frame* header, const std::uint8_t* name,
                         std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                         std::uint8_t, void* self) {
        static_cast<Link*>(self)->open_[header->hd.stream_id].headers[text_of(name, name_size)] =
            text_of(value, value_size);
        return 0;
    }

    static int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream,
                       const std::uint8_t* data, std::size_t size, void* self) {
        static_cast<Link*>(self)->open_[stream].body += text_of(data, size);
        return 0;
    }

    static int on_frame(nghttp2_session*, const nghttp2_frame* received, void* self) {
        auto& link = *static_cast<Link*>(self);
        const bool is_whole = (received->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        const bool is_start = received->hd.type == NGHTTP2_HEADERS;
        const bool is_data = received->hd.type == NGHTTP2_DATA;
        if (link.server_.options_.replies_early ? is_start : is_whole && (is_start || is_data))
            link.whole_.push_back(received->hd.stream_id);
        return 0;
    }

    void make_session() {
        nghttp2_session_callbacks* callbacks = nullptr;
        nghttp2_session_callbacks_new(&callbacks);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
        nghttp2_option* option = nullptr;
        nghttp2_option_new(&option);
        nghttp2_option_set_no_auto_ping_ack(option, server_.options_.answers_pings ? 0 : 1);
        nghttp2_session_server_new2(&session_, callbacks, this, option);
        nghttp2_option_del(option);
        nghttp2_session_callbacks_del(callbacks);
        const std::array entries{
            nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                                   server_.options_.streams_max},
            nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                   server_.options_.replies_early ? 0U : 65'535U}};
        if (server_.options_.sends_settings)
            nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries.data(), entries.size());
    }

    bool shake_hands() {
        ssl_ = SSL_new(server_.listener_.tls());
        SSL_set_fd(ssl_, socket_);
        for (;;) {
            const int result = SSL_accept(ssl_);
            if (result == 1) return true;
            if (SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ || !wait_for_peer())
                return false;
        }
    }

    /// False when the server stops.
    bool wait_for_peer() {
        std::array<pollfd, 2> fds{pollfd{socket_, POLLIN, 0}, pollfd{wake_, POLLIN, 0}};
        ::poll(fds.data(), fds.size(), -1);
        eventfd_t ignored = 0;
        eventfd_read(wake_, &ignored);
        return !is_stopping_;
    }

    /// Bytes, nothing (no more for now), or the end.
    std::optional<std::string> read() {
        std::string bytes(kReadBytes, '\0');
        const int size = static_cast<int>(bytes.size());
        ERR_clear_error();
        const auto count = ssl_ != nullptr ? SSL_read(ssl_, bytes.data(), size)
                                           : ::recv(socket_, bytes.data(), kReadBytes, 0);
        if (count > 0) return bytes.substr(0, static_cast<std::size_t>(count));
        const bool may_come =
            ssl_ != nullptr ? SSL_get_error(ssl_, static_cast<int>(count)) == SSL_ERROR_WANT_READ
                            : count < 0 && errno == EAGAIN;
        if (may_come) return std::string();
        return std::nullopt;
    }

    void write(std::string_view bytes) {
        while (!bytes.empty() && !is_stopping_) {
            const auto count = ssl_ != nullptr
                                   ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                                   : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count > 0) {
                bytes.remove_prefix(static_cast<std::size_t>(count));
                continue;
            }
            pollfd fd{socket_, POLLOUT, 0};
            if (::poll(&fd, 1, 5000) != 1 || (fd.revents & (POLLERR | POLLHUP)) != 0) return;
        }
    }

    void flush() {
        if (!server_.options_.sends_settings) return;
        std::string out;
        const std::uint8_t* data = nullptr;
        for (auto size = nghttp2_session_mem_send(session_, &data); size > 0;
             size = nghttp2_session_mem_send(session_, &data))
            out += text_of(data, static_cast<std::size_t>(size));
        write(out);
    }

    /// Plan: until the end, take bytes, run the script for what became whole, then what was posted.
    void serve() {
        block_broken_pipe_signals();
        if (server_.options_.is_tls && !shake_hands()) {
            finish();
            return;
        }
        make_session();
        flush();
        while (!is_stopping_) {
            const auto bytes = read();
            if (!bytes) break;
            if (!bytes->empty()) {
                const auto* start = reinterpret_cast<const std::uint8_t*>(bytes->data());
                if (nghttp2_session_mem_recv(session_, start, bytes->size()) < 0) break;
                run_script();
                flush();
                continue;
            }
            run_posted();
            if (!is_stopping_ && !wait_for_peer()) break;
        }
        finish();
    }

    void run_script() {
        while (!whole_.empty() && !is_stopping_) {
            const auto stream = whole_.front();
            whole_.pop_front();
            auto& request = open_[stream];
            request.connection = number_;
            request.number = ++requests_;
            request.stream = stream;
            {
                const std::lock_guard lock(server_.mutex_);
                server_.seen_.push_back(request);
            }
            server_.script_(*this, request);
        }
    }

    void run_posted() {
        std::deque<std::function<void(Peer&)>> work;
        {
            const std::lock_guard lock(mutex_);
            work.swap(work_);
        }
        for (const auto& one : work)
            one(*this);
    }

    void finish() {
        nghttp2_session_del(session_);
        session_ = nullptr;
        SSL_free(ssl_);
        ssl_ = nullptr;
        ERR_clear_error();
        ::close(socket_);
    }

    ScriptedServer& server_;
    const int socket_;
    const int number_;
    int wake_ = -1;
    std::atomic<bool> is_stopping_{false};
    SSL* ssl_ = nullptr;
    nghttp2_session* session_ = nullptr;
    int requests_ = 0;
    std::map<std::int32_t, SeenRequest> open_;
    std::map<std::int32_t, Body> bodies_;
    std::deque<std::int32_t> whole_;
    std::mutex mutex_;
    std::deque<std::function<void(Peer&)>> work_;  // guarded by mutex_
    std::thread thread_;
};

ScriptedServer::ScriptedServer(const Options& options, const TestCertificate* certificate,
                               Script script)
    : options_(options),
      script_(std::move(script)),
      listener_(options.is_tls ? certificate : nullptr, options.chooses_h2 ? "h2" : nullptr,
                SOCK_NONBLOCK, [this](int socket) { take(socket); }) {}

ScriptedServer::~ScriptedServer() {
    listener_.stop();
    links_.clear();
}

void ScriptedServer::take(int socket) {
    const std::lock_guard lock(mutex_);
    links_.push_back(std::make_unique<Link>(*this, socket, static_cast<int>(links_.size()) + 1));
}

void ScriptedServer::post(int connection, std::function<void(Peer&)> work) {
    const std::lock_guard lock(mutex_);
    links_.at(static_cast<std::size_t>(connection) - 1)->post(std::move(work));
}

std::vector<SeenRequest> ScriptedServer::seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
}

namespace {

/// What makes a notification the same one: the id in its header, or what its body says.
std::string id_in(const SeenRequest& request) {
    const auto id = request.headers.find("apns-id");
    return id == request.headers.end() ? request.body : id->second;
}

}  // namespace

int ScriptedServer::most_often() const {
    std::map<std::string, int> counts;
    int most = 0;
    for (const auto& request : seen())
        most = std::max(most, ++counts[id_in(request)]);
    return most;
}

int ScriptedServer::connections() const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(links_.size());
}

}  // namespace dispatcher::test
