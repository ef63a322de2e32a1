import Glibc
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Writes down what a client asks and what it is answered, a line of JSON for each exchange, with secrets left out.
///
/// Whole answers in memory are recorded; of bodies that are streamed into files, and of those longer than a megabyte, only that
/// they were there.
public final class HTTPRecorder: Sendable {
    /// The recording of this process.
    public let path: String
    private let file: Mutex<Int32>

    /// - Parameter folder: made if it is missing; each process writes a file of its own into it, for this user alone.
    /// - Throws: `.file`.
    public init(folder: String) throws(HTTPError) {
        mkdir(folder, 0o700)
        path = "\(folder)/\(time(nil))-\(getpid())-\(UInt16.random(in: 0 ... .max)).jsonl"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw HTTPError(.file, "cannot record to \(path): \(String(cString: strerror(errno)))")
        }
        file = Mutex(descriptor)
    }

    deinit { file.withLock { _ = close($0) } }

    /// A recording that cannot be written disturbs nobody.
    func write(_ request: HTTPRequest, _ outcome: Result<HTTPResponse, HTTPError>) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let line = try? encoder.encode(HTTPExchange(request, outcome)) else { return }
        let bytes = Array(line) + [0x0A]
        // One write: lines of several threads and processes do not get into each other.
        file.withLock { descriptor in _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } }
    }
}

/// Answers from a recording instead of asking anybody: for tests.
///
/// A request gets the first answer to the same method, path, query and body that nobody has got yet. Where the server was and what
/// headers were sent does not count, and neither do secrets.
public final class HTTPReplay: Sendable {
    private let left: Mutex<[HTTPExchange]>

    /// - Parameter lines: of a recording.
    /// - Throws: what the first line that is none has instead.
    public init(_ lines: [UInt8]) throws {
        left = Mutex(
            try lines.split(separator: 0x0A).map { line in
                try JSONDecoder().decode(HTTPExchange.self, from: Data(line))
            })
    }

    /// What nobody has asked for yet, as `POST /instances`.
    public var unused: [String] { left.withLock { $0.map { "\($0.request.method) \($0.request.target)" } } }

    func answer(to request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        let asked = HTTPExchange.Request(request)
        let found = left.withLock { left -> HTTPExchange? in
            guard let index = left.firstIndex(where: { $0.request.isSame(as: asked) }) else { return nil }
            return left.remove(at: index)
        }
        guard let found else {
            throw HTTPError(
                .badResponse,
                "\(asked.method) \(asked.target): nothing like that is left in the recording; next in it: \(unused.first ?? "nothing")"
            )
        }
        guard let response = found.response else {
            throw HTTPError(.interrupted, found.failure ?? "the recording has no answer")
        }
        return response.response
    }
}
