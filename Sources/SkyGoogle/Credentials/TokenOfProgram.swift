import Glibc
import SkyCore
import SkyHTTP
import SkyProcess

/// A program of the user's own that prints a token of theirs. It runs only where that has been allowed.
struct TokenOfProgram: Sendable, Decodable {
    /// Its arguments may be secrets.
    let command: Secret
    let timeout_millis: Int64?
    let output_file: String?

    private static let permission = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"

    func token(
        for purpose: SubjectTokenSource.Purpose, in surroundings: GoogleSurroundings
    ) async throws(CredentialFailure) -> Secret {
        guard surroundings.variable(Self.permission) == "1" else {
            throw CredentialFailure(
                .refused,
                "the credentials come from a program, which runs only where that is allowed: export \(Self.permission)=1"
            )
        }
        if let kept = try kept(in: surroundings) { return kept }
        let output = try await run(for: purpose, in: surroundings)
        let answer = try CredentialReader.decode(Answer.self, from: output, "what \(name) printed")
        if output_file != nil, answer.success, answer.expiration_time == nil {
            throw CredentialFailure(.refused, "what \(name) printed: has an 'output_file' and no 'expiration_time'")
        }
        return try answer.token(name, at: surroundings.now())
    }

    /// What it left the last time, while that lasts.
    private func kept(in surroundings: GoogleSurroundings) throws(CredentialFailure) -> Secret? {
        guard let output_file, let bytes = try surroundings.read(surroundings.path(output_file)), !bytes.isEmpty else {
            return nil
        }
        let answer = try CredentialReader.decode(Answer.self, from: bytes, output_file)
        guard answer.success, let end = answer.expiration_time else { return nil }
        let isFresh = surroundings.now() + .seconds(60) < Instant(millisecondsSince1970: end * 1000)
        return isFresh ? try answer.token(name, at: surroundings.now()) : nil
    }

    private var words: [String] { command.reveal().split(separator: " ").map { String($0) } }

    /// Of the program, for people.
    private var name: String { words.first ?? "the program" }

    private func run(
        for purpose: SubjectTokenSource.Purpose, in surroundings: GoogleSurroundings
    ) async throws(CredentialFailure) -> [UInt8] {
        var environment = surroundings.environment
        environment["GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE"] = purpose.audience
        environment["GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE"] = purpose.tokenType
        environment["GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE"] = "0"
        environment["GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL"] = purpose.email
        environment["GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE"] = output_file
        let limit = min(max(timeout_millis ?? 30_000, 1000), 120_000)
        do {
            let outcome = try await ProgramOutput.of(
                words.first ?? "", Array(words.dropFirst()), environment: environment, limit: .milliseconds(limit))
            if outcome.isLate {
                throw CredentialFailure(.noAnswer, "\(name) did not end within \(limit / 1000) s")
            }
            // Its message explains more than its status, where it has one.
            guard outcome.end.shellCode == 0 || !outcome.bytes.isEmpty else {
                throw CredentialFailure(
                    .refused, "\(name) ended with status \(outcome.end.shellCode): run it by hand to see why")
            }
            return outcome.bytes
        } catch let error as CredentialFailure {
            throw error
        } catch {
            throw CredentialFailure(.refused, "\(name) cannot be started: \(error)")
        }
    }

    private struct Answer: Decodable {
        let version: Int
        let success: Bool
        let token_type: String?
        let id_token: Secret?
        let saml_response: Secret?
        let expiration_time: Int64?
        let code: String?
        let message: String?

        func token(_ name: String, at now: Instant) throws(CredentialFailure) -> Secret {
            guard version == 1 else {
                throw CredentialFailure(.refused, "what \(name) printed has version \(version), and 1 is what is known")
            }
            guard success else {
                throw CredentialFailure(.refused, "\(name): \(code ?? "no code"), \(message ?? "no message")")
            }
            if let end = expiration_time, Instant(millisecondsSince1970: end * 1000) < now {
                throw CredentialFailure(.refused, "what \(name) printed has ended already")
            }
            let isSAML = token_type == "urn:ietf:params:oauth:token-type:saml2"
            guard let token = isSAML ? saml_response : id_token else {
                throw CredentialFailure(
                    .refused, "what \(name) printed: '\(isSAML ? "saml_response" : "id_token")' is missing")
            }
            return token
        }
    }
}
