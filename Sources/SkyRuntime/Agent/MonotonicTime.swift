import Glibc

/// Milliseconds on a clock that nobody sets.
func monotonicMilliseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
}

/// A time to wait as poll(2) wants it: none left is 0, no end is -1.
func pollTimeout(until deadline: Int64?) -> Int32 {
    guard let deadline else { return -1 }
    return Int32(clamping: max(0, deadline - monotonicMilliseconds()))
}
