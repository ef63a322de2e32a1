import SkyCore
import SkyYAML

/// What is copied to the nodes of a stage: `workdir`, `file_mounts`, and the files that the commands name.
struct CodeResolver {
    let reading: Reading

    func resolve(_ draft: StageDraft, inputs: [StageInput], _ variables: StageVariables) -> StageCode {
        var code = StageCode()
        for draft in draft.mounts {
            for mount in resolve(draft, variables) {
                if code.mounts.contains(where: { Self.plain($0.target) == Self.plain(mount.target) }) {
                    reading.error(
                        "spec.duplicate", at: draft.target.range, "'\(mount.target)' is mounted twice",
                        expected: "each path on the node once")
                } else {
                    code.mounts.append(mount)
                }
            }
        }
        if let workdir = draft.workdir {
            code.workdir = folder(workdir, variables)
        } else if draft.repository == nil, !RepositoryFields.fills(draft.setup?.value) {
            code.mounts += namedFiles(draft, inputs: inputs, besides: code.mounts)
        }
        return code
    }

    /// `setup`, with what brings a repository before it.
    func setup(of draft: StageDraft, _ variables: StageVariables) -> String? {
        guard let repository = draft.repository, let address = repository.url else { return draft.setup?.value }
        let ref = repository.ref.map { reading.expand($0, variables) }
        guard let url = reading.expand(address, variables), ref == nil || ref != .some(nil) else { return nil }
        let script = RepositoryFields.script(url: url, ref: ref ?? nil)
        return draft.setup.map { "\(script)\n\($0.value)" } ?? script
    }

    private func folder(_ workdir: Located<String>, _ variables: StageVariables) -> String? {
        guard let text = reading.expand(workdir, variables),
            let path = reading.existingPath(text, at: workdir.range, what: "workdir")
        else { return nil }
        if reading.files.kind(of: path) == .folder { return path }
        reading.error("spec.no-file", at: workdir.range, "workdir: '\(text)' is a file", expected: "a folder")
        return nil
    }

    private func resolve(_ mount: MountDraft, _ variables: StageVariables) -> [StageCode.Mount] {
        guard let target = reading.expand(mount.target, variables) else { return [] }
        guard !target.isEmpty, !target.split(separator: "/").contains("..") else {
            reading.error(
                "spec.bad-path", at: mount.target.range, "'\(target)' cannot be a path on the node",
                expected: "a path without '..'")
            return []
        }
        guard Self.isUsual(target) else {
            reading.error(
                "spec.bad-path", at: mount.target.range, "'\(target)' cannot be mounted upon",
                expected: "a path inside the working directory, in the home folder (~/data), or one such as /data")
            return []
        }
        return mount.sources.compactMap { source in
            guard let text = reading.expand(source, variables) else { return nil }
            let place = mount.sources.count == 1 ? target : "\(target)/\(PathText.lastComponent(text))"
            if let scheme = PathText.scheme(of: text) {
                guard PathText.schemes.contains(scheme) else {
                    reading.complain(aboutScheme: scheme, "spec.bad-mount", at: source.range)
                    return nil
                }
                return StageCode.Mount(target: place, source: text, mode: MountFields.mode(of: mount))
            }
            guard let path = reading.existingPath(text, at: source.range, what: "mount '\(target)'") else { return nil }
            return StageCode.Mount(target: place, source: path)
        }
    }

    /// Only what is mounted is on the node, and only what is mounted is part of what a finished stage is known by:
    /// so files that the commands name come along without being asked for.
    private func namedFiles(
        _ draft: StageDraft, inputs: [StageInput], besides mounts: [StageCode.Mount]
    ) -> [StageCode.Mount] {
        var taken = Set(mounts.map { Self.plain($0.target) })
        for input in inputs {
            if case .path(let path) = input.source {
                taken.insert(Self.plain(PathText.shown(path, in: reading.directory)))
            }
        }
        var found: [StageCode.Mount] = []
        for word in ShellWords.of(draft.setup?.value) + ShellWords.of(draft.run?.value) {
            let target = Self.plain(word)
            guard !target.isEmpty, !word.hasPrefix("/"), !word.split(separator: "/").contains(".."),
                !taken.contains(target)
            else { continue }
            let path = PathText.absolute(target, in: reading.directory)
            // A bare word may be a folder's name by chance; one with a slash is meant as a path.
            guard let kind = reading.files.kind(of: path), kind == .file || word.contains("/") else { continue }
            taken.insert(target)
            found.append(StageCode.Mount(target: target, source: path))
        }
        return found
    }

    /// What the system lives in is not.
    private static func isUsual(_ target: String) -> Bool {
        let path = plain(target)
        if path.hasPrefix("~") { return path.hasPrefix("~/") }
        let first = path.split(separator: "/").first ?? ""
        return path.hasPrefix("/") ? !["", "proc", "sys", "dev"].contains(first) : true
    }

    /// `./a//b/` and `a/b` are the same place.
    private static func plain(_ path: String) -> String {
        let parts = path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
        return path.hasPrefix("/") ? "/" + parts : parts
    }
}

/// The words of a shell script, near enough to find file names among them.
enum ShellWords {
    static func of(_ script: String?) -> [String] {
        var words: [String] = []
        for line in (script ?? "").split(whereSeparator: \.isNewline) {
            for word in line.split(whereSeparator: { $0.isWhitespace || separators.contains($0) }) {
                if word.hasPrefix("#") { break }
                words.append(String(word))
            }
        }
        return words
    }

    /// What ends a word in a shell, quotes and assignments included: `--config=a.yaml` names `a.yaml`.
    private static let separators: Set<Character> = [
        ";", "|", "&", "(", ")", "<", ">", "\"", "'", "`", "=", "{", "}", ",",
    ]
}
