import SkyAWS

/// A security group that all machines of a network share, made once.
struct EC2GroupShape: Hashable, Sendable {
    var name: String
    var description: String
    /// A port that everybody may reach; all of the machines may reach each other where there is none.
    private var port: Int
    private(set) var usesFabric = false

    /// OpenSSH from anywhere, and everything among the machines themselves.
    static func nodes(usesFabric: Bool) -> EC2GroupShape {
        EC2GroupShape(
            name: "sky-nodes", description: "Sky: OpenSSH to nodes, and everything among them", port: 22,
            usesFabric: usesFabric)
    }

    /// A service's port from anywhere.
    static func port(_ port: Int) -> EC2GroupShape {
        EC2GroupShape(name: "sky-port-\(port)", description: "Sky: port \(port) of services", port: port)
    }

    private var isOfNodes: Bool { port == 22 && name == "sky-nodes" }

    func rules(of group: String) -> [EC2Rule] {
        var rules = [EC2Rule(isWayOut: false, port: port)]
        if isOfNodes { rules.append(EC2Rule(isWayOut: false, peer: group)) }
        if usesFabric { rules.append(EC2Rule(isWayOut: true, peer: group)) }
        return rules
    }
}

/// One thing that a security group lets through.
struct EC2Rule: Hashable, Sendable {
    var isWayOut: Bool
    /// From anywhere.
    var port: Int?
    /// Everything, from or to this group's machines.
    var peer: String?

    private static let anywhere = "0.0.0.0/0"

    var action: String { isWayOut ? "AuthorizeSecurityGroupEgress" : "AuthorizeSecurityGroupIngress" }

    func fill(_ query: inout EC2Query) {
        if let port {
            query.set("IpPermissions.1.IpProtocol", "tcp")
            query.set("IpPermissions.1.FromPort", port)
            query.set("IpPermissions.1.ToPort", port)
            query.set("IpPermissions.1.IpRanges.1.CidrIp", Self.anywhere)
        } else if let peer {
            query.set("IpPermissions.1.IpProtocol", "-1")
            query.set("IpPermissions.1.Groups.1.GroupId", peer)
        }
    }

    /// True of a group, as it is described, that has the rule.
    func isIn(_ group: XMLElement) -> Bool {
        let set = group.first(isWayOut ? "ipPermissionsEgress" : "ipPermissions")
        return set?.all("item").contains { permission in
            let isAll = permission.text("ipProtocol") == "-1"
            if let peer { return isAll && has("groups", "groupId", peer, in: permission) }
            guard let port, has("ipRanges", "cidrIp", Self.anywhere, in: permission) else { return false }
            if isAll { return true }
            guard permission.text("ipProtocol") == "tcp", let from = permission.text("fromPort").flatMap({ Int($0) }),
                let to = permission.text("toPort").flatMap({ Int($0) })
            else { return false }
            return from <= port && port <= to
        } ?? false
    }

    private func has(_ set: String, _ field: String, _ value: String, in permission: XMLElement) -> Bool {
        permission.first(set)?.all("item").contains { $0.text(field) == value } ?? false
    }
}
