/// What cloud-init prints to a machine's console once it has made the host keys.
enum ConsoleHostKeys {
    private static let begin = "-----BEGIN SSH HOST KEY KEYS-----"
    private static let end = "-----END SSH HOST KEY KEYS-----"

    /// The keys of the last whole block, as `ssh-ed25519 AAAA…`; none while there is no such block. What stands before them in
    /// a line, such as the time, and the comment behind them are left out.
    static func keys(in log: String) -> [String] {
        var block: [String]?
        var last: [String] = []
        for line in log.split(whereSeparator: \.isNewline) {
            if line.contains(begin) {
                block = []
            } else if line.contains(end) {
                if let keys = block, !keys.isEmpty { last = keys }
                block = nil
            } else if block != nil, let key = key(in: line) {
                block?.append(key)
            }
        }
        return last
    }

    private static func key(in line: Substring) -> String? {
        let words = line.split(whereSeparator: \.isWhitespace)
        guard let index = words.firstIndex(where: { $0.hasPrefix("ssh-") || $0.hasPrefix("ecdsa-sha2-") }),
            index + 1 < words.count, words[index + 1].hasPrefix("AAAA")
        else { return nil }
        return "\(words[index]) \(words[index + 1])"
    }
}
