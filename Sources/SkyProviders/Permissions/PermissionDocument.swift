import SkyCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The least that an account must be allowed for a plan, in the form that its provider takes.
public struct PermissionDocument: Hashable, Sendable {
    public var provider: String
    /// What it is and where it goes, a sentence without a full stop.
    public var title: String
    /// Empty where there is nothing to be given but a key.
    public var text: String

    public init(_ needs: PermissionNeeds, _ table: PermissionTable) {
        provider = needs.provider
        let rows = table.rows(for: needs)
        switch needs.adapter {
        case "ec2":
            title = "an IAM policy: aws iam create-policy --policy-name sky --policy-document file://…"
            text = AWSPolicyText.text(rows, needs)
        case "gce":
            title = "a custom role: gcloud iam roles create sky --project PROJECT --file …"
            text = GoogleRoleText.text(rows)
        case "azure-vm":
            title = "a custom role: az role definition create --role-definition …"
            text = AzureRoleText.text(rows)
        case "kubernetes":
            title = "a role for the namespace that pods run in: kubectl apply -f …"
            text = KubernetesRoleText.text(rows)
        default:
            title = rows.isEmpty ? "nothing" : "an API key; its rights cannot be narrowed"
            text = ""
        }
    }
}

/// IAM's JSON.
enum AWSPolicyText {
    private struct Policy: Encodable {
        let Version = "2012-10-17"
        let Statement: [Statement]
    }

    private struct Statement: Encodable {
        let Effect = "Allow"
        var Action: [String]
        var Resource: [String]
        var Condition: [String: [String: String]]?
    }

    /// Rights on the same things under the same condition are one statement.
    static func text(_ rows: [PermissionTable.Row], _ needs: PermissionNeeds) -> String {
        struct Scope: Hashable {
            var resources: [String]
            var condition: String
        }
        var order: [Scope] = []
        var actions: [Scope: [String]] = [:]
        for row in rows {
            // Several are parted by blanks.
            let resources = row.resource.split(separator: " ").flatMap { expand(String($0), needs) }
            let scope = Scope(resources: resources, condition: row.condition)
            if actions[scope] == nil { order.append(scope) }
            actions[scope, default: []].append(row.right)
        }
        let statements = order.map { scope in
            Statement(
                Action: (actions[scope] ?? []).sorted(), Resource: scope.resources,
                Condition: condition(scope.condition))
        }
        return encoded(Policy(Statement: statements))
    }

    private static func expand(_ resource: String, _ needs: PermissionNeeds) -> [String] {
        if resource.contains("{bucket}") {
            return needs.buckets.map { resource.replacing("{bucket}", with: $0) }
        }
        guard resource.contains("{region}") else { return [resource] }
        return needs.regions.map { resource.replacing("{region}", with: $0) }
    }

    private static func condition(_ name: String) -> [String: [String: String]]? {
        switch name {
        case "tagged": ["StringLike": ["aws:ResourceTag/\(MachineTag.run)": "*"]]
        case "tagging": ["StringLike": ["aws:RequestTag/\(MachineTag.run)": "*"]]
        default: nil
        }
    }
}

/// A role of Google Cloud's, as YAML.
enum GoogleRoleText {
    static func text(_ rows: [PermissionTable.Row]) -> String {
        let rights = Set(rows.filter { $0.resource != "self" }.map(\.right)).sorted()
        return """
            title: Sky
            description: What Sky needs for one plan
            stage: GA
            includedPermissions:

            """ + rights.map { "- \($0)\n" }.joined() + own(rows)
    }

    /// Rights of a service account on itself, which a role for a project would give on all accounts there.
    private static func own(_ rows: [PermissionTable.Row]) -> String {
        let rights = Set(rows.filter { $0.resource == "self" }.map(\.right)).sorted()
        guard !rights.isEmpty else { return "" }
        return """
            # Beside the role, for a service account without a key, so that nodes get signed addresses (\(rights.joined(separator: ", "))):
            #   gcloud iam service-accounts add-iam-policy-binding ACCOUNT --member serviceAccount:ACCOUNT \\
            #     --role roles/iam.serviceAccountTokenCreator

            """
    }
}

/// A role of Azure's, as JSON.
enum AzureRoleText {
    private struct Role: Encodable {
        let Name = "Sky"
        let Description = "What Sky needs for one plan"
        var Actions: [String]
        var DataActions: [String]
        let AssignableScopes = ["/subscriptions/SUBSCRIPTION"]
    }

    static func text(_ rows: [PermissionTable.Row]) -> String {
        // Rights to what is in a store are of another kind than rights to the store.
        func rights(ofData: Bool) -> [String] {
            Set(rows.filter { ($0.resource == "data") == ofData }.map(\.right)).sorted()
        }
        return encoded(Role(Actions: rights(ofData: false), DataActions: rights(ofData: true)))
    }
}

/// A role of Kubernetes, as YAML. Rights are `resource:verb`, or `group/resource:verb`.
enum KubernetesRoleText {
    static func text(_ rows: [PermissionTable.Row]) -> String {
        var order: [String] = []
        var verbs: [String: [String]] = [:]
        for row in rows {
            let parts = row.right.split(separator: ":").map(String.init)
            guard parts.count == 2 else { continue }
            if verbs[parts[0]] == nil { order.append(parts[0]) }
            verbs[parts[0], default: []].append(parts[1])
        }
        let isOfCluster = { (resource: String) in resource == "nodes" }
        let own = order.filter { !isOfCluster($0) }
        let common = order.filter(isOfCluster)
        let role = document("Role", own, verbs)
        return common.isEmpty ? role : role + "---\n" + document("ClusterRole", common, verbs)
    }

    private static func document(_ kind: String, _ resources: [String], _ verbs: [String: [String]]) -> String {
        let rules = resources.map { resource in
            let parts = resource.split(separator: "/", maxSplits: 1).map(String.init)
            let hasGroup = parts.count == 2 && parts[0].contains(".")
            let (group, name) = hasGroup ? (parts[0], parts[1]) : ("", resource)
            return
                "- {apiGroups: [\"\(group)\"], resources: [\(name)], verbs: [\((verbs[resource] ?? []).joined(separator: ", "))]}\n"
        }
        return """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: \(kind)
            metadata: {name: sky}
            rules:

            """ + rules.joined()
    }
}

private func encoded(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Texts only: it can always be encoded.
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) + "\n" } ?? ""
}
