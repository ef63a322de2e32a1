import Glibc
import SkyProcess

/// The folder that is a node's whole disk, and what paths within it mean.
public struct NodePaths: Sendable {
    /// Absolute, without links.
    public let path: String

    public init(path: String) { self.path = path }

    /// Where `relative` is; `..` does not lead above the node, as on a real machine it does not lead above `/`.
    public func absolutePath(_ relative: String) -> String {
        join(parts(of: relative).reduce(into: []) { if $1 == ".." { _ = $0.popLast() } else { $0.append($1) } })
    }

    /// Where something on the node is, with all links followed; nil when it is not there or leads out of the node.
    public func existing(_ relative: String) throws(EscapesNode) -> String? {
        let parts = try inside(relative)
        if !parts.isEmpty, isFreeOfLinks(parts) { return join(parts) }
        guard let resolved = Files.absolutePath(join(parts)) else { return nil }
        guard contains(resolved) else { throw EscapesNode(path: relative) }
        return resolved
    }

    /// Where something new may be put. What stands there may be a link: it is replaced, not followed.
    public func replaceable(_ relative: String) throws(EscapesNode) -> String {
        let parts = try inside(relative)
        guard let name = parts.last else { throw EscapesNode(path: relative) }
        var known = Array(parts.dropLast())
        var missing: [Substring] = []
        // The part of the way that exists decides; the rest will be made below it.
        while true {
            if let resolved = Files.absolutePath(join(known)) {
                guard contains(resolved) else { throw EscapesNode(path: relative) }
                return ([resolved] + missing.reversed().map(String.init) + [String(name)]).joined(separator: "/")
            }
            // Something is there but leads nowhere: a link to what is not there yet.
            guard Disk.kind(join(known)) == nil, let last = known.popLast() else { throw EscapesNode(path: relative) }
            missing.append(last)
        }
    }

    /// All of it is there, and none of it is a link: following links would lead nowhere else.
    private func isFreeOfLinks(_ parts: [Substring]) -> Bool {
        var path = self.path
        return parts.allSatisfy { part in
            path += "/\(part)"
            return Disk.kind(path).map { $0 != S_IFLNK } ?? false
        }
    }

    private func inside(_ relative: String) throws(EscapesNode) -> [Substring] {
        guard !relative.hasPrefix("/"), !relative.utf8.contains(0) else { throw EscapesNode(path: relative) }
        var inside: [Substring] = []
        for part in parts(of: relative) {
            if part != ".." {
                inside.append(part)
            } else if inside.popLast() == nil {
                throw EscapesNode(path: relative)
            }
        }
        return inside
    }

    private func parts(of relative: String) -> [Substring] { relative.split(separator: "/").filter { $0 != "." } }

    private func join(_ parts: [Substring]) -> String {
        ([path] + parts.map(String.init)).joined(separator: "/")
    }

    private func contains(_ resolved: String) -> Bool { resolved == path || resolved.hasPrefix("\(path)/") }
}

/// A path that does not stay on its node.
public struct EscapesNode: Error, CustomStringConvertible {
    public var path: String

    public init(path: String) { self.path = path }

    public var description: String { "the path '\(path)' does not stay inside the node's folder" }
}
