import FoundationEssentials
import SkyCore
import SkyHTTP

/// Where the token of another cloud or company comes from.
enum SubjectTokenSource: Sendable, Decodable {
    case file(TokenInFile)
    case url(TokenAtURL)
    case executable(TokenOfProgram)
    case aws(TokenOfAWS)

    /// What the token is for: programs that make one are told.
    struct Purpose: Sendable {
        let audience: String
        let tokenType: String
        let email: String?
    }

    private enum CodingKeys: String, CodingKey { case file, url, executable, environment_id, certificate }

    init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        if let environment = try keys.decodeIfPresent(String.self, forKey: .environment_id) {
            guard environment == "aws1" else {
                throw DecodingError.dataCorruptedError(
                    forKey: .environment_id, in: keys, debugDescription: "an environment other than aws1")
            }
            self = .aws(try TokenOfAWS(from: decoder))
        } else if keys.contains(.executable) {
            self = .executable(try keys.decode(TokenOfProgram.self, forKey: .executable))
        } else if keys.contains(.url) {
            self = .url(try TokenAtURL(from: decoder))
        } else {
            self = .file(try TokenInFile(from: decoder))
        }
    }

    func token(for purpose: Purpose, in surroundings: GoogleSurroundings) async throws(CredentialFailure) -> Secret {
        switch self {
        case .file(let file): try file.token(in: surroundings)
        case .url(let url): try await url.token(in: surroundings)
        case .executable(let program): try await program.token(for: purpose, in: surroundings)
        case .aws(let aws): try await aws.token(for: purpose, in: surroundings)
        }
    }
}

/// How a token stands in what a file or a server gives: alone, or in a field of JSON.
struct SubjectTokenFormat: Sendable, Decodable {
    let type: String?
    let subject_token_field_name: String?

    func token(in bytes: [UInt8], of place: String) throws(CredentialFailure) -> Secret {
        guard type == "json" else {
            let text = String(decoding: bytes, as: UTF8.self)
            let words = text.split(whereSeparator: \.isWhitespace)
            guard words.count == 1, let word = words.first else {
                throw CredentialFailure(.refused, "\(place): holds no token, which would be one word")
            }
            return Secret(String(word))
        }
        guard let field = subject_token_field_name else {
            throw CredentialFailure(.refused, "\(place): 'subject_token_field_name' has to say where the token is")
        }
        let fields = try CredentialReader.decode([String: Field].self, from: bytes, place)
        guard let text = fields[field]?.text, !text.isEmpty else {
            throw CredentialFailure(.refused, "\(place): has no text in the field '\(field)'")
        }
        return Secret(text)
    }

    /// Anything, of which only a text is of interest.
    private struct Field: Decodable {
        let text: String?
        init(from decoder: any Decoder) throws {
            text = try? decoder.singleValueContainer().decode(String.self)
        }
    }
}

struct TokenInFile: Sendable, Decodable {
    let file: String
    let format: SubjectTokenFormat?

    func token(in surroundings: GoogleSurroundings) throws(CredentialFailure) -> Secret {
        let path = surroundings.path(file)
        guard let bytes = try surroundings.read(path) else {
            throw CredentialFailure(.missing, "\(path), which 'credential_source' names, is not there")
        }
        return try (format ?? .plain).token(in: bytes, of: path)
    }
}

struct TokenAtURL: Sendable, Decodable {
    let url: String
    let headers: [String: Secret]?
    let format: SubjectTokenFormat?

    func token(in surroundings: GoogleSurroundings) async throws(CredentialFailure) -> Secret {
        var fields = HTTPHeaders()
        for (name, value) in (headers ?? [:]).sorted(by: { $0.key < $1.key }) { fields.add(name, value.reveal()) }
        let exchange = TokenExchange(url: url, surroundings: surroundings)
        let body = try await exchange.ask(
            HTTPRequest(.get, url, headers: fields), tries: 3, each: .seconds(10),
            secrets: headers.map { Array($0.values) } ?? [])
        return try (format ?? .plain).token(in: body, of: "the answer of \(url.prefix { $0 != "?" })")
    }
}

extension SubjectTokenFormat {
    static let plain = SubjectTokenFormat(type: nil, subject_token_field_name: nil)
}
