import FoundationEssentials
import Glibc
import SkyBroker
import SkyProcess

/// What a driver's process took.
struct Usage {
    var wall: Double
    /// Of processor time.
    var seconds: Double
    /// Resident, at its highest.
    var mebibytes: Int
}

/// A driver in a process of its own.
struct DrivingProcess {
    let pid: Int32
    let begin = ContinuousClock.now

    /// Waits for its end.
    func usage() async throws -> Usage {
        var (status, usage) = (Int32(0), rusage())
        while true {
            let ended = wait4(pid, &status, WNOHANG, &usage)
            if ended == pid { break }
            guard ended == 0 || errno == EINTR else { throw SystemError.last("wait for \(pid)") }
            try await Task.sleep(for: .milliseconds(5))
        }
        let seconds = [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) * 1e-6 }
        return Usage(wall: (ContinuousClock.now - begin).seconds, seconds: seconds, mebibytes: usage.ru_maxrss / 1024)
    }
}

extension FleetBench {
    func start(_ folder: FleetFolder, jobTime: Int, slowStart: Int) throws -> DrivingProcess {
        let own = Files.absolutePath("/proc/self/exe") ?? CommandLine.arguments[0]
        let arguments = ["drive", folder.state.path, "\(jobTime)", "\(slowStart)"]
        return DrivingProcess(pid: try ProcessSpawn(own, arguments).startUnmanaged())
    }

    func drive(_ folder: FleetFolder, jobTime: Int, slowStart: Int) async throws -> Usage {
        try await start(folder, jobTime: jobTime, slowStart: slowStart).usage()
    }

    /// Two minutes at most.
    func wait(until condition: () throws -> Bool) async throws {
        for _ in 0..<12_000 {
            if try condition() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        print("it did not come to that within two minutes")
        exit(1)
    }

    func withFolder<Value>(_ body: (FleetFolder) async throws -> Value) async throws -> Value {
        let path = "/tmp/sky-fleet-bench-\(getpid())"
        try Files.makeFolder(path, mode: 0o700)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(FleetFolder(path))
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

extension Double {
    /// Two decimals.
    var formatted: String { "\((self * 100).rounded() / 100)" }
}
