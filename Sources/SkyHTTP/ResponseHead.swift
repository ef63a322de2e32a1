/// Status and headers of an answer, line by line as they come.
struct ResponseHead {
    private(set) var status: Int
    private(set) var headers: HTTPHeaders
    /// The empty line has come. libcurl does not mind when the connection ends before it.
    private(set) var isComplete = false

    init(status: Int = 0, headers: HTTPHeaders = [:]) {
        self.status = status
        self.headers = headers
    }

    /// Takes one line with its end. A status line begins anew: interim answers and redirects come before the last.
    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        let line = String(decoding: bytes, as: UTF8.self).trimmingEnd
        if line.hasPrefix("HTTP/") {
            let parts = line.split(separator: " ", maxSplits: 2)
            status = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
            headers = HTTPHeaders()
            isComplete = false
        } else if line.isEmpty {
            isComplete = true
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers.add(String(line[..<colon]), String(value))
        }
    }

    var isSuccess: Bool { (200..<300).contains(status) }

    var contentLength: Int64? { headers["Content-Length"].flatMap { Int64($0) } }

    /// `bytes 100-199/200` or `bytes */200`: where the body begins, and how long the whole is.
    var contentRange: (start: Int64?, total: Int64?) {
        guard let text = headers["Content-Range"], text.lowercased().hasPrefix("bytes ") else { return (nil, nil) }
        let parts = text.dropFirst(6).split(separator: "/", maxSplits: 1)
        guard parts.count == 2 else { return (nil, nil) }
        return (parts[0].split(separator: "-").first.flatMap { Int64($0) }, Int64(parts[1]))
    }
}

extension String {
    fileprivate var trimmingEnd: Substring {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
