import CCurl
import CCurlOnDemand
import Glibc
import SkyCore

/// A connection of libcurl's that bytes go over in both directions, without HTTP.
final class WebSocketLine {
    enum Outcome { case some, nothing, ended }

    let descriptor: Int32

    private let handle: UnsafeMutableRawPointer
    private var addressList: UnsafeMutablePointer<curl_slist>?
    private let shown: String
    /// What waits for its turn.
    private var queue: [UInt8] = []
    private var queueStart = 0
    /// What is being sent: TLS wants the very same bytes at the very same place until they are taken.
    private let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 1)
    private var chunkRange = 0..<0
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 1)

    /// Connects; blocks meanwhile.
    init(_ request: HTTPRequest, _ target: RequestTarget) throws(HTTPError) {
        guard let handle = curl_easy_init() else { throw HTTPError(.unavailable, "libcurl cannot be used") }
        self.handle = handle
        shown = target.shown
        let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(to: 0)
        defer { errorText.deallocate() }
        sky_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        sky_curl_only_http(handle)
        sky_curl_set_string(handle, CURLOPT_URL, request.url)
        sky_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        sky_curl_set_long(handle, CURLOPT_CONNECT_ONLY, 1)
        // WebSockets begin with a request of HTTP/1.1: nothing else may be agreed on below it.
        sky_curl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        sky_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, request.connectTimeout.milliseconds)))
        if target.isNeverProxied { sky_curl_set_string(handle, CURLOPT_PROXY, "") }
        sky_curl_set_long(handle, CURLOPT_HTTPPROXYTUNNEL, 1)
        var list: UnsafeMutablePointer<curl_slist>?
        request.route?.apply(to: handle, &list)
        addressList = list
        let code = curl_easy_perform(handle)
        sky_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, nil)
        var socket: curl_socket_t = -1
        guard code == CURLE_OK, sky_curl_get_socket(handle, &socket) == CURLE_OK, socket >= 0 else {
            let detail =
                errorText.pointee == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: errorText)
            descriptor = -1
            throw HTTPError(HTTPError.Kind(code), "WebSocket \(target.shown): could not connect (\(detail))")
        }
        descriptor = socket
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(addressList)
        chunk.deallocate()
        buffer.deallocate()
    }

    var pendingBytes: Int { queue.count - queueStart + chunkRange.count }

    func send(_ bytes: [UInt8]) throws(HTTPError) {
        if queueStart == queue.count || queueStart > 1 << 20 {
            queue.removeFirst(queueStart)
            queueStart = 0
        }
        queue.append(contentsOf: bytes)
        try flush()
    }

    func flush() throws(HTTPError) {
        while pendingBytes > 0 {
            if chunkRange.isEmpty {
                let count = min(chunk.count, queue.count - queueStart)
                queue.withUnsafeBytes { bytes in
                    chunk.copyBytes(from: bytes[queueStart..<(queueStart + count)])
                }
                queueStart += count
                chunkRange = 0..<count
            }
            var sent = 0
            let start = chunk.baseAddress.map { $0 + chunkRange.lowerBound }
            switch curl_easy_send(handle, start, chunkRange.count, &sent) {
            case CURLE_OK: chunkRange = (chunkRange.lowerBound + sent)..<chunkRange.upperBound
            case CURLE_AGAIN: return
            case let code: throw broken(code)
            }
        }
    }

    /// One read.
    func receive(_ take: (UnsafeRawBufferPointer) -> Void) throws(HTTPError) -> Outcome {
        var count = 0
        switch curl_easy_recv(handle, buffer.baseAddress, buffer.count, &count) {
        case CURLE_OK where count == 0: return .ended
        case CURLE_OK:
            take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            return .some
        case CURLE_AGAIN: return .nothing
        case CURLE_GOT_NOTHING: return .ended
        case let code: throw broken(code)
        }
    }

    /// Waits until there is something to read, or what is queued can be sent.
    func wait(milliseconds: Int64) {
        var events = pollfd(fd: descriptor, events: Int16(POLLIN | (pendingBytes > 0 ? POLLOUT : 0)), revents: 0)
        poll(&events, 1, Int32(clamping: max(0, milliseconds)))
    }

    private func broken(_ code: CURLcode) -> HTTPError {
        HTTPError(
            .interrupted, "WebSocket \(shown): the connection broke (\(String(cString: curl_easy_strerror(code))))")
    }
}
