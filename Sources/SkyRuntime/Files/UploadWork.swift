import Glibc
import SkyProcess

/// Sends files of a node straight to where they are to be kept, with what the node has for that: curl, or Python.
///
/// Neither can send a part of a file by itself, so parts are cut out before they go, a few at a time.
struct UploadWork {
    let order: UploadOrder
    /// What the paths of the order are within.
    let root: String
    /// Hidden, and of this root alone: for parts that are on their way.
    let staging: String

    /// Requests of one call of the program.
    private static let mostPieces = 512
    /// Parts that are cut out at once.
    private static let mostSlices = 16

    /// A piece, and the file that is just it.
    struct Parcel {
        let piece: UploadOrder.Piece
        let path: String
    }

    /// - Returns: how many bytes the store took.
    /// - Throws: `SystemError`, or `NodeObstacle` for files that are not what they were; what is wrong with the way is in the reply.
    func run(with program: WebProgram? = nil) throws -> UploadReply {
        guard order.pieces.allSatisfy({ FetchWork.isPlain($0.path) }) else {
            throw NodeObstacle(reason: "a path leads elsewhere")
        }
        try Files.makeFolder(staging, mode: 0o700)
        defer { try? Disk.remove(staging) }
        var (rest, sent) = (order.pieces, Int64(0))
        while !rest.isEmpty {
            let (round, later) = Self.split(rest, isSlice: isSlice)
            let parcels = try round.enumerated().map { try parcel($1, number: $0) }
            let answers: [Int]
            do { answers = try (program ?? WebProgram.find()).send(parcels) } catch let obstacle as NodeObstacle {
                return UploadReply(sent: sent, obstacle: obstacle.reason, isOutOfReach: true)
            }
            for (parcel, status) in zip(parcels, answers) {
                // Somebody has put the same there before (409, 412): the broker looks.
                guard [200, 201, 308, 409, 412].contains(status) else {
                    let why = "the store answers the node with status \(status)"
                    return UploadReply(sent: sent, obstacle: why, isOutOfReach: [401, 403].contains(status))
                }
                if status < 400 { sent += parcel.piece.count }
            }
            for parcel in parcels where isSlice(parcel.piece) { unlink(parcel.path) }
            rest = later
        }
        return UploadReply(sent: sent)
    }

    /// What may go together, and what has to wait.
    private static func split(
        _ pieces: [UploadOrder.Piece], isSlice: (UploadOrder.Piece) -> Bool
    ) -> (now: [UploadOrder.Piece], later: [UploadOrder.Piece]) {
        var (now, later) = ([UploadOrder.Piece](), [UploadOrder.Piece]())
        var (slices, waiting) = (0, Set<String>())
        for piece in pieces {
            let slice = isSlice(piece)
            let mayGo = now.count < mostPieces && (!slice || slices < mostSlices) && !waiting.contains(piece.path)
            guard mayGo else {
                later.append(piece)
                continue
            }
            now.append(piece)
            if slice { slices += 1 }
            if piece.isOrdered { waiting.insert(piece.path) }
        }
        return (now, later)
    }

    private func place(_ piece: UploadOrder.Piece) -> String { piece.path.isEmpty ? root : "\(root)/\(piece.path)" }

    private func isSlice(_ piece: UploadOrder.Piece) -> Bool {
        var status = stat()
        return piece.offset > 0 || stat(place(piece), &status) != 0 || Int64(status.st_size) != piece.count
    }

    private func parcel(_ piece: UploadOrder.Piece, number: Int) throws -> Parcel {
        guard isSlice(piece) else { return Parcel(piece: piece, path: place(piece)) }
        let path = "\(staging)/\(number)"
        let source = try Descriptor.open(place(piece), O_RDONLY)
        defer { close(source) }
        let target = try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(target) }
        guard lseek(source, Int(piece.offset), SEEK_SET) == Int(piece.offset) else {
            throw SystemError.last("read \(place(piece))")
        }
        var (left, buffer) = (piece.count, [UInt8](repeating: 0, count: 1 << 18))
        while left > 0 {
            let wanted = Int(min(Int64(buffer.count), left))
            let outcome = buffer.withUnsafeMutableBytes { bytes in
                Descriptor.read(source, into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<wanted]))
            }
            guard case .bytes(let count) = outcome, count > 0 else {
                throw NodeObstacle(reason: "'\(piece.path)' became shorter while it was sent")
            }
            try Descriptor.writeAll(target, Array(buffer[..<count]))
            left -= Int64(count)
        }
        return Parcel(piece: piece, path: path)
    }
}

extension WebProgram {
    /// - Returns: the status of each answer, in the order of the parcels; 0 where there was none.
    func send(_ parcels: [UploadWork.Parcel]) throws -> [Int] {
        let lines =
            switch self {
            case .curl(let path):
                try Self.run(
                    path, ["--disable", "--parallel", "--parallel-max", "\(Self.width)", "--config", "-"],
                    told: Self.configuration(parcels))
            case .python(let path):
                try Self.run(path, ["-I", "-c", Self.sendScript, "\(Self.width)"], told: Self.lines(parcels))
            }
        var answers = [Int](repeating: 0, count: parcels.count)
        for line in lines where line.hasPrefix(Self.answered) {
            let numbers = line.dropFirst(Self.answered.count).split(separator: " ").compactMap { Int($0) }
            if numbers.count == 2, answers.indices.contains(numbers[0]) { answers[numbers[0]] = numbers[1] }
        }
        return answers
    }

    private static func configuration(_ parcels: [UploadWork.Parcel]) -> String {
        parcels.enumerated().map { number, parcel in
            let lines = [
                "url = \(quoted(parcel.piece.url))", "upload-file = \(quoted(parcel.path))", "output = \"/dev/null\"",
                // On a line of its own, whatever curl says of how far it is.
                "write-out = \(quoted("%{stderr}\\n\(answered)\(number) %{http_code}\\n"))", "silent", "show-error",
                "retry = 4", "connect-timeout = 10", "speed-limit = 1", "speed-time = 60", "globoff",
                // Not worth a pause: nobody would take less than all.
                "header = \"Expect:\"",
            ]
            return (lines + parcel.piece.headers.map { "header = \(quoted($0))" }).joined(separator: "\n")
        }.joined(separator: "\nnext\n") + "\n"
    }

    private static func lines(_ parcels: [UploadWork.Parcel]) -> String {
        parcels.enumerated().map { number, parcel in
            (["\(number)", parcel.piece.url, parcel.path] + parcel.piece.headers).joined(separator: "\t")
        }.joined(separator: "\n") + "\n"
    }

    private static let sendScript = """
        import os, sys, time, urllib.error, urllib.request
        from concurrent.futures import ThreadPoolExecutor
        def send(line):
            number, url, path, *headers = line.rstrip('\\n').split('\\t')
            headers = dict(header.split(': ', 1) for header in headers)
            headers['Content-Length'] = str(os.path.getsize(path))
            for attempt in range(5):
                try:
                    with open(path, 'rb') as file:
                        request = urllib.request.Request(url, data=file, headers=headers, method='PUT')
                        with urllib.request.urlopen(request, timeout=60) as answer: status = answer.status
                except urllib.error.HTTPError as error: status = error.code
                except Exception:
                    if attempt == 4: raise
                    status = 599
                if status < 500 or attempt == 4: break
                time.sleep(2 ** attempt / 4)
            sys.stderr.write('answer %s %d\\n' % (number, status))
        with ThreadPoolExecutor(int(sys.argv[1])) as pool:
            for _ in pool.map(send, sys.stdin.readlines()): pass
        """
}
