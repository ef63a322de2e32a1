import Glibc

extension AgentInfo {
    /// This process and its machine.
    static func current(directory: String) -> AgentInfo {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return AgentInfo(
            protocolVersion: AgentProtocol.version, agentVersion: Agent.version, pid: Int(getpid()),
            directory: directory, hostName: host, cpus: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            memoryBytes: Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE))),
            containers: ContainerRuntime.find()?.kind.rawValue, mounts: MountTools.find().ability)
    }
}
