/// Why a stage ran, where that is what one would expect: said when asked for, and otherwise not worth a line.
enum RunReason {
    static let firstOfItsKind = "no earlier run did just this"
    static let nothingToFind = "it makes nothing that could be found again"
    static let mountsBuckets = "what is in a bucket that it mounts may have changed"

    static func isExpected(_ why: String) -> Bool { why == firstOfItsKind || why == nothingToFind }
}
