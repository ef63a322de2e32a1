import SkyAWS
import SkyCore
import SkyHTTP
import Testing

@Suite("Answers in XML")
struct XMLTests {
    private func parse(_ text: String) throws -> XMLElement { try XMLElement(parsing: Array(text.utf8)) }

    @Test("elements, text, references, CDATA, comments, attributes and prefixes")
    func everything() throws {
        let root = try parse(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- a > b -->
            <ns:List xmlns:ns="http://x/" a='>' b="/>">
              <Key>a&amp;b &lt;&#228;&#xE4;&gt;</Key><Key/><Key ><![CDATA[<raw>&amp;]]></Key><!-- no --><n:Size>12</n:Size>
            </ns:List>

            """)
        #expect(root.name == "List")
        #expect(root.all("Key").map(\.text) == ["a&b <ää>", "", "<raw>&amp;"])
        #expect(root.text("Size") == "12")
        #expect(root.first("None") == nil)
    }

    @Test(
        "what is not well formed is refused",
        arguments: [
            "", "text", "<a>", "<a></b>", "<a><b></a></b>", "<a>&none;</a>", "<a>& b</a>", "<a></a><b/>",
            "<a b=\"></a>",
            "<", "<a", "<a>&#xFFFFFFFF;</a>", "<a><![CDATA[</a>", "<!-- <a/>", "</a>", "<a></a", "< a/>",
        ])
    func malformed(text: String) {
        #expect(throws: XMLElement.Malformed.self) { try parse(text) }
    }

    @Test("nesting has an end")
    func nesting() {
        #expect(throws: XMLElement.Malformed.self) { try parse(String(repeating: "<a>", count: 100_000)) }
    }

    @Test("no bytes whatever are a trap")
    func anyBytes() throws {
        var random = SystemRandomNumberGenerator()
        let seed = Array("<a b=\"c\"><d>&amp;x</d><![CDATA[y]]><!-- z --></a>".utf8)
        for _ in 0..<3000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            _ = try? XMLElement(parsing: bytes)
        }
    }

    @Test(
        "a refusal is told in the service's words",
        arguments: [
            (
                "<Error><Code>NoSuchKey</Code><Message>gone</Message><RequestId>7</RequestId></Error>",
                "GET x: NoSuchKey (HTTP 404), gone, request 7"
            ),
            (
                "<Response><Errors><Error><Code>A</Code><Message>b</Message></Error></Errors><RequestID>8</RequestID></Response>",
                "GET x: A (HTTP 404), b, request 8"
            ),
            ("<html><body>Not found</body></html>", "GET x: HTTP 404"), ("", "GET x: HTTP 404"),
        ])
    func refusal(body: String, expected: String) {
        let error = AWSError("GET x", HTTPResponse(status: 404, body: Array(body.utf8)))
        #expect(error.message == expected)
        #expect(error.kind == .refused && error.status == 404)
    }

    @Test("moments as services write them")
    func moments() {
        #expect(Instant(iso8601: "1970-01-01T00:00:00Z")?.millisecondsSince1970 == 0)
        #expect(Instant(iso8601: "2000-02-29T12:34:56.789Z")?.millisecondsSince1970 == 951_827_696_000)
        #expect(Instant(iso8601: "2026-11-29T09:41:28Z")?.millisecondsSince1970 == 1_795_945_288_000)
        for text in ["", "2026", "2026-13-01T00:00:00Z", "yesterday, at noon or so"] {
            #expect(Instant(iso8601: text) == nil)
        }
    }
}
