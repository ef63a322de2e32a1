import CCrypto
import SkyCore
import SkyHTTP

/// A PEM file with an RSA key and its certificates, the key's own first among these.
final class CertificateFile {
    /// In DER.
    let chain: [[UInt8]]
    private let key: OpaquePointer
    private let path: String

    /// - Throws: when it is no such file; nothing of its content is said.
    init(_ pem: [UInt8], path: String, password: Secret?) throws(CredentialFailure) {
        func broken(_ what: String) -> CredentialFailure {
            CredentialFailure(
                .refused,
                "\(path) \(what): AZURE_CLIENT_CERTIFICATE_PATH must name a PEM file with an RSA private key and its "
                    + "certificate (and AZURE_CLIENT_CERTIFICATE_PASSWORD open the key if it is encrypted)")
        }
        chain = Self.certificates(pem)
        self.path = path
        guard !chain.isEmpty else { throw broken("has no certificate") }
        guard let key = Self.privateKey(pem, password: password) else { throw broken("has no key that can be read") }
        self.key = key
        guard EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA else { throw broken("has a key that is not RSA") }
    }

    deinit { EVP_PKEY_free(key) }

    /// RSASSA-PSS with SHA-256 and as much salt, which JSON Web Signatures call PS256.
    func sign(_ message: [UInt8]) throws(CredentialFailure) -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var parameters: OpaquePointer?
        var size = 0
        guard
            EVP_DigestSignInit(context, &parameters, EVP_sha256(), nil, key) == 1,
            EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1,
            EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1,
            EVP_DigestSign(context, nil, &size, message, message.count) == 1
        else { throw CredentialFailure(.refused, "the key in \(path) cannot sign") }
        var signature = [UInt8](repeating: 0, count: size)
        guard EVP_DigestSign(context, &signature, &size, message, message.count) == 1 else {
            throw CredentialFailure(.refused, "the key in \(path) cannot sign")
        }
        return Array(signature.prefix(size))
    }

    private static func certificates(_ pem: [UInt8]) -> [[UInt8]] {
        withSource(pem) { source in
            var found: [[UInt8]] = []
            while let certificate = PEM_read_bio_X509(source, nil, nil, nil) {
                defer { X509_free(certificate) }
                let size = Int(i2d_X509(certificate, nil))
                guard size > 0 else { continue }
                found.append(
                    [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
                        var end = buffer.baseAddress
                        filled = Int(i2d_X509(certificate, &end))
                    })
            }
            return found
        }
    }

    private static func privateKey(_ pem: [UInt8], password: Secret?) -> OpaquePointer? {
        withSource(pem) { source in
            // Without a password at all libcrypto would ask on the terminal.
            var text = Array((password?.reveal() ?? "").utf8CString)
            return PEM_read_bio_PrivateKey(source, nil, nil, &text)
        }
    }

    /// What libcrypto reads from; its complaints about the end of the file are nobody's business.
    private static func withSource<Value>(_ pem: [UInt8], _ read: (OpaquePointer?) -> Value) -> Value {
        pem.withUnsafeBytes { bytes in
            let source = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count))
            defer {
                BIO_free(source)
                ERR_clear_error()
            }
            return read(source)
        }
    }
}
