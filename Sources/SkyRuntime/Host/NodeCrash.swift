import SkyProcess

/// Whether a node died with its machine: everything at once, the agent and what looked after the jobs.
///
/// An agent that died alone is started again, and its jobs are still there. A machine that was started anew has lost them,
/// and the files of the jobs are in the middle of something: nobody can go on from there.
enum NodeCrash {
    /// The jobs that were cut short, if the node has crashed; nil if it has not.
    static func victims(in node: NodeFolder) throws(SystemError) -> [String]? {
        // Where an agent lives, it knows best.
        guard try !FileLock.isHeld(node.lock) else { return nil }
        let known = ((try? Files.read(node.identity)) ?? nil).flatMap {
            ProcessIdentity(String(decoding: $0, as: UTF8.self))
        }
        let wasRestarted = known.map { $0.boot != ProcessIdentity.currentBoot } ?? false
        var victims: [String] = []
        for id in Files.names(in: node.jobs) where JobSpec.problem(ofID: id) == nil {
            let job = node.job(id)
            guard job.hasBegun, job.end() == nil, try !FileLock.isHeld(job.lifeline) else { continue }
            // It may have ended just now, in order.
            if job.end() == nil { victims.append(id) }
        }
        return wasRestarted || !victims.isEmpty ? victims : nil
    }

    /// Looks, and marks a node that has crashed as ended, so that there is no way back.
    ///
    /// - Returns: true of a node that has ended, for whatever reason.
    static func endIfCrashed(_ node: NodeFolder) throws(SystemError) -> Bool {
        if node.lease.hasEnded { return true }
        guard let victims = try victims(in: node) else { return false }
        try node.lease.markEnded(cuttingShort: victims)
        return true
    }
}
