public import SkyCore

/// Sends HTTP requests through the system's libcurl. All transfers of a client share one thread, which starts with
/// the first request, and keep connections open for one another.
public final class HTTPClient: Sendable {
    private let loop = TransferLoop()
    private let recorder: HTTPRecorder?
    private let replay: HTTPReplay?

    /// - Parameter recorder: writes down what is asked and answered; nil for nothing.
    public init(recorder: HTTPRecorder? = nil) {
        self.recorder = recorder
        replay = nil
    }

    /// Asks nobody: all answers are from a recording. For tests.
    public init(replaying replay: HTTPReplay) {
        recorder = nil
        self.replay = replay
    }

    deinit { loop.stop() }

    /// - Throws: when there is no answer, and `.cancelled` within milliseconds of the task being cancelled.
    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        if let replay { return try replay.answer(to: request) }
        do throws(HTTPError) {
            let response = try await perform(request, into: .memory(limit: request.bodyLimit.bytes)).response
            recorder?.write(request, .success(response))
            return response
        } catch {
            recorder?.write(request, .failure(error))
            throw error
        }
    }

    /// Streams a successful answer into the file at `path`.
    ///
    /// With an `offset`, the file's first `offset` bytes are taken as received and only the rest is asked for; a server
    /// that sends everything anyway is taken at its word. `validator`, the entity tag that came with the beginning,
    /// makes it send everything when the resource has changed since.
    ///
    /// - Parameter progress: called on the client's own thread after every piece; must return at once.
    /// - Throws: also `.file`; after `.interrupted`, `.timeout` and `.cancelled` the file's size is where to go on.
    public func download(
        _ request: HTTPRequest, to path: String, from offset: DataSize = .zero, validator: String? = nil,
        progress: @escaping @Sendable (HTTPProgress) -> Void = { _ in }
    ) async throws(HTTPError) -> HTTPDownload {
        var ranged = request
        if offset > .zero {
            ranged.headers["Range"] = "bytes=\(offset.bytes)-"
            if let validator { ranged.headers["If-Range"] = validator }
        }
        let sink = Order.Destination.file(path: path, offset: offset.bytes, progress: progress)
        let outcome = try await perform(ranged, into: sink)
        return HTTPDownload(
            response: outcome.response, resumedAt: DataSize(bytes: outcome.resumedAt),
            size: DataSize(bytes: outcome.size))
    }

    /// Streams part of a resource into its place in the file at `path`, which must be there: bytes `part` of the one
    /// become bytes `part` of the other. Any number of parts may be under way.
    ///
    /// - Returns: the answer; of a success its body is in the file, and is just as long as asked for.
    /// - Throws: also `.file`, and `.badResponse` when the server sends something else than the part.
    public func fetch(
        _ request: HTTPRequest, part: Range<Int64>, into path: String
    ) async throws(HTTPError) -> HTTPResponse {
        var ranged = request
        ranged.headers["Range"] = "bytes=\(part.lowerBound)-\(part.upperBound - 1)"
        return try await perform(ranged, into: .part(path: path, part: part)).response
    }

    private func perform(
        _ request: HTTPRequest, into destination: Order.Destination
    ) async throws(HTTPError) -> Outcome {
        let target = try RequestTarget(request)
        for field in request.headers.fields where !field.isSendable {
            throw HTTPError(
                .invalidRequest,
                "\(request.method.rawValue) \(target.shown): the header '\(field.name.prefix(40))' cannot be sent; "
                    + "names are letters, digits and dashes, values one line")
        }
        let id = loop.nextID()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.start(
                    Order(
                        id: id, request: request, target: target, destination: destination,
                        continuation: continuation))
            }
        } onCancel: {
            loop.cancel(id)
        }
        return try result.get()
    }
}

/// One request on its way to the loop.
struct Order: Sendable {
    enum Destination: Sendable {
        case memory(limit: Int64)
        case file(path: String, offset: Int64, progress: @Sendable (HTTPProgress) -> Void)
        case part(path: String, part: Range<Int64>)
    }

    let id: UInt64
    let request: HTTPRequest
    let target: RequestTarget
    let destination: Destination
    let continuation: CheckedContinuation<Result<Outcome, HTTPError>, Never>

    func refuse(_ kind: HTTPError.Kind, _ reason: String) {
        let asked = "\(request.method.rawValue) \(target.shown)"
        continuation.resume(returning: .failure(HTTPError(kind, "\(asked): \(reason)")))
    }
}

struct Outcome: Sendable {
    let response: HTTPResponse
    let resumedAt: Int64
    let size: Int64
}
