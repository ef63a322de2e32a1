import SkyRuntime

/// Takes from a log what went to one of a job's streams.
struct StreamFilter: Sendable {
    private let stream: LogStream
    private var file: GrowingBytes
    private var marks: ArraySlice<LogMark> = []
    /// Of what comes next: a log without marks is all output.
    private var current = LogStream.output

    /// - Parameter marksPath: of the marks that are beside the log.
    init(_ stream: LogStream, marksPath: String) {
        self.stream = stream
        file = GrowingBytes(path: marksPath)
    }

    /// Of bytes that begin at `offset` of the log and follow those of the last call.
    mutating func wanted(of bytes: [UInt8], at offset: Int) -> [UInt8] {
        // Marks are written before the bytes that they are about.
        marks += LogMarks.decode(file.newPieces(of: LogMarks.size))
        var wanted: [UInt8] = []
        var position = offset
        let end = offset + bytes.count
        while position < end {
            while let mark = marks.first, mark.offset <= position {
                current = mark.stream
                marks.removeFirst()
            }
            let next = min(marks.first.map { Int($0.offset) } ?? end, end)
            if current == stream { wanted += bytes[(position - offset)..<(next - offset)] }
            position = next
        }
        return wanted
    }
}
