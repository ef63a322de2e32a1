import Glibc
import SkyProcess

/// Asks NVIDIA's own tool about the machine's GPUs, now and then and while somebody wants to know. It takes up to a second,
/// so that the agent does not wait for it: an answer has what came of the last time.
final class GPUProbe {
    private let program: String?
    private let output: String
    private(set) var child: Int32?
    private var askedAt = Int64.min
    private(set) var gpus: [NodeStats.GPU]?

    private static let interval: Int64 = 1000

    /// - Parameter output: a file for what the tool prints.
    init(output: String, program: String? = GPUProbe.tool) {
        self.output = output
        self.program = program
    }

    /// Nil on a machine without NVIDIA's driver.
    static var tool: String? {
        guard Files.exists("/proc/driver/nvidia") || Files.exists("/dev/nvidiactl") || Files.exists("/dev/dxg") else {
            return nil
        }
        return ["/usr/bin/nvidia-smi", "/usr/local/bin/nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi"]
            .first { access($0, X_OK) == 0 }
    }

    func ask() {
        let now = monotonicMilliseconds()
        guard let program, child == nil, askedAt == .min || now - askedAt >= Self.interval else { return }
        askedAt = now
        unlink(output)
        child = try? ProcessSpawn(
            program,
            [
                "--query-gpu=index,name,utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits",
            ], leadership: .session, standardOutput: .append(path: output), standardError: .null
        ).startUnmanaged()
    }

    /// - Returns: false of a process that is not the tool's.
    func childEnded(_ pid: Int32, _ end: ProcessEnd) -> Bool {
        guard pid == child else { return false }
        child = nil
        let bytes = ((try? Files.read(output)) ?? nil) ?? []
        unlink(output)
        gpus = end == .exited(code: 0) ? Self.read(String(decoding: bytes, as: UTF8.self)) : nil
        return true
    }

    /// `0, NVIDIA A100-SXM4-40GB, 87, 12288, 40960`, a line for each. What a GPU does not say is 0.
    static func read(_ text: String) -> [NodeStats.GPU] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let fields = line.split(separator: ",").map { $0.trimmingBlanks }
            guard fields.count == 5, let index = Int(fields[0]) else { return nil }
            let numbers = fields[2...4].map { Int64($0) ?? 0 }
            return NodeStats.GPU(
                index: index, name: String(fields[1]), utilization: Int(numbers[0]), memoryUsed: numbers[1] << 20,
                memoryTotal: numbers[2] << 20)
        }
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        var text = drop { $0 == " " }
        while let last = text.last, last == " " { text.removeLast() }
        return text
    }
}
