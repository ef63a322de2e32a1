import SkyProviders

/// Who a cloud takes us for, in words.
enum IdentityWords {
    /// `you are arn:aws:iam::123456789012:user/ada (account 123456789012), by profile work; 17 regions are open`
    static func line(_ identity: CloudIdentity) -> String {
        var text = "you are \(identity.name)"
        if let account = identity.account { text += " (account \(account))" }
        if let source = identity.source { text += ", by \(source)" }
        if let regions = identity.regions {
            text += "; \(regions.count == 1 ? "region" : "\(regions.count) regions,") \(Self.some(of: regions))"
        }
        return text
    }

    private static func some(of regions: [String]) -> String {
        regions.count > 4 ? regions.prefix(3).joined(separator: ", ") + ", …" : regions.joined(separator: ", ")
    }
}
