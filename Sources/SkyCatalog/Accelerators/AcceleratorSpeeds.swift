public import SkyCore

/// What makers' data sheets say of accelerators beside their memory: the columns `tflops` and `watts` of
/// `accelerators.csv`.
public struct AcceleratorSpeeds: Sendable {
    /// By lower-case name.
    private let teraflops: [String: Double]
    /// Watts of one at full load, by name.
    public let watts: [String: Double]

    public init(_ teraflops: [String: Double] = [:], watts: [String: Double] = [:]) {
        self.teraflops = Dictionary(
            teraflops.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
        self.watts = watts
    }

    /// Dense 16-bit (where there is none, 32-bit) tera-operations per second of one accelerator as counted in catalogs:
    /// for TPUs that count cores, of one core. Real programs reach different shares of it, so only rough ratios may be
    /// taken. Nil when no data sheet says so.
    public func teraflops(of name: String) -> Double? { teraflops[name.lowercased()] }

    /// Reads `<root>/accelerators.csv`, aliases included; without that file nothing is known.
    ///
    /// - Throws: everything wrong with the file, with its place.
    public static func load(root: String) throws(DiagnosticsError) -> AcceleratorSpeeds {
        let path = "\(root)/accelerators.csv"
        guard fileExists(path) else { return AcceleratorSpeeds() }
        let bytes = try fileBytes(path)
        let (facts, problems) = AcceleratorFacts.read(bytes, path: path)
        guard problems.isEmpty else {
            let source = SourceFile(path: path, text: String(decoding: bytes, as: UTF8.self))
            throw DiagnosticsError(problems, sources: [source])
        }
        var (speeds, watts): ([String: Double], [String: Double]) = ([:], [:])
        for fact in facts.facts {
            for name in [fact.name] + fact.aliases {
                speeds[name] = fact.teraflops
                watts[name] = fact.watts
            }
        }
        return AcceleratorSpeeds(speeds, watts: watts)
    }
}
