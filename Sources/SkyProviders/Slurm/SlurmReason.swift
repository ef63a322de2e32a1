/// What is to be made of a reason why a job waits, and of what `sbatch` says when it takes none.
enum SlurmReason {
    /// Never resolves by itself where the job is: nil for whatever may.
    static func whatNeverResolves(_ reason: String) -> ProviderError.Kind? {
        switch reason {
        // The partition does not give so much, or to such as us: another may.
        case "PartitionTimeLimit", "PartitionNodeLimit", "BadConstraints", "QOSTimeLimit",
            "AssocMaxWallDurationPerJobLimit",
            "AccountNotAllowed", "QOSNotAllowed", "PartitionConfig":
            .quota
        case "InvalidAccount", "InvalidQOS", "InvalidReservation": .badRequest
        default: nil
        }
    }

    /// What a job that has waited long enough ran into.
    static func whatItWaitedFor(_ reason: String) -> ProviderError.Kind {
        if let kind = whatNeverResolves(reason) { return kind }
        return isAboutLimits(reason) ? .quota : .noCapacity
    }

    /// `AssocMaxJobsLimit`, `QOSMaxCpuPerUserLimit`, `AssocGrpGRES`, `MaxCpuPerAccount`: what an account may have at once.
    private static func isAboutLimits(_ reason: String) -> Bool {
        reason.hasPrefix("Assoc") || reason.hasPrefix("QOS") || reason.hasPrefix("Max")
    }

    /// For people, where a word alone says little.
    static func words(_ reason: String) -> String {
        let meaning: String? =
            switch reason {
            case "Resources": "it is first in line, and waits for nodes to become free"
            case "Priority": "others are before it in line"
            case "ReqNodeNotAvail": "nodes that it needs are down or reserved"
            case "PartitionTimeLimit": "it asks for more time than the partition gives"
            case "PartitionNodeLimit": "it asks for more nodes than the partition gives"
            case "PartitionDown", "PartitionInactive": "the partition takes no jobs now"
            case "BadConstraints": "no node has what it asks for"
            case "InvalidAccount": "the account is not known there"
            case "InvalidQOS": "the QOS is not known there, or not for this account"
            case "JobHeldAdmin": "an administrator holds it back"
            case "JobHeldUser": "somebody holds it back: `scontrol release` lets it go"
            case "AssocMaxJobsLimit": "the account has as many jobs as it may"
            default: isAboutLimits(reason) ? "the account has as much as it may" : nil
            }
        return meaning.map { "\(reason): \($0)" } ?? reason
    }

    /// What `sbatch` or another command complained about.
    static func kind(ofComplaint text: String) -> ProviderError.Kind {
        func says(_ words: String...) -> Bool { words.contains { text.contains($0) } }
        if says("Unable to contact", "Socket timed out", "temporarily", "Connection refused", "Resource temporarily") {
            return .transient
        }
        if says(
            "authentication credential", "Access/permission denied", "Access denied", "Invalid user id", "Protocol auth"
        ) {
            return .credentials
        }
        if says("limit", "accounting/QOS policy", "Limit") { return .quota }
        if says("node configuration is not available", "Node count specification", "More processors requested") {
            return .quota
        }
        return .badRequest
    }
}
