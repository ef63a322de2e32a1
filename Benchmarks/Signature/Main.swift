import Foundation
import SkyAWS
import SkyCore
import SkyHTTP

/// Signs the requests that come in, one JSON object per line, and writes URL and headers of each the same way.
/// Benchmarks/signature_check.py makes the requests and knows the right answers.
@main
struct Signatures {
    struct Question: Decodable {
        let method: String
        let origin: String
        let path: String
        let query: [[String]]
        let headers: [[String]]
        let body: String
        let isUnsigned: Bool
        let region: String
        let service: String
        let accessKeyID: String
        let secretAccessKey: String
        let sessionToken: String?
        let seconds: Int64
        /// Seconds that a presigned URL lives; nil to sign in the headers.
        let lifetime: Int64?
    }

    struct Answer: Encodable {
        let url: String
        let headers: [[String]]
    }

    static func main() throws {
        let decoder = JSONDecoder()
        let encoder = JSONEncoder()
        while let line = readLine() {
            let answer = answer(try decoder.decode(Question.self, from: Data(line.utf8)))
            print(String(decoding: try encoder.encode(answer), as: UTF8.self))
        }
    }

    private static func answer(_ question: Question) -> Answer {
        let credentials = AWSCredentials(
            accessKeyID: question.accessKeyID, secretAccessKey: Secret(question.secretAccessKey),
            sessionToken: question.sessionToken.map { Secret($0) })
        let request = AWSRequest(
            HTTPRequest.Method(rawValue: question.method) ?? .get, origin: question.origin, path: question.path,
            query: question.query.map { AWSRequest.Parameter($0[0], $0[1]) },
            headers: HTTPHeaders(question.headers.map { HTTPHeaders.Field(name: $0[0], value: $0[1]) }),
            payload: question.isUnsigned ? .unsigned : .bytes(Array(question.body.utf8)))
        let signer = SignatureV4(credentials, region: question.region, service: question.service)
        let moment = Instant(millisecondsSince1970: question.seconds * 1000)
        if let lifetime = question.lifetime {
            return Answer(url: signer.presign(request, at: moment, for: .seconds(lifetime)), headers: [])
        }
        let signed = signer.sign(request, at: moment)
        return Answer(url: signed.url, headers: signed.headers.fields.map { [$0.name, $0.value] })
    }
}
