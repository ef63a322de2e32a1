import CCrypto
import FoundationEssentials
import SkyCore
import SkyHTTP

/// Signs with RSA and SHA-256 (PKCS #1, version 1.5), by the system's libcrypto.
struct RSAPrivateKey: Sendable {
    /// PKCS#8 or PKCS#1, without a password.
    let pem: Secret
    /// Whose key it is, for people.
    let owner: String

    func sign(_ message: [UInt8]) throws(CredentialFailure) -> [UInt8] {
        guard let der = der() else { throw unusable() }
        let loaded = der.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_AutoPrivateKey(nil, &start, bytes.count)
        }
        guard let loaded, let context = EVP_MD_CTX_new() else { throw unusable() }
        defer {
            EVP_PKEY_free(loaded)
            EVP_MD_CTX_free(context)
        }
        guard EVP_PKEY_get_base_id(loaded) == EVP_PKEY_RSA,
            EVP_DigestSignInit(context, nil, EVP_sha256(), nil, loaded) == 1
        else { throw unusable() }
        var count = 0
        guard EVP_DigestSign(context, nil, &count, message, message.count) == 1 else { throw unusable() }
        var signature = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSign(context, &signature, &count, message, message.count) == 1 else { throw unusable() }
        return Array(signature.prefix(count))
    }

    func unusable() -> CredentialFailure {
        CredentialFailure(
            .refused,
            "'private_key' of \(owner) is not an RSA key in PEM without a password: get the file anew with: "
                + "gcloud iam service-accounts keys create FILE --iam-account \(owner)")
    }

    /// What is between the lines `-----BEGIN …` and `-----END …`.
    private func der() -> [UInt8]? {
        let lines = pem.reveal().split(whereSeparator: \.isNewline)
        guard let begin = lines.firstIndex(where: { $0.hasPrefix("-----BEGIN ") }),
            let end = lines[begin...].firstIndex(where: { $0.hasPrefix("-----END ") })
        else { return nil }
        return Data(base64Encoded: lines[(begin + 1)..<end].joined(), options: .ignoreUnknownCharacters).map(Array.init)
    }
}
