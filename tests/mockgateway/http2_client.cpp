#include "mockgateway/http2_client.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dispatcher::test {

Http2Request& Http2Request::set(std::string_view name, std::string_view value) {
    for (auto& [key, text] : headers)
        if (key == name) {
            text = value;
            return *this;
        }
    return add(name, value);
}

Http2Request& Http2Request::add(std::string_view name, std::string_view value) {
    headers.emplace_back(name, value);
    return *this;
}

Http2Request& Http2Request::remove(std::string_view name) {
    std::erase_if(headers, [&](const auto& header) { return header.first == name; });
    return *this;
}

struct ClientCallbacks {
    static Http2Client& self(void* user) { return *static_cast<Http2Client*>(user); }

    static int on_header(nghttp2_session* /*session*/, const nghttp2_frame* frame,
                         const std::uint8_t* name, std::size_t name_bytes,
                         const std::uint8_t* value, std::size_t value_bytes, std::uint8_t /*flags*/,
                         void* user) {
        const std::string key(reinterpret_cast<const char*>(name), name_bytes);
        const std::string text(reinterpret_cast<const char*>(value), value_bytes);
        auto& answer = self(user).answers_[frame->hd.stream_id];
        if (key == ":status") answer.status = std::stoi(text);
        answer.headers[key] = text;
        return 0;
    }

    static int on_data(nghttp2_session* /*session*/, std::uint8_t /*flags*/, std::int32_t stream,
                       const std::uint8_t* data, std::size_t bytes, void* user) {
        self(user).answers_[stream].body.append(reinterpret_cast<const char*>(data), bytes);
        return 0;
    }

    static int on_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
        if (frame->hd.type == NGHTTP2_GOAWAY)
            self(user).goaways_.push_back(frame->goaway.last_stream_id);
        if (frame->hd.type == NGHTTP2_SETTINGS)
            for (std::size_t i = 0; i < frame->settings.niv; ++i)
                if (frame->settings.iv[i].settings_id == NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
                    self(user).stream_limits_.push_back(frame->settings.iv[i].value);
        return 0;
    }

    static int on_sent(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
        if (frame->hd.type == NGHTTP2_GOAWAY) self(user).complaint_ = frame->goaway.error_code;
        return 0;
    }

    static int on_close(nghttp2_session* /*session*/, std::int32_t stream, std::uint32_t code,
                        void* user) {
        auto& answer = self(user).answers_[stream];
        answer.closed = true;
        answer.close_code = code;
        self(user).closed_.push_back(stream);
        return 0;
    }

    static ssize_t read_body(nghttp2_session* /*session*/, std::int32_t /*stream*/,
                             std::uint8_t* into, std::size_t room, std::uint32_t* flags,
                             nghttp2_data_source* source, void* /*user*/) {
        auto& body = *static_cast<std::string*>(source->ptr);
        const auto bytes = std::min(room, body.size());
        std::memcpy(into, body.data(), bytes);
        body.erase(0, bytes);
        if (body.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(bytes);
    }
};

Http2Client::Http2Client(std::uint16_t port, const std::string& ca_file) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("the gateway takes no connection");
    if (!ca_file.empty()) connect_tls(ca_file);

    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, ClientCallbacks::on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, ClientCallbacks::on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, ClientCallbacks::on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, ClientCallbacks::on_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, ClientCallbacks::on_close);
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
}

Http2Client::~Http2Client() {
    nghttp2_session_del(session_);
    SSL_free(tls_);
    SSL_CTX_free(tls_context_);
    ::close(socket_);
}

void Http2Client::connect_tls(const std::string& ca_file) {
    tls_context_ = SSL_CTX_new(TLS_client_method());
    SSL_CTX_load_verify_locations(tls_context_, ca_file.c_str(), nullptr);
    SSL_CTX_set_verify(tls_context_, SSL_VERIFY_PEER, nullptr);
    const unsigned char alpn[] = {2, 'h', '2'};
    SSL_CTX_set_alpn_protos(tls_context_, alpn, sizeof alpn);
    tls_ = SSL_new(tls_context_);
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_), "127.0.0.1");
    SSL_set_fd(tls_, socket_);
    if (SSL_connect(tls_) != 1) throw std::runtime_error("the TLS handshake failed");
}

std::int32_t Http2Client::submit(const Http2Request& request) {
    std::vector<nghttp2_nv> headers;
    const auto bytes = [](const std::string& text) {
        return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    for (const auto& [name, value] : request.headers)
        headers.push_back(
            {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    const auto stream = static_cast<std::int32_t>(nghttp2_session_get_next_stream_id(session_));
    auto& body = bodies_[stream] = request.body;
    const nghttp2_data_provider provider{{.ptr = &body}, ClientCallbacks::read_body};
    return nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(),
                                  body.empty() ? nullptr : &provider, nullptr);
}

bool Http2Client::wait_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    send();
    while (!condition()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0 || ended_) return condition();
        receive(static_cast<int>(left.count()));
        send();
    }
    return true;
}

Http2Answer Http2Client::fetch(const Http2Request& request) {
    const auto stream = submit(request);
    wait_until([&] { return answer(stream).closed; });
    return answer(stream);
}

void Http2Client::send() {
    const std::uint8_t* data = nullptr;
    std::string out;
    for (ssize_t bytes = 0; (bytes = nghttp2_session_mem_send(session_, &data)) > 0;)
        out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(bytes));
    for (std::size_t sent = 0; sent < out.size() && !ended_;) {
        const auto* const from = out.data() + sent;
        const auto bytes = tls_ != nullptr
                               ? SSL_write(tls_, from, static_cast<int>(out.size() - sent))
                               : ::send(socket_, from, out.size() - sent, MSG_NOSIGNAL);
        if (bytes <= 0) return;  // receive() will find the end
        sent += static_cast<std::size_t>(bytes);
    }
}

void Http2Client::receive(int timeout_ms) {
    pollfd waited{socket_, POLLIN, 0};
    const bool ready =
        (tls_ != nullptr && SSL_pending(tls_) > 0) || ::poll(&waited, 1, timeout_ms) > 0;
    if (!ready) return;
    std::uint8_t buffer[16384];
    const auto bytes = tls_ != nullptr ? SSL_read(tls_, buffer, sizeof buffer)
                                       : ::recv(socket_, buffer, sizeof buffer, 0);
    if (bytes <= 0)
        ended_ = true;
    else
        nghttp2_session_mem_recv(session_, buffer, static_cast<std::size_t>(bytes));
}

}  // namespace dispatcher::test
