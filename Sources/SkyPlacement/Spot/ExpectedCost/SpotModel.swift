/// A guess at how spot comes and goes in one place.
public struct SpotModel: Hashable, Sendable, Codable {
    /// Runs of ticks with spot.
    public let up: RunLengths
    /// Runs of ticks without.
    public let down: RunLengths

    public init(up: RunLengths, down: RunLengths) {
        self.up = up
        self.down = down
    }

    /// Places differ in scale, hardly in shape: these are the guesses that a job's observations choose between. Shape and
    /// horizons were fitted to the traces of October 2022 (eight places), and to no others.
    static let scales = [0.1, 0.3, 0.9, 2.7]

    static func up(scale: Double) -> RunLengths { RunLengths(shape: 1.2, scale: scale, horizon: 30) }
    static func down(scale: Double) -> RunLengths { RunLengths(shape: 1.2, scale: scale, horizon: 100) }

    /// When nothing was observed.
    public static let typical = SpotModel(up: up(scale: 0.4), down: down(scale: 0.4))
}
