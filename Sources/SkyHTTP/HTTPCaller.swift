public import SkyCore

/// Makes calls to hosts: no more at once than each of them bears, and again where that is safe.
///
/// Hosts are learnt about by all calls of one caller together, so whoever speaks to one service shares one.
public final class HTTPCaller: Sendable {
    public let client: HTTPClient
    private let limiter: HostLimiter

    /// - Parameter most: calls under way to one host at once, when it does not complain.
    public init(_ client: HTTPClient = HTTPClient(), most: Int = 64) {
        self.client = client
        limiter = HostLimiter(most: most)
    }

    /// Makes the call, and makes it again after trouble that may pass, for as long as `retries` says. Whoever gives more
    /// than one try says with it that the call is safe to repeat.
    ///
    /// - Parameters:
    ///   - host: whose complaints count for this call; any text that stays the same.
    ///   - mayPass: which answers are worth another try.
    ///   - isThrottling: which answers mean that the host wants fewer calls, or later ones.
    ///   - attempt: one try. Gets what is left until the deadline; makes its request anew, as signatures age.
    /// - Returns: the last answer, whatever its status.
    /// - Throws: the last failure, with how often it was tried.
    public func call<Answer: HTTPAnswer>(
        _ host: String, retries: HTTPRetries, mayPass: @Sendable (HTTPResponse) -> Bool = { $0.mayPass },
        isThrottling: @Sendable (HTTPResponse) -> Bool = { $0.isThrottling },
        _ attempt: (_ timeLeft: TimeSpan) async throws(HTTPError) -> Answer
    ) async throws(HTTPError) -> Answer {
        let clock = ContinuousClock()
        let end = clock.now + .milliseconds(retries.deadline.milliseconds)
        var generator = SystemRandomNumberGenerator()
        var count = 0
        while true {
            count += 1
            let isLast = count >= retries.tries
            var asked: TimeSpan?
            var outcome: Result<Answer, HTTPError>
            do throws(HTTPError) {
                try await limiter.enter(host)
                let answer = try await tried(
                    host, timeLeft: TimeSpan(clock.now.duration(to: end)), isThrottling, attempt)
                guard !isLast, mayPass(answer.response) else { return answer }
                asked = answer.response.retryAfter
                outcome = .success(answer)
            } catch {
                guard !isLast, error.mayPass else { throw error.after(count) }
                outcome = .failure(error)
            }
            let pause = retries.pause(after: count, asked: asked, using: &generator)
            guard clock.now + .milliseconds(pause.milliseconds) < end else {
                do throws(HTTPError) { return try outcome.get() } catch { throw error.after(count) }
            }
            do { try await Task.sleep(for: .milliseconds(pause.milliseconds)) } catch {
                throw HTTPError(.cancelled, "\(host): cancelled between two tries")
            }
        }
    }

    private func tried<Answer: HTTPAnswer>(
        _ host: String, timeLeft: TimeSpan, _ isThrottling: (HTTPResponse) -> Bool,
        _ attempt: (TimeSpan) async throws(HTTPError) -> Answer
    ) async throws(HTTPError) -> Answer {
        do throws(HTTPError) {
            let answer = try await attempt(max(timeLeft, TimeSpan(milliseconds: 1)))
            limiter.leave(host, isThrottling(answer.response) ? .throttled(for: answer.response.retryAfter) : .answered)
            return answer
        } catch {
            limiter.leave(host, .failed)
            throw error
        }
    }
}

extension HTTPError {
    fileprivate func after(_ tries: Int) -> HTTPError {
        tries > 1 && kind != .cancelled ? HTTPError(kind, "\(message) (tried \(tries) times)") : self
    }
}
