import Glibc
import SkyProcess

/// Puts what has come whole and right in its place: as a whole, or, where most of it is there already, what is new of it.
struct PackPlacement {
    let manifest: PackManifest
    /// Where what has come is.
    let pack: String
    let destination: String
    /// What the kernel says of those files of the manifest, by their number, that are in their place already.
    let kept: [Int: stat]

    func perform() throws(SystemError) {
        try makeLinks()
        if kept.isEmpty {
            try setModes(below: pack, except: [:])
            try Files.makeFolder(Disk.split(destination).folder)
            try Disk.replace(destination, by: pack)
        } else {
            try removeOthers()
            try moveIn()
            try setModes(below: destination, except: kept)
        }
    }

    private func place(of entry: PackManifest.Entry, below root: String) -> String {
        entry.path.isEmpty ? root : "\(root)/\(entry.path)"
    }

    private func makeLinks() throws(SystemError) {
        for entry in manifest.entries where entry.kind == .link {
            let place = place(of: entry, below: pack)
            try Disk.remove(place)
            guard symlink(entry.target, place) == 0 else { throw .last("make the link \(place)") }
        }
    }

    /// Everything's own mode from the innermost out: one may forbid writing, and what is not whole yet must be written to.
    private func setModes(below root: String, except known: [Int: stat]) throws(SystemError) {
        var number = manifest.entries.count { $0.kind == .file }
        for entry in manifest.entries.reversed() where entry.kind != .link {
            if entry.kind == .file { number -= 1 }
            let place = place(of: entry, below: root)
            var status = stat()
            if entry.kind == .file, let found = known[number] { status = found } else { lstat(place, &status) }
            if status.st_mode & 0o7777 == mode_t(entry.mode) { continue }
            guard chmod(place, mode_t(entry.mode)) == 0 else { throw .last("make \(place)") }
        }
    }

    // MARK: File by file

    /// Takes away what is not to be there, or is of another kind.
    private func removeOthers() throws(SystemError) {
        var expected: [String: Expected] = [:]
        expected.reserveCapacity(manifest.entries.count)
        var number = 0
        for entry in manifest.entries {
            expected[entry.path] = Expected(
                kind: entry.kind, isThere: entry.kind == .file && kept[number] != nil)
            if entry.kind == .file { number += 1 }
        }
        try removeOthers(in: "", expected)
    }

    private struct Expected {
        var kind: PackManifest.Entry.Kind
        var isThere: Bool
    }

    private func removeOthers(in folder: String, _ expected: [String: Expected]) throws(SystemError) {
        let root = folder.isEmpty ? destination : "\(destination)/\(folder)"
        var status = stat()
        // Not even its owner may be able to change what is in it.
        if lstat(root, &status) == 0, status.st_mode & 0o700 != 0o700 { chmod(root, 0o700) }
        for name in Files.names(in: root) {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            let entry = expected[path]
            if entry?.isThere ?? false { continue }
            let kind = entry?.kind
            // A file is replaced by a file in one step.
            if kind == .file, Disk.kind("\(root)/\(name)") != S_IFDIR { continue }
            guard kind == .folder, Disk.kind("\(root)/\(name)") == S_IFDIR else {
                try Disk.remove("\(root)/\(name)")
                continue
            }
            try removeOthers(in: path, expected)
        }
    }

    private func moveIn() throws(SystemError) {
        var number = 0
        for entry in manifest.entries {
            let place = place(of: entry, below: destination)
            switch entry.kind {
            case .folder: try Files.makeFolder(place, mode: 0o700)
            case .link: try Disk.rename(self.place(of: entry, below: pack), to: place)
            case .file:
                if kept[number] == nil { try Disk.rename(self.place(of: entry, below: pack), to: place) }
                number += 1
            }
        }
    }
}
