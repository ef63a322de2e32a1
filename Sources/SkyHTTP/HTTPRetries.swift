public import SkyCore

/// How long a call that is safe to repeat is tried, and how long the pauses are.
///
/// A pause is drawn evenly from nothing up to a bound that doubles each time (full jitter): clients that failed together
/// do not come back together.
public struct HTTPRetries: Hashable, Sendable {
    /// The first included.
    public var tries: Int
    /// The bound of the first pause.
    public var firstPause: TimeSpan
    public var longestPause: TimeSpan
    /// Over all tries and pauses. No try begins after it; each is told what is left, for its own time limit.
    public var deadline: TimeSpan

    public init(
        tries: Int = 8, firstPause: TimeSpan = TimeSpan(milliseconds: 200), longestPause: TimeSpan = .seconds(20),
        deadline: TimeSpan = .seconds(300)
    ) {
        self.tries = tries
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.deadline = deadline
    }

    /// For a call that must not be made twice.
    public static func never(deadline: TimeSpan) -> HTTPRetries { HTTPRetries(tries: 1, deadline: deadline) }

    /// - Parameters:
    ///   - attempt: 1 for the pause after the first try.
    ///   - asked: what the server said in `Retry-After`: the pause is at least that, and jitter comes on top.
    func pause(
        after attempt: Int, asked: TimeSpan? = nil, using generator: inout some RandomNumberGenerator
    ) -> TimeSpan {
        let doublings = min(max(attempt - 1, 0), 30)
        let bound = min(longestPause.milliseconds, firstPause.milliseconds << doublings)
        return (asked ?? .zero) + TimeSpan(milliseconds: Int64.random(in: 0...max(bound, 0), using: &generator))
    }
}

/// What a call gives when somebody answered.
public protocol HTTPAnswer: Sendable {
    var response: HTTPResponse { get }
}

extension HTTPResponse: HTTPAnswer {
    public var response: HTTPResponse { self }
}

extension HTTPResponse {
    /// The server wants fewer requests, or later ones.
    public var isThrottling: Bool { status == 429 || status == 503 }

    /// The same request may well be answered otherwise a moment later.
    public var mayPass: Bool { [408, 425, 429, 500, 502, 503, 504].contains(status) }

    /// Of `Retry-After`, in its form of whole seconds.
    var retryAfter: TimeSpan? {
        headers["Retry-After"].flatMap { Int64($0) }.map { .seconds(min(max($0, 0), 86_400)) }
    }

    /// What the server calls this request: its people can find it by that.
    public var requestID: String? {
        ["x-amz-request-id", "x-amzn-requestid", "x-request-id"].lazy.compactMap { headers[$0] }.first
    }
}

extension HTTPError {
    /// Trouble on the way, and none with the request.
    var mayPass: Bool {
        switch kind {
        case .couldNotConnect, .timeout, .interrupted: true
        default: false
        }
    }
}
