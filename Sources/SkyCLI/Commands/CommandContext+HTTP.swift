import SkyGoogle
import SkyHTTP

extension CommandContext {
    /// For speaking to clouds. `SKY_HTTP_RECORD` names a folder where all that is said is written down, without secrets.
    ///
    /// - Parameter most: calls under way to one host at once, when it does not complain.
    /// - Throws: `CommandFailure` when the folder cannot be written to.
    func caller(most: Int = 64) throws -> HTTPCaller {
        guard let folder = environment["SKY_HTTP_RECORD"], !folder.isEmpty else { return HTTPCaller(most: most) }
        do throws(HTTPError) {
            return HTTPCaller(HTTPClient(recorder: try HTTPRecorder(folder: folder)), most: most)
        } catch {
            throw CommandFailure(
                .wrongRequest, "SKY_HTTP_RECORD: \(error.message)", hints: ["unset SKY_HTTP_RECORD"])
        }
    }

    /// Whoever this person is to Google.
    func googleTokens(_ caller: HTTPCaller) -> GoogleTokenSource {
        GoogleTokenSource(googleSurroundings(caller))
    }

    func googleSurroundings(_ caller: HTTPCaller) -> GoogleSurroundings {
        GoogleSurroundings(environment: environment, caller: caller, tokenFolder: tokenFolder, now: now)
    }

    /// Where tokens are kept until they end; nil without a home.
    var tokenFolder: String? { (try? paths().cache).map { "\($0)/tokens" } }
}
