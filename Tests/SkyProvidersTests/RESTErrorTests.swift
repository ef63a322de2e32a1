import SkyCore
import SkyHTTP
import SkyTestSupport
import Testing

@testable import SkyProviders

/// The tables of errors of clouds that a file describes, through the answers of a server.
@Suite("Errors of clouds that a file describes", .timeLimit(.minutes(2)))
struct RESTErrorTests {
    /// A cloud that gets this answer to everything.
    private func refusal(
        _ kind: RESTUnderTest, _ status: Int, _ body: String, headers: [(String, String)] = []
    ) async throws -> RESTFailure? {
        let server = try LoopbackHTTPServer { request in
            request.target == "/oauth2/token"
                ? [.reply(200, body: #"{"access_token": "t", "expires_in": 60}"#)]
                : [.reply(status, headers: headers, body: body)]
        }
        defer { server.stop() }
        let description = try kind.description()
        let calls = RESTCalls(
            kind.rawValue, description, errors: try ErrorTable.read(kind.rawValue, in: RESTUnderTest.providers),
            base: server.url, environment: kind.environment, caller: HTTPCaller())
        do throws(RESTFailure) {
            _ = try await calls.call(description.list.endpoint, .object([:]), isSafe: false)
            return nil
        } catch { return error }
    }

    @Test("each row of each table is what it says", arguments: RESTUnderTest.allCases)
    func rows(_ kind: RESTUnderTest) async throws {
        for row in try ErrorTable.read(kind.rawValue, in: RESTUnderTest.providers).rows {
            let code = row.code.hasSuffix("*") ? "\(row.code.dropLast())of this kind" : row.code
            let status = Int(code.prefix { $0 != " " })
            let message =
                status == nil ? "words" : code.split(separator: " ", maxSplits: 1).dropFirst().first ?? "words"
            let found = try await refusal(
                kind, status ?? 400, kind.error(code: status == nil ? code : nil, String(message)),
                headers: [("Retry-After", "600")])
            #expect(found?.error.kind == row.kind, "\(code): \(found?.error.message ?? "no error")")
            if let advice = row.advice { #expect(found?.error.message.contains(advice) == true, "\(code)") }
        }
    }

    @Test("an unknown code is passing trouble first, and is shown whole", arguments: RESTUnderTest.allCases)
    func unknown(_ kind: RESTUnderTest) async throws {
        let found = try await refusal(
            kind, 418, kind.error(code: "never-heard-of", "the words of it"), headers: [("X-Request-Id", "r-1")])
        #expect(found?.error.kind == .transient)
        let message = try #require(found?.error.message)
        #expect(message.contains("the words of it") && message.contains("418") && message.contains("r-1"), "\(message)")
        if kind != .runpod { #expect(message.contains("never-heard-of")) }
    }

    @Test("what is no JSON is shown too, and a page of HTML ends nobody", arguments: RESTUnderTest.allCases)
    func page(_ kind: RESTUnderTest) async throws {
        let found = try await refusal(kind, 502, "<html><h1>Bad gateway</h1></html>")
        #expect(found?.error.kind == .transient && found?.mayHaveWorked == true)
        #expect(found?.error.message.contains("Bad gateway") == true)
    }

    @Test(
        "whether a refused call may have worked is known",
        arguments: [(400, false), (429, false), (500, true), (504, true)])
    func mayHaveWorked(_ status: Int, _ mayHave: Bool) async throws {
        let found = try await refusal(.lambda, status, "{}", headers: [("Retry-After", "600")])
        #expect(found?.mayHaveWorked == mayHave)
    }
}

extension RESTUnderTest {
    /// The body of a refusal, as the cloud has it.
    fileprivate func error(code: String?, _ message: String) -> String {
        let code = code.map { "\"\($0)\"" } ?? "null"
        return switch self {
        case .lambda: #"{"error": {"code": \#(code), "message": "\#(message)"}}"#
        case .runpod: #"{"title": "Error", "detail": "\#(message)"}"#
        case .hyperstack: #"{"status": false, "message": "\#(message)", "error_reason": \#(code)}"#
        case .verda: #"{"code": \#(code), "message": "\#(message)"}"#
        }
    }
}
