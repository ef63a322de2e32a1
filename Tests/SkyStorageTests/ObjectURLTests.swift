import Testing

@testable import SkyStorage

@Suite("Places in object stores")
struct ObjectURLTests {
    @Test(
        "are read and written alike",
        arguments: [
            ("s3://bucket/a/b", ObjectURL(.s3, bucket: "bucket", key: "a/b")),
            ("gs://my.domain.org/a", ObjectURL(.gs, bucket: "my.domain.org", key: "a")),
            ("az://account/container/a/b", ObjectURL(.az, bucket: "account/container", key: "a/b")),
            ("https://host:8443/a/b?c=d", ObjectURL(.https, bucket: "host:8443", key: "a/b?c=d")),
        ])
    func read(text: String, url: ObjectURL) {
        #expect(ObjectURL(text) == url)
        #expect(url.description == text.replacing("c=d", with: "…"))
    }

    @Test("of Azure may be its addresses")
    func azure() {
        let url = ObjectURL("https://account.blob.core.windows.net/container/a")
        #expect(url == ObjectURL(.az, bucket: "account/container", key: "a"))
        // Who brings a permission along means just that address.
        #expect(ObjectURL("https://account.blob.core.windows.net/container/a?sig=x")?.scheme == .https)
    }

    @Test(
        "are refused where there can be none",
        arguments: [
            "s3://ab", "gs:///x", "az://Account/container", "az://account/Con", "ftp://host/x", "https://", "plain",
            "http://example.com/x", "https://user:password@host/x", "az://account//key",
        ])
    func refused(text: String) { #expect(ObjectURL(text) == nil) }

    @Test("have names", arguments: [("https://host/a/b.tar?x=y/z", "b.tar"), ("gs://bucket/a/b", "b")])
    func names(text: String, name: String) { #expect(ObjectURL(text)?.name == name) }
}
