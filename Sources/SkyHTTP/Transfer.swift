import CCurl
import Glibc
import SkyCore

/// One request under way. Lives on the loop's thread; libcurl calls back into it there.
final class Transfer {
    let handle: UnsafeMutableRawPointer
    var id: UInt64 { order.id }

    private let order: Order
    private let sink: any BodySink
    private var source: FileSource?
    private var head = ResponseHead()
    private var failure: SinkError?
    /// Bytes for bodies that are files, which are long: libcurl's own buffers of 16 and 64 KB cost many times the calls.
    private static let largeBuffer = 512 << 10
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var addressList: UnsafeMutablePointer<curl_slist>?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    enum End {
        case performed(CURLcode)
        case cancelled
    }

    /// Nil when the order had to be refused.
    init?(_ order: Order) {
        guard let handle = curl_easy_init() else {
            order.refuse(.unavailable, "libcurl is out of memory")
            return nil
        }
        self.handle = handle
        self.order = order
        sink =
            switch order.destination {
            case .memory(let limit): MemorySink(limit: limit)
            case .file(let path, let offset, let progress): FileSink(path: path, offset: offset, progress: progress)
            case .part(let path, let part): PartSink(path: path, part: part)
            }
        errorText.initialize(to: 0)
        configure()
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headerList)
        curl_slist_free_all(addressList)
        errorText.deallocate()
    }

    /// Answers whoever waits. Call it once, after the handle has left the multi handle.
    func end(_ end: End) {
        switch end {
        case .cancelled: order.refuse(.cancelled, "cancelled")
        case .performed(CURLE_OK) where head.status < 200 || !head.isComplete:
            order.refuse(.interrupted, "the connection ended before the answer did")
        case .performed(CURLE_OK):
            do throws(SinkError) {
                order.continuation.resume(returning: .success(try sink.finish(head)))
            } catch {
                order.refuse(error.kind, error.reason)
            }
        case .performed(let code):
            if let failure { return order.refuse(failure.kind, failure.reason) }
            let kind = HTTPError.Kind(code)
            order.refuse(kind, reason(kind, code))
        }
    }

    private func reason(_ kind: HTTPError.Kind, _ code: CURLcode) -> String {
        let detail = errorText.pointee == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: errorText)
        return switch kind {
        case .timeout: "no complete answer in time (\(detail))"
        case .couldNotConnect: "could not connect (\(detail))"
        case .tls: "no secure connection (\(detail))"
        case .interrupted: "the connection ended before the answer did (\(detail))"
        default: detail
        }
    }

    // MARK: Setting up

    private func configure() {
        let request = order.request
        sky_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        sky_curl_only_http(handle)
        sky_curl_never_wait_for_names(handle)
        sky_curl_set_long(handle, CURLOPT_PATH_AS_IS, 1)
        sky_curl_set_string(handle, CURLOPT_URL, request.url)
        sky_curl_set_string(handle, CURLOPT_USERAGENT, "sky")
        sky_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        if order.target.isNeverProxied { sky_curl_set_string(handle, CURLOPT_PROXY, "") }
        request.route?.apply(to: handle, &addressList)
        sky_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, request.followsRedirects ? 1 : 0)
        sky_curl_set_long(handle, CURLOPT_MAXREDIRS, 10)
        sky_curl_set_long(handle, CURLOPT_FRESH_CONNECT, request.isOnce ? 1 : 0)
        setLimits(request)
        setMethod(request)
        setHeaders(request)
        setCallbacks()
        if case .memory = order.destination { return }
        sky_curl_set_long(handle, CURLOPT_BUFFERSIZE, Self.largeBuffer)
    }

    private func setLimits(_ request: HTTPRequest) {
        // To libcurl 0 means its own default or no limit, and is never what is meant here.
        let longest: Int64 = 1 << 31
        func limit(_ value: Int64) -> Int { Int(min(max(value, 1), longest - 1)) }
        if let timeout = request.timeout {
            sky_curl_set_long(handle, CURLOPT_TIMEOUT_MS, limit(timeout.milliseconds))
        }
        sky_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, limit(request.connectTimeout.milliseconds))
        sky_curl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, 1)
        sky_curl_set_long(handle, CURLOPT_LOW_SPEED_TIME, limit(request.stallTimeout.milliseconds / 1000))
    }

    private func setMethod(_ request: HTTPRequest) {
        switch request.body ?? (request.method == .post ? .bytes([]) : nil) {
        case .bytes(let body): setBody(body)
        case .file(let path, let offset, let count):
            setSource(FileSource(path: path, offset: offset, count: count))
        case nil: break
        }
        switch request.method {
        case .get where request.body == nil: sky_curl_set_long(handle, CURLOPT_HTTPGET, 1)
        case .head: sky_curl_set_long(handle, CURLOPT_NOBODY, 1)
        case .post: sky_curl_set_long(handle, CURLOPT_POST, 1)
        default: sky_curl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        }
    }

    private func setBody(_ body: [UInt8]) {
        sky_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
        body.withUnsafeBytes { bytes in
            // An empty array may have no address, and no address means "ask a callback" to libcurl.
            _ = withUnsafePointer(to: UInt8(0)) { nothing in
                sky_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress ?? UnsafeRawPointer(nothing))
            }
        }
    }

    private func setSource(_ source: FileSource) {
        self.source = source
        sky_curl_set_long(handle, CURLOPT_UPLOAD, 1)
        sky_curl_set_size(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(source.count))
        sky_curl_set_long(handle, CURLOPT_UPLOAD_BUFFERSIZE, Self.largeBuffer)
        let me = Unmanaged.passUnretained(self).toOpaque()
        sky_curl_set_pointer(handle, CURLOPT_READDATA, me)
        sky_curl_set_callback(handle, CURLOPT_READFUNCTION) { bytes, size, count, me in
            let buffer = UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
            return Transfer.from(me)?.give(buffer) ?? Int(CURL_READFUNC_ABORT)
        }
        // A connection that turns out to be dead is given up for a fresh one, and the body begins again.
        sky_curl_set_pointer(handle, CURLOPT_SEEKDATA, me)
        sky_curl_set_seek_callback(handle) { me, offset, origin in
            guard origin == SEEK_SET, let source = Transfer.from(me)?.source else { return CURL_SEEKFUNC_FAIL }
            source.seek(to: Int64(offset))
            return CURL_SEEKFUNC_OK
        }
    }

    private func setHeaders(_ request: HTTPRequest) {
        var headers = request.headers
        if request.body != nil, headers["Content-Type"] == nil {
            headers["Content-Type"] = "application/octet-stream"
        }
        for field in headers.fields {
            // Without a value libcurl would take the colon for a wish to leave the header out.
            append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        // A server that does not know "100 Continue" would cost a second for nothing.
        if headers["Expect"] == nil { append("Expect:") }
        sky_curl_set_list(handle, CURLOPT_HTTPHEADER, headerList)
    }

    private func append(_ line: String) {
        if let longer = curl_slist_append(headerList, line) { headerList = longer }
    }

    private func setCallbacks() {
        let me = Unmanaged.passUnretained(self).toOpaque()
        sky_curl_set_pointer(handle, CURLOPT_HEADERDATA, me)
        sky_curl_set_callback(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, me in
            Transfer.from(me)?.head.take(UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
        sky_curl_set_pointer(handle, CURLOPT_WRITEDATA, me)
        sky_curl_set_callback(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, me in
            guard let transfer = Transfer.from(me) else { return 0 }
            return transfer.take(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
    }

    /// The loop keeps a transfer for as long as its handle can call back.
    private static func from(_ pointer: UnsafeMutableRawPointer?) -> Transfer? {
        pointer.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Fills libcurl's buffer with what is sent next.
    private func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        do throws(SinkError) {
            return try source?.read(into: buffer) ?? 0
        } catch {
            failure = error
            return Int(CURL_READFUNC_ABORT)
        }
    }

    /// False ends the transfer.
    private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        do throws(SinkError) {
            try sink.take(bytes, of: head)
            return true
        } catch {
            failure = error
            return false
        }
    }
}

extension HTTPError.Kind {
    init(_ code: CURLcode) {
        self =
            switch code {
            case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .invalidURL
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_PROXY:
                .couldNotConnect
            case CURLE_OPERATION_TIMEDOUT: .timeout
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
                CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_USE_SSL_FAILED, CURLE_SSL_INVALIDCERTSTATUS,
                CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_CLIENTCERT:
                .tls
            case CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING, CURLE_HTTP2,
                CURLE_HTTP2_STREAM, CURLE_HTTP3, CURLE_QUIC_CONNECT_ERROR:
                .interrupted
            case CURLE_TOO_MANY_REDIRECTS, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: .badResponse
            default: .unavailable
            }
    }
}
