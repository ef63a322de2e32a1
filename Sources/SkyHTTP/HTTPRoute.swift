import CCurl
public import SkyCore

/// How one server is reached and trusted, and who we are to it, where that is not as the system does it: a server with an
/// authority of its own, which knows its clients by certificates.
///
/// Keys are handed to libcurl as bytes: none of them is ever in a file.
public struct HTTPRoute: Hashable, Sendable {
    /// Certificates in PEM: whoever they vouch for is trusted, and nobody else. Nil for the system's.
    public var authorities: [UInt8]?
    /// Our own certificate in PEM, with those between it and the authority.
    public var certificate: [UInt8]?
    /// Of that certificate, in PEM.
    public var key: Secret?
    /// `host:port` to connect to instead of the URL's, whose name the certificate must have all the same.
    public var address: String?
    /// The URL of the proxy to use, and no other.
    public var proxy: String?

    public init(
        authorities: [UInt8]? = nil, certificate: [UInt8]? = nil, key: Secret? = nil, address: String? = nil,
        proxy: String? = nil
    ) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
        self.address = address
        self.proxy = proxy
    }

    /// - Parameter list: gets what must live as long as the handle, and be freed with it.
    func apply(to handle: UnsafeMutableRawPointer, _ list: inout UnsafeMutablePointer<curl_slist>?) {
        if let authorities {
            set(CURLOPT_CAINFO_BLOB, authorities, of: handle)
            // Debian's libcurl looks into a folder of authorities as well, unless it is told not to.
            sky_curl_set_pointer(handle, CURLOPT_CAPATH, nil)
        }
        if let certificate { set(CURLOPT_SSLCERT_BLOB, certificate, of: handle) }
        if let key { set(CURLOPT_SSLKEY_BLOB, Array(key.reveal().utf8), of: handle) }
        if let proxy { sky_curl_set_string(handle, CURLOPT_PROXY, proxy) }
        if let address, let longer = curl_slist_append(list, "::\(address)") {
            list = longer
            sky_curl_set_list(handle, CURLOPT_CONNECT_TO, longer)
        }
    }

    private func set(_ option: CURLoption, _ bytes: [UInt8], of handle: UnsafeMutableRawPointer) {
        _ = bytes.withUnsafeBytes { sky_curl_set_bytes(handle, option, $0.baseAddress, $0.count) }
    }
}
