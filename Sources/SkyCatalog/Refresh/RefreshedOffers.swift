import Glibc
public import SkyCore

/// Where a person's refreshed prices are: `<folder>/<provider>` is a link to one whole version of `provider.yaml` and
/// `offers.csv.gz`, so that whoever reads sees all of one version.
public enum RefreshedOffers {
    /// The version that counts now, without links; nil when the provider's shipped prices do.
    public static func folder(of provider: String, in folder: String) -> String? {
        guard let path = realpath("\(folder)/\(provider)", nil) else { return nil }
        defer { free(path) }
        let resolved = String(cString: path)
        return fileExists("\(resolved)/provider.yaml") ? resolved : nil
    }

    /// When a provider's prices were refreshed; nil when its shipped prices count. The version's name says it:
    /// `aws.1795960000000`.
    public static func moment(of provider: String, in folder: String) -> Instant? {
        guard let version = Self.folder(of: provider, in: folder), let dot = version.lastIndex(of: ".") else {
            return nil
        }
        return Int64(version[version.index(after: dot)...]).map { Instant(millisecondsSince1970: $0) }
    }

    /// All providers with refreshed prices, sorted.
    public static func providers(in folder: String) -> [String] {
        folderEntries(folder).filter { self.folder(of: $0, in: folder) != nil }
    }

    /// What a version's two files hold.
    ///
    /// - Parameter sources: those that records name and that the shipped `provider.yaml` does not have.
    package static func files(
        provider: String, records: [OfferRecord], sources: [PriceSource]
    ) -> [(name: String, bytes: [UInt8])] {
        var lines = ["name: \(provider)"]
        if !sources.isEmpty { lines.append("sources:") }
        for source in sources.sorted(by: { $0.key < $1.key }) {
            var fields = ["kind: \(source.kind.rawValue)"]
            if let date = source.date { fields.append("date: \(date)") }
            fields.append("what: \(quoted(source.what))")
            if !source.licence.isEmpty { fields.append("licence: \(quoted(source.licence))") }
            lines.append("  \(quoted(source.key)): {\(fields.joined(separator: ", "))}")
        }
        let table = Array(OfferRecord.table(records).utf8)
        let packed = Gzip.packed(table)
        return [
            ("provider.yaml", Array((lines.joined(separator: "\n") + "\n").utf8)),
            packed.map { ("offers.csv.gz", $0) } ?? ("offers.csv", table),
        ]
    }

    /// Refreshed prices do not fit the installation any more, which may have been replaced since.
    static func explained(_ problem: Diagnostic, _ provider: String) -> Diagnostic {
        var problem = problem
        problem.help = "sky catalog refresh --revert \(provider) goes back to the prices that came with sky"
        return problem
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
