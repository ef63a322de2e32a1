import Glibc
import SkyCore
import SkyProcess
import SkyStorage

/// What `sky storage cp` is to do: a value, made before anything is copied.
struct CopyPlan: Sendable {
    enum Place: Hashable, Sendable {
        case file(String)
        case object(ObjectURL)

        var url: ObjectURL? {
            if case .object(let url) = self { return url }
            return nil
        }
    }

    struct Item: Sendable {
        let source: Place
        let destination: Place
        let size: DataSize
        /// Of an object that comes from a listing.
        var known: StoredObject?
    }

    private(set) var items: [Item] = []
    /// What is no file and no folder, or leads to a folder: not copied.
    private(set) var leftOut: [String] = []

    var size: DataSize { items.reduce(.zero) { $0 + $1.size } }

    /// - Throws: `CommandFailure` when source and destination do not go together; what the store says of the source.
    init(from source: String, to destination: String, recursive: Bool, _ stores: ChosenStores) async throws {
        switch (source.contains("://"), destination.contains("://")) {
        case (false, false):
            throw CommandFailure(
                .wrongRequest, "neither '\(source)' nor '\(destination)' is in a bucket",
                hints: ["cp \(source) \(destination)", "sky storage cp \(source) s3://bucket/key"])
        case (false, true):
            try addFiles(source, to: try StorageOptions.url(destination), recursive: recursive)
        case (true, let isObject):
            let end = isObject ? Place.object(try StorageOptions.url(destination)) : .file(absolutePath(destination))
            try await addObjects(
                try StorageOptions.url(source), to: end, isFolder: destination.hasSuffix("/"), recursive: recursive,
                stores)
        }
    }

    // MARK: From this machine

    private mutating func addFiles(_ source: String, to url: ObjectURL, recursive: Bool) throws {
        let path = absolutePath(source.count > 1 && source.hasSuffix("/") ? String(source.dropLast()) : source)
        guard let status = Self.status(path) else {
            throw CommandFailure(.wrongRequest, "there is no '\(source)'")
        }
        guard status.isFolder else {
            let name = path.split(separator: "/").last.map { String($0) } ?? ""
            var end = url
            if end.isFolder { end.key += name }
            items = [Item(source: .file(path), destination: .object(end), size: status.size)]
            return
        }
        guard recursive else {
            throw CommandFailure(
                .wrongRequest, "'\(source)' is a folder: say --recursive to copy all that is in it",
                hints: ["sky storage cp --recursive \(source) \(url)"])
        }
        addFolder(path, "", to: url.asFolder)
    }

    private mutating func addFolder(_ root: String, _ inside: String, to url: ObjectURL) {
        for name in Files.names(in: "\(root)/\(inside)").sorted() {
            let relative = inside + name
            let path = "\(root)/\(relative)"
            var link = stat()
            let isLink = lstat(path, &link) == 0 && link.st_mode & S_IFMT == S_IFLNK
            guard let status = Self.status(path), status.isFile || (status.isFolder && !isLink) else {
                leftOut.append(relative)
                continue
            }
            if status.isFolder {
                addFolder(root, "\(relative)/", to: url)
            } else {
                let end = url.with(key: url.key + relative)
                items.append(Item(source: .file(path), destination: .object(end), size: status.size))
            }
        }
    }

    private static func status(_ path: String) -> (isFolder: Bool, isFile: Bool, size: DataSize)? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let kind = status.st_mode & S_IFMT
        return (kind == S_IFDIR, kind == S_IFREG, DataSize(bytes: Int64(status.st_size)))
    }

    // MARK: From a bucket

    private mutating func addObjects(
        _ url: ObjectURL, to end: Place, isFolder: Bool, recursive: Bool, _ stores: ChosenStores
    ) async throws {
        let store = try stores.store(of: url)
        guard recursive else {
            guard !url.key.isEmpty, let object = try await store.object(url) else {
                throw CommandFailure(
                    .wrongRequest, "there is no object \(url)",
                    hints: ["sky storage ls \(url)", "sky storage cp --recursive \(url) …"])
            }
            let destination = try Self.place(end, url.name, isFolder: isFolder)
            items = [Item(source: .object(url), destination: destination, size: object.size, known: object)]
            return
        }
        let start = url.asFolder
        var objects: [StoredObject] = []
        try await store.eachPage(of: start) { objects += $0.objects }
        guard !objects.isEmpty else {
            throw CommandFailure(.wrongRequest, "there is nothing at \(start)", hints: ["sky storage ls \(url)"])
        }
        for object in objects where !object.key.hasSuffix("/") {
            let relative = String(object.key.dropFirst(start.key.count))
            let source = start.with(key: object.key)
            items.append(
                Item(
                    source: .object(source), destination: try Self.place(end, relative, isFolder: true),
                    size: object.size, known: object))
        }
    }

    /// - Throws: for a key that would leave the folder it is copied into.
    private static func place(_ end: Place, _ relative: String, isFolder: Bool) throws -> Place {
        switch end {
        case .object(var url):
            if isFolder || url.key.isEmpty { url.key = url.asFolder.key + relative }
            return .object(url)
        case .file(let path):
            guard ObjectURL.isPath(relative) else {
                throw CommandFailure(
                    .wrongRequest,
                    "the key '\(relative)' cannot be the path of a file: copy it by itself, to a name of yours")
            }
            return .file(isFolder || Files.isFolder(path) ? "\(path)/\(relative)" : path)
        }
    }
}
