#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Whose a certificate is: API servers take the common name of its subject for the user's name.
struct CertificateName {
    let commonName: String

    /// The object identifier of common names, 2.5.4.3, as DER has it.
    private static let mark: [UInt8] = [0x06, 0x03, 0x55, 0x04, 0x03]

    /// Nil where none is found. It is for people to read: nothing is decided by it.
    init?(pem: [UInt8]) {
        let lines = String(decoding: pem, as: UTF8.self).split(whereSeparator: \.isNewline)
        guard let start = lines.firstIndex(where: { $0.contains("BEGIN CERTIFICATE") }) else { return nil }
        let body = lines[(start + 1)...].prefix { !$0.hasPrefix("-----") }.joined()
        guard let data = Data(base64Encoded: body) else { return nil }
        let bytes = Array(data)
        // The issuer's name comes first, then the subject's; extensions, which may have names too, come after both.
        var names: [String] = []
        for index in bytes.indices where names.count < 2 && bytes[index...].starts(with: Self.mark) {
            let place = index + Self.mark.count
            guard place + 2 < bytes.count, bytes[place + 1] < 0x80, place + 2 + Int(bytes[place + 1]) <= bytes.count
            else {
                return nil
            }
            names.append(
                String(decoding: bytes[(place + 2)..<(place + 2 + Int(bytes[place + 1]))], as: UTF8.self))
        }
        guard let name = names.last, names.count == 2 else { return nil }
        commonName = name
    }
}
