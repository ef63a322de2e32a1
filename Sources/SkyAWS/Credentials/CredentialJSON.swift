import FoundationEssentials
import SkyCore

/// The forms in which programs and servers give credentials.
enum CredentialJSON {
    /// What a `credential_process` prints.
    static func process(_ bytes: [UInt8], source: String) throws(AWSError) -> AWSCredentials {
        struct Output: Decodable {
            let Version: Int
            let AccessKeyId: String
            let SecretAccessKey: String
            let SessionToken: String?
            let Expiration: String?
        }
        let output = try read(Output.self, from: bytes, source: source)
        guard output.Version == 1 else {
            throw AWSError(.credentials, "\(source): its answer has Version \(output.Version), and 1 is what is known")
        }
        return AWSCredentials(
            accessKeyID: output.AccessKeyId, secretAccessKey: Secret(output.SecretAccessKey),
            sessionToken: output.SessionToken.map { Secret($0) },
            expires: output.Expiration.flatMap { Instant(iso8601: $0) })
    }

    /// What a container's and a machine's metadata servers answer.
    static func metadata(_ bytes: [UInt8], source: String) throws(AWSError) -> AWSCredentials {
        struct Answer: Decodable {
            let AccessKeyId: String
            let SecretAccessKey: String
            let Token: String?
            let Expiration: String?
        }
        let answer = try read(Answer.self, from: bytes, source: source)
        return AWSCredentials(
            accessKeyID: answer.AccessKeyId, secretAccessKey: Secret(answer.SecretAccessKey),
            sessionToken: answer.Token.map { Secret($0) },
            expires: answer.Expiration.flatMap { Instant(iso8601: $0) })
    }

    /// What the portal of single sign-on answers; its end is in milliseconds since 1970.
    static func singleSignOn(_ bytes: [UInt8], source: String) throws(AWSError) -> AWSCredentials {
        struct Answer: Decodable {
            struct Role: Decodable {
                let accessKeyId: String
                let secretAccessKey: String
                let sessionToken: String
                let expiration: Int64
            }
            let roleCredentials: Role
        }
        let role = try read(Answer.self, from: bytes, source: source).roleCredentials
        return AWSCredentials(
            accessKeyID: role.accessKeyId, secretAccessKey: Secret(role.secretAccessKey),
            sessionToken: Secret(role.sessionToken), expires: Instant(millisecondsSince1970: role.expiration))
    }

    /// What `aws sso login` leaves behind.
    struct LoginToken: Decodable {
        let accessToken: String
        let expiresAt: String
    }

    /// The error says nothing of the content, which holds secrets.
    static func read<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8], source: String
    ) throws(AWSError) -> Value {
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw AWSError(.credentials, "\(source): what it gives is not the JSON that was expected")
        }
    }
}
