import SkyCore
import SkyHTTP

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Makes machines of what the cloud tells.
extension RESTCloud {
    /// Nil of what is not ours.
    func machine(_ raw: JSONValue) -> CloudMachine? {
        let paths = description.machine
        func text(_ path: JSONPath?) -> String? { path.flatMap { $0.value(in: raw)?.text } }
        let tags = tags(of: raw)
        guard let id = text(paths.id), let token = tags[MachineTag.token], GroupFolder.isName(token),
            let run = tags[MachineTag.run].flatMap({ RunID($0) }),
            let rank = tags[MachineTag.rank].flatMap({ Int($0) }),
            let nodes = tags[MachineTag.nodes].flatMap({ Int($0) }), (0..<nodes).contains(rank)
        else { return nil }
        // A word that nobody knows yet is waited out.
        let meaning = text(paths.state).flatMap { description.states[$0] } ?? .init(state: .pending)
        var machine = CloudMachine(
            id: id, token: token, run: run, rank: rank, numNodes: nodes, state: meaning.state,
            region: tags[RESTTags.region] ?? text(paths.region) ?? "", zone: text(paths.zone),
            instanceType: tags[RESTTags.type] ?? text(paths.type) ?? "")
        machine.isSpot = paths.spot.flatMap { $0.value(in: raw)?.isTrue } ?? false
        machine.publicAddress = text(paths.publicAddress).flatMap { $0.isAddress ? $0 : nil }
        machine.privateAddress = text(paths.privateAddress).flatMap { $0.isAddress ? $0 : nil }
        machine.sshPort = paths.sshPort.flatMap { $0.value(in: raw)?.integer }
        machine.ports = ports(of: raw)
        machine.createdAt = text(paths.created).flatMap(Self.instant)
        machine.failure = meaning.failure
        if meaning.state == .ended || meaning.state == .ending {
            machine.reason = text(paths.reason) ?? "\(provider) calls it '\(text(paths.state) ?? "")'"
        }
        return misplaced(machine) ?? machine
    }

    /// One that the cloud has put elsewhere than it was asked to is no use: data may have to stay where they are.
    private func misplaced(_ machine: CloudMachine) -> CloudMachine? {
        guard machine.isAlive, let zone = machine.zone,
            let allowed = description.places[machine.region]?["zones"]?.elements?.compactMap(\.text),
            !allowed.contains(zone)
        else { return nil }
        var machine = machine
        machine.state = .ending
        machine.failure = .noCapacity
        machine.reason = "it was put into \(zone), which is not in \(machine.region)"
        return machine
    }

    private func tags(of raw: JSONValue) -> [String: String] {
        guard let kept = description.machine.tags.value(in: raw) else { return [:] }
        switch description.machine.tagForm {
        case .pairs:
            let pairs = (kept.elements ?? []).compactMap { pair -> (String, String)? in
                guard let key = pair["key"]?.text, let value = pair["value"]?.text else { return nil }
                return (key, value)
            }
            return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
        case .map, .variables:
            guard case .object(let entries) = kept else { return [:] }
            let isMap = description.machine.tagForm == .map
            let names = entries.compactMap { entry in
                entry.value.text.map { (isMap ? entry.key : entry.key.lowercased().replacing("_", with: "-"), $0) }
            }
            return Dictionary(names, uniquingKeysWith: { first, _ in first })
        case .words: return Self.tags(in: (kept.elements ?? []).compactMap(\.text))
        case .text: return Self.tags(in: (kept.text ?? "").split(separator: " ").map(String.init))
        }
    }

    private static func tags(in words: [String]) -> [String: String] {
        let pairs = words.compactMap { word -> (String, String)? in
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            return parts.count == 2 ? (parts[0], parts[1]) : nil
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    private func ports(of raw: JSONValue) -> [Int: Int] {
        let paths = description.machine
        guard let items = paths.ports, let inside = paths.portInside, let outside = paths.portOutside else {
            return [:]
        }
        let pairs = items.values(in: raw).compactMap { item -> (Int, Int)? in
            guard let inner = inside.value(in: item)?.integer, let outer = outside.value(in: item)?.integer,
                [inner, outer].allSatisfy({ (1...65_535).contains($0) })
            else { return nil }
            return (inner, outer)
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    /// RFC 3339, with or without fractions and zone; or seconds since 1970.
    private static func instant(_ text: String) -> Instant? {
        if let seconds = Double(text) { return Instant(secondsSince1970: seconds) }
        let whole = text.split(separator: ".").first.map(String.init) ?? text
        let zoned =
            whole.hasSuffix("Z") || whole.dropFirst(10).contains(where: { "+-".contains($0) }) ? whole : whole + "Z"
        guard let date = try? Date(zoned.replacing(" ", with: "T"), strategy: .iso8601) else { return nil }
        return Instant(secondsSince1970: date.timeIntervalSince1970)
    }
}
