import SkyCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a plug-in has given: who we are to the cluster until a certain moment.
struct ExecCredential: Hashable, Sendable {
    var token: Secret?
    /// PEM.
    var certificate: String?
    /// PEM.
    var key: Secret?
    /// Nil for as long as nobody complains.
    var expires: Instant?

    private struct Answer: Decodable {
        struct Status: Decodable {
            var token: String?
            var clientCertificateData: String?
            var clientKeyData: String?
            var expirationTimestamp: String?
        }

        var apiVersion: String
        var kind: String
        var status: Status?
    }

    /// - Throws: what is wrong with what the plug-in printed, and nothing of what it printed.
    init(_ bytes: [UInt8], version: String) throws(Problem) {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(bytes)), answer.kind == "ExecCredential"
        else { throw Problem(words: "what it prints is no ExecCredential") }
        guard answer.apiVersion == version else {
            throw Problem(words: "it answers with \(answer.apiVersion), and was asked for \(version)")
        }
        guard let status = answer.status, status.token != nil || status.clientCertificateData != nil else {
            throw Problem(words: "it gives neither a token nor a certificate")
        }
        token = status.token.map { Secret($0) }
        certificate = status.clientCertificateData
        key = status.clientKeyData.map { Secret($0) }
        expires = status.expirationTimestamp.flatMap { Instant(iso8601: $0) }
    }

    struct Problem: Error, Hashable {
        let words: String
    }
}
