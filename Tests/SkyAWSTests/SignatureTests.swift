import SkyCore
import SkyHTTP
import Testing

@testable import SkyAWS

/// Of AWS's published test suite for Signature 4. Its request lines are what is on the wire, not encoded yet.
struct PublishedVector: Sendable, CustomTestStringConvertible {
    let name: String
    var method = HTTPRequest.Method.get
    var path = "/"
    var query: [AWSRequest.Parameter] = []
    var headers: [(String, String)] = []
    var body = ""
    let signature: String

    var testDescription: String { name }
}

private let sessionToken =
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8Y"
    + "UuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8Y"
    + "QcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICC"
    + "R/oLxBA=="

private let vectors: [PublishedVector] = [
    .init(name: "get-vanilla", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    .init(
        name: "get-vanilla-query-order-key-case", query: [.init("Param2", "value2"), .init("Param1", "value1")],
        signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    .init(
        name: "get-vanilla-query-order-value", query: [.init("Param1", "value2"), .init("Param1", "value1")],
        signature: "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"),
    .init(
        name: "get-vanilla-utf8-query", query: [.init("ሴ", "bar")],
        signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
    .init(
        name: "get-utf8", path: "/ሴ",
        signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    .init(
        name: "get-unreserved", path: "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
    .init(
        name: "get-space", path: "/example space/",
        signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
    .init(
        name: "get-relative-relative", path: "/example1/example2/../..",
        signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    .init(
        name: "get-slashes", path: "//example//",
        signature: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
    .init(
        name: "get-header-key-duplicate",
        headers: [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
        signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
    .init(
        name: "get-header-value-trim", headers: [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
        signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
    .init(
        name: "post-header-value-case", method: .post, headers: [("My-Header1", "VALUE1")],
        signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
    .init(
        name: "post-x-www-form-urlencoded", method: .post,
        headers: [("Content-Type", "application/x-www-form-urlencoded")], body: "Param1=value1",
        signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
    .init(
        name: "post-sts-header-before", method: .post, headers: [("X-Amz-Security-Token", sessionToken)],
        signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
]

@Suite("Signature 4")
struct SignatureTests {
    let signer = SignatureV4(
        AWSCredentials(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")),
        region: "us-east-1", service: "service")
    /// 2015-08-30 12:36:00
    let moment = Instant(millisecondsSince1970: 1_440_938_160_000)

    @Test("the published test suite's signatures come out", arguments: vectors)
    func published(vector: PublishedVector) {
        var headers: HTTPHeaders = ["Host": "example.amazonaws.com", "X-Amz-Date": "20150830T123600Z"]
        for (name, value) in vector.headers { headers.add(name, value) }
        let canonical = CanonicalRequest(
            method: vector.method,
            path: PercentEncoding.encode(CanonicalRequest.resolved(vector.path), keepingSlashes: true),
            query: CanonicalRequest.query(vector.query), headers: headers,
            payload: String(hexOf: SHA256.hash(Array(vector.body.utf8))))
        #expect(signer.signature(of: canonical, SignatureTime(moment)) == vector.signature)
    }

    @Test("a signed request carries date, host and token, and signs what it carries")
    func wholeRequest() {
        let signer = SignatureV4(
            AWSCredentials(
                accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                sessionToken: Secret(sessionToken)), region: "us-east-1", service: "service")
        let signed = signer.sign(AWSRequest(.post, origin: "https://example.amazonaws.com:443", path: "/"), at: moment)
        #expect(signed.url == "https://example.amazonaws.com:443/")
        #expect(signed.headers["Host"] == "example.amazonaws.com")
        #expect(signed.headers["X-Amz-Security-Token"] == sessionToken)
        #expect(
            signed.headers["Authorization"]
                == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + "SignedHeaders=host;x-amz-date;x-amz-security-token, "
                + "Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead")
    }

    @Test("headers are signed in the order of their names, though one is another's beginning")
    func headerOrder() {
        let canonical = CanonicalRequest(
            method: .get, path: "/", query: "", headers: ["x-amz-meta-10": "b", "x-amz-meta-1": "a", "Expect": ""],
            payload: "")
        #expect(canonical.signedHeaders == "x-amz-meta-1;x-amz-meta-10")
    }

    @Test(
        "dates are right at the edges of the calendar",
        arguments: [
            (0, "19700101T000000Z"), (951_782_400_000, "20000229T000000Z"), (4_107_542_399_000, "21000228T235959Z"),
            (4_107_542_400_000, "21000301T000000Z"), (-1000, "19691231T235959Z"),
        ])
    func dates(milliseconds: Int64, expected: String) {
        #expect(SignatureTime(Instant(millisecondsSince1970: milliseconds)).full == expected)
    }

    @Test("nothing that prints credentials prints a secret")
    func secrets() {
        let credentials = AWSCredentials(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret("hunter2"), sessionToken: Secret("hunter3"))
        var dumped = ""
        dump(credentials, to: &dumped)
        dump(SignatureV4(credentials, region: "r", service: "s"), to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), "\(credentials.secretAccessKey)", dumped] {
            #expect(!text.contains("hunter"))
        }
        #expect("\(credentials.secretAccessKey)" == "(secret)")
    }
}

/// The worked examples of the S3 API's documentation ("Signature Calculations for the Authorization Header").
@Suite("Signature 4 of S3")
struct S3SignatureTests {
    let signer = SignatureV4(
        AWSCredentials(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")),
        region: "us-east-1", service: "s3")
    /// 2013-05-24
    let moment = Instant(millisecondsSince1970: 1_369_353_600_000)
    let origin = "https://examplebucket.s3.amazonaws.com"

    private func signature(_ request: AWSRequest) -> Substring? {
        signer.sign(request, at: moment).headers["Authorization"]?.split(separator: "Signature=").last
    }

    @Test("a range of an object")
    func get() {
        let request = AWSRequest(.get, origin: origin, path: "/test.txt", headers: ["Range": "bytes=0-9"])
        #expect(signature(request) == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test("an object with a body, and a key that needs encoding")
    func put() {
        let request = AWSRequest(
            .put, origin: origin, path: "/test$file.text",
            headers: ["Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"],
            payload: .bytes(Array("Welcome to Amazon S3.".utf8)))
        #expect(signature(request) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
        #expect(signer.sign(request, at: moment).url == "\(origin)/test%24file.text")
    }

    @Test("a parameter without a value, and some with")
    func query() {
        let lifecycle = AWSRequest(.get, origin: origin, path: "/", query: [.init("lifecycle")])
        #expect(signature(lifecycle) == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
        let list = AWSRequest(.get, origin: origin, path: "/", query: [.init("prefix", "J"), .init("max-keys", "2")])
        #expect(signature(list) == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test("a URL for anybody")
    func presigned() {
        let url = signer.presign(
            AWSRequest(.get, origin: origin, path: "/test.txt"), at: moment, for: .seconds(86_400))
        #expect(url.hasPrefix("\(origin)/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7"))
        #expect(url.hasSuffix("&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"))
    }

    @Test("a key is sent as it stands: slashes, dots and percent signs too")
    func awkwardKeys() {
        let request = AWSRequest(.get, origin: origin, path: "/a//b/../c%2F +.txt", payload: .unsigned)
        let signed = signer.sign(request, at: moment)
        #expect(signed.url == "\(origin)/a//b/../c%252F%20%2B.txt")
        #expect(signed.headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD")
    }
}
