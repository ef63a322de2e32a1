import FoundationEssentials
import SkyCore

/// A manifest's canonical JSON: keys in order, no white space, paths in the order of their bytes. Written by hand,
/// because a folder's digest must not change with the version of a JSON library.
///
///     {"entries":[{"digest":"sha256:…","executable":false,"path":"a","size":3,"type":"file"}],"version":1}
enum ManifestText {
    static func write(_ entries: [FolderManifest.Entry]) -> [UInt8] {
        var text = #"{"entries":["#
        for (index, entry) in entries.enumerated() {
            if index > 0 { text += "," }
            let path = quoted(entry.path)
            switch entry.kind {
            case .folder: text += #"{"path":\#(path),"type":"folder"}"#
            case .link(let target): text += #"{"path":\#(path),"target":\#(quoted(target)),"type":"link"}"#
            case .file(let blob, let isExecutable):
                text += #"{"digest":"\#(blob.digest)","executable":\#(isExecutable),"path":\#(path),"#
                text += #""size":\#(blob.size.bytes),"type":"file"}"#
            }
        }
        text += #"],"version":1}"#
        return Array(text.utf8)
    }

    static func read(_ bytes: [UInt8]) throws(StorageError) -> [FolderManifest.Entry] {
        let text: Text
        do {
            text = try JSONDecoder().decode(Text.self, from: Data(bytes))
        } catch {
            throw .badManifest(reason: "not the JSON of one")
        }
        guard text.version == 1 else {
            throw .badManifest(reason: "of version \(text.version), made by a newer sky; this one reads version 1")
        }
        var entries: [FolderManifest.Entry] = []
        entries.reserveCapacity(text.entries.count)
        for line in text.entries {
            guard let kind = line.kind else { throw .badManifest(reason: "'\(line.path)' is incomplete") }
            entries.append(FolderManifest.Entry(path: line.path, kind: kind))
        }
        return entries
    }

    private struct Text: Decodable {
        var version: Int
        var entries: [Line]
    }

    private struct Line: Decodable {
        var path: String
        var type: String
        var digest: ArtifactDigest?
        var executable: Bool?
        var size: Int64?
        var target: String?

        var kind: FolderManifest.Kind? {
            switch (type, digest, executable, size, target) {
            case ("folder", nil, nil, nil, nil): .folder
            case ("link", nil, nil, nil, let target?): .link(target: target)
            case ("file", let digest?, let executable?, let size?, nil):
                .file(Blob(digest: digest, size: DataSize(bytes: size)), isExecutable: executable)
            default: nil
            }
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
