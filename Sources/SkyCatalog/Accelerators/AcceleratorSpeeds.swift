public import SkyCore

/// How fast accelerators compute by their makers' data sheets: `accelerator-speeds.csv` beside the providers.
///
/// Dense 16-bit (where there is none, 32-bit) tera-operations per second of one accelerator as counted in catalogs: for
/// TPUs that count cores, of one core. Real programs reach different shares of it, so only rough ratios may be taken.
public struct AcceleratorSpeeds: Sendable {
    /// By lower-case name.
    private let teraflops: [String: Double]

    public init(_ teraflops: [String: Double] = [:]) {
        self.teraflops = Dictionary(
            teraflops.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    /// Nil when no data sheet says so.
    public func teraflops(of name: String) -> Double? { teraflops[name.lowercased()] }

    /// Reads `<root>/accelerator-speeds.csv`; without that file nothing is known.
    ///
    /// - Throws: everything wrong with the file, with its place.
    public static func load(root: String) throws(DiagnosticsError) -> AcceleratorSpeeds {
        let path = "\(root)/accelerator-speeds.csv"
        guard fileExists(path) else { return AcceleratorSpeeds() }
        let bytes = try fileBytes(path)
        let (speeds, problems) = TariffReader.speeds(bytes, path: path)
        guard problems.isEmpty else {
            let source = SourceFile(path: path, text: String(decoding: bytes, as: UTF8.self))
            throw DiagnosticsError(problems, sources: [source])
        }
        return AcceleratorSpeeds(speeds)
    }
}
