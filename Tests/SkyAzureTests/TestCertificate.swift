import CCrypto

/// An RSA key and a certificate of it that it signed itself, made anew.
final class TestCertificate {
    struct CannotMake: Error {}

    let pem: String
    let der: [UInt8]
    private let key: OpaquePointer

    init(password: String? = nil) throws {
        guard let key = Self.rsaKey(), let certificate = X509_new() else { throw CannotMake() }
        self.key = key
        defer { X509_free(certificate) }
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7)
        X509_gmtime_adj(X509_getm_notBefore(certificate), 0)
        X509_gmtime_adj(X509_getm_notAfter(certificate), 3600)
        X509_set_pubkey(certificate, key)
        guard X509_sign(certificate, key, EVP_sha256()) > 0, let buffer = BIO_new(BIO_s_mem()) else {
            throw CannotMake()
        }
        defer { BIO_free(buffer) }
        if let password {
            let bytes = Array(password.utf8)
            PEM_write_bio_PrivateKey(buffer, key, EVP_aes_128_cbc(), bytes, Int32(bytes.count), nil, nil)
        } else {
            PEM_write_bio_PrivateKey(buffer, key, nil, nil, 0, nil, nil)
        }
        PEM_write_bio_X509(buffer, certificate)
        var text = [UInt8](repeating: 0, count: 1 << 16)
        let count = BIO_read(buffer, &text, Int32(text.count))
        pem = String(decoding: text.prefix(Int(count)), as: UTF8.self)
        var encoded = [UInt8](repeating: 0, count: Int(i2d_X509(certificate, nil)))
        encoded.withUnsafeMutableBufferPointer { bytes in
            var end = bytes.baseAddress
            _ = i2d_X509(certificate, &end)
        }
        der = encoded
    }

    deinit { EVP_PKEY_free(key) }

    func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var parameters: OpaquePointer?
        return EVP_DigestVerifyInit(context, &parameters, EVP_sha256(), nil, key) == 1
            && EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1
            && EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    private static func rsaKey() -> OpaquePointer? {
        guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) == 1,
            EVP_PKEY_keygen(context, &key) == 1
        else { return nil }
        return key
    }
}
