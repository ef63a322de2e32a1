import SkyBroker
import SkyCore
import SkyStorage

/// What is stored, and what is known of stages that were done. An artifact is a number here, and a digest to the core.
struct SimulatedStores {
    private var stored: Set<UInt64> = []
    private var digests: [UInt64: ArtifactDigest] = [:]
    private var numbers: [ArtifactDigest: UInt64] = [:]
    private var progress: [UInt64: TimeSpan] = [:]
    /// Finished stages by what could have changed what they make.
    private var finished: [UInt64: Reuse] = [:]

    /// Puts an artifact in, and gives it its digest.
    mutating func put(
        _ number: UInt64, named name: String, at location: Location, size: DataSize, progress: TimeSpan? = nil
    ) -> StoredArtifact {
        stored.insert(number)
        if let progress { self.progress[number] = progress }
        return StoredArtifact(
            name: name, artifact: Artifact(digest: digest(of: number), kind: .file, size: size), location: location)
    }

    mutating func rot(_ number: UInt64) { stored.remove(number) }
    func has(_ number: UInt64) -> Bool { stored.contains(number) }
    func number(of artifact: StoredArtifact) -> UInt64 { numbers[artifact.artifact.digest] ?? 0 }
    func progress(in checkpoint: StoredArtifact) -> TimeSpan { progress[number(of: checkpoint)] ?? .zero }

    mutating func remember(_ reuse: Reuse, under key: UInt64) { finished[key] = reuse }
    func finishedStage(under key: UInt64) -> Reuse? { finished[key] }

    private mutating func digest(of number: UInt64) -> ArtifactDigest {
        if let known = digests[number] { return known }
        var word = number
        let hex = String(unsafeUninitializedCapacity: 64) { digits in
            for index in 0..<64 {
                if index > 0, index % 16 == 0 { word = Chance.mixed(word) }
                let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - index % 16 * 4)) & 15
                digits[index] = digit < 10 ? 0x30 + digit : 0x57 + digit
            }
            return 64
        }
        guard let digest = ArtifactDigest(hex: hex) else { preconditionFailure("four times sixteen digits") }
        digests[number] = digest
        numbers[digest] = number
        return digest
    }
}
