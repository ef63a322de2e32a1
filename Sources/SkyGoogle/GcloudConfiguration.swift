import SkyHTTP

/// What `gcloud config` has set: the active configuration's file of sections and `name = value` lines.
struct GcloudConfiguration {
    private var values: [String: String] = [:]

    /// Empty where gcloud was never used.
    init(_ surroundings: GoogleSurroundings) throws(CredentialFailure) {
        let folder = surroundings.gcloudFolder
        var name = surroundings.variable("CLOUDSDK_ACTIVE_CONFIG_NAME")
        if name == nil, let bytes = try surroundings.read("\(folder)/active_config") {
            name = String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
        }
        let path = "\(folder)/configurations/config_\(name ?? "default")"
        guard let bytes = try surroundings.read(path) else { return }
        var section = ""
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let text = Self.trimmed(line)
            if text.hasPrefix("["), text.hasSuffix("]") {
                section = String(text.dropFirst().dropLast())
            } else if let equals = text.firstIndex(of: "="), !text.hasPrefix("#"), !text.hasPrefix(";") {
                let name = Self.trimmed(text[..<equals])
                values["\(section)/\(name)"] = String(Self.trimmed(text[text.index(after: equals)...]))
            }
        }
    }

    func value(_ name: String, in section: String) -> String? {
        values["\(section)/\(name)"].flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0.isWhitespace }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
