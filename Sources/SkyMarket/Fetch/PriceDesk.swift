import FoundationEssentials
public import SkyCore
public import SkyHTTP
import SkyProcess

/// What reading prices touches of the world outside, handed in so that tests can hand in something else.
public struct PriceDesk: Sendable {
    /// What has been read so far, told as it goes. Called on any thread; must return at once.
    public typealias Progress = @Sendable (_ provider: String, _ bytes: Int64, _ step: String) -> Void
    /// Headers by which Google knows who asks.
    public typealias GoogleAccess = @Sendable () async throws(CredentialFailure) -> HTTPHeaders

    let environment: [String: String]
    let caller: HTTPCaller
    let now: @Sendable () -> Instant
    /// The folder of refreshed prices.
    let folder: String
    let google: GoogleAccess?
    let progress: Progress
    /// Of the provider that is being read.
    var provider = ""

    static let retries = HTTPRetries(tries: 6, deadline: .seconds(600))

    /// - Parameters:
    ///   - folder: of refreshed prices; made when there is something to put there.
    ///   - google: asked when there is no API key.
    public init(
        folder: String, environment: [String: String], caller: HTTPCaller = HTTPCaller(most: 8),
        google: GoogleAccess? = nil, now: @escaping @Sendable () -> Instant,
        progress: @escaping Progress = { _, _, _ in }
    ) {
        self.folder = folder
        self.environment = environment
        self.caller = caller
        self.google = google
        self.now = now
        self.progress = progress
    }

    /// Nil for an empty one too.
    func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// A source's address without a slash at its end: `SKY_PRICES_AZURE`, or the usual one.
    func origin(_ name: String, _ usual: String) -> String {
        var address = variable("SKY_PRICES_\(name)") ?? usual
        while address.hasSuffix("/") { address.removeLast() }
        return address
    }

    var today: CalendarDay { CalendarDay(number: Int(now().millisecondsSince1970 / 86_400_000)) }

    /// Asks until there is an answer that is no passing trouble.
    ///
    /// - Throws: `.noAnswer` for anything but a success, or 304 where that is what was asked for.
    func ask(_ request: HTTPRequest, _ step: String) async throws(FeedFailure) -> HTTPResponse {
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await caller.call(Self.host(of: request.url), retries: Self.retries) {
                (left) throws(HTTPError) in
                var request = request
                request.timeout = min(left, .seconds(120))
                return try await caller.client.send(request)
            }
        } catch {
            throw FeedFailure(error.kind == .cancelled ? .cancelled : .noAnswer, error.message)
        }
        guard response.isSuccess || response.status == 304 else { throw Self.refusal(of: request, response) }
        progress(provider, Int64(response.body.count), step)
        return response
    }

    /// Asks for JSON of a form.
    func decoded<Answer: Decodable>(
        _ type: Answer.Type, _ request: HTTPRequest, _ step: String
    ) async throws(FeedFailure) -> Answer {
        let response = try await ask(request, step)
        return try Self.decode(type, response.body, request.url)
    }

    static func decode<Answer: Decodable>(
        _ type: Answer.Type, _ bytes: [UInt8], _ url: String
    ) throws(FeedFailure) -> Answer {
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw FeedFailure(
                .badAnswer, "\(shown(url)): the answer is not the JSON that was expected\(place(of: error))")
        }
    }

    /// Which field it was.
    private static func place(of error: any Error) -> String {
        guard let error = error as? DecodingError else { return "" }
        let context: DecodingError.Context
        switch error {
        case .keyNotFound(let key, let found): return " (no '\(key.stringValue)' in \(path(found)))"
        case .typeMismatch(_, let found), .valueNotFound(_, let found), .dataCorrupted(let found): context = found
        @unknown default: return ""
        }
        return " (\(path(context)))"
    }

    private static func path(_ context: DecodingError.Context) -> String {
        let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        return path.isEmpty ? "the answer itself" : path
    }

    static func refusal(of request: HTTPRequest, _ response: HTTPResponse) -> FeedFailure {
        let said = response.text.prefix(200).split(whereSeparator: \.isNewline).joined(separator: " ")
        let kind: FeedFailure.Kind = [401, 403].contains(response.status) ? .credentials : .noAnswer
        return FeedFailure(kind, "\(shown(request.url)): HTTP \(response.status)\(said.isEmpty ? "" : ", \(said)")")
    }

    /// Without the query, which may have a key in it.
    static func shown(_ url: String) -> String { String(url.prefix { $0 != "?" }) }

    static func host(of url: String) -> String {
        let rest = url.split(separator: "://", maxSplits: 1).last ?? ""
        return String(rest.prefix { $0 != "/" && $0 != "?" })
    }
}

/// Works on all items, so many at once, and gives the results in the items' order.
func sideBySide<Item: Sendable, Value: Sendable>(
    _ items: [Item], width: Int, _ work: @escaping @Sendable (Item) async -> Value
) async -> [Value] {
    await withTaskGroup(of: (Int, Value).self) { group in
        var results = [Value?](repeating: nil, count: items.count)
        var next = 0
        func begin() {
            guard next < items.count else { return }
            let (index, item) = (next, items[next])
            next += 1
            group.addTask { (index, await work(item)) }
        }
        for _ in 0..<max(width, 1) { begin() }
        for await (index, value) in group {
            results[index] = value
            begin()
        }
        return results.compactMap { $0 }
    }
}
