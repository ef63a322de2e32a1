/// Reproducible chance: each number is a function of the seed and of what is being decided, and of nothing else.
///
/// There is no generator whose position depends on what was decided before. So switching one fault off leaves every other
/// decision as it was, which is what makes a long bad history shrink to a short one.
struct Chance: Sendable {
    private let seed: UInt64

    init(seed: UInt64) { self.seed = Self.mixed(seed &+ 0x9e37_79b9_7f4a_7c15) }

    /// 64 even bits for a decision.
    func bits(_ what: Decision) -> UInt64 { Self.mixed(Self.mixed(seed ^ what.packed) &+ what.packed) }

    /// 0..<1
    func unit(_ what: Decision) -> Double { Double(bits(what) >> 11) * 0x1p-53 }

    /// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
    static func mixed(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// FNV-1a: for decisions about something that only has a name.
    static func number(of name: String, _ others: String...) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for text in [name] + others {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
            hash = (hash ^ 0xff) &* 0x0000_0100_0000_01b3
        }
        return hash
    }
}

/// What is being decided: a matter, and whose it is.
struct Decision: Hashable, Sendable {
    /// The matter in the highest byte; below it run, stage, attempt and a count, twelve to sixteen bits each.
    let packed: UInt64

    init(_ matter: UInt8, run: Int = 0, stage: Int = 0, attempt: Int = 0, count: Int = 0) {
        packed =
            UInt64(matter) << 56 | UInt64(truncatingIfNeeded: run & 0xfff) << 44
            | UInt64(truncatingIfNeeded: stage & 0xfff) << 32 | UInt64(truncatingIfNeeded: attempt & 0xffff) << 16
            | UInt64(truncatingIfNeeded: count & 0xffff)
    }

    /// About something with a name, in the `period`-th stretch of time.
    init(_ matter: UInt8, name: UInt64, period: Int) {
        packed =
            UInt64(matter) << 56 | (name & 0xff_ffff_ffff) << 16 | UInt64(truncatingIfNeeded: period & 0xffff)
    }

    init(packed: UInt64) { self.packed = packed }

    var matter: UInt8 { UInt8(packed >> 56) }
}

/// Matters of chance that are no faults: how long things take, and what people do.
enum Matter {
    private static let first: UInt8 = 128
    static let launch = first + 1
    static let dice = first + 2
    static let travel = first + 3
    static let boot = first + 4
    static let carry = first + 5
    static let work = first + 6
    static let detection = first + 7
    static let moment = first + 8
    static let downtime = first + 9
    static let person = first + 10
    static let shape = first + 11
    static let retries = first + 12
}
