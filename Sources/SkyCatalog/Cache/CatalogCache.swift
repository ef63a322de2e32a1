import Glibc

/// The image of a catalog in a folder of things that can be made again. Read by mapping it; made once per state of the
/// inputs, by one process while the others wait; replaced by renaming, so that nobody ever sees half of one.
struct CatalogCache {
    private let folder: String
    private let path: String

    /// - Parameters:
    ///   - folder: made when it is not there.
    ///   - key: what tells this catalog from another one in the same folder, such as the folder of its files.
    init(folder: String, key: String) {
        self.folder = folder
        // FNV-1a: a file's name, not a secret.
        let hash = key.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        path = "\(folder)/catalog-\(String(hash, radix: 16)).image"
    }

    /// The image, if there is a whole one made of inputs in this state.
    func image(stamp: String) -> ImageBytes? {
        guard let bytes = ImageBytes(mapping: path), var reader = try? ImageReader(bytes) else { return nil }
        guard let found = try? reader.text(), found == stamp else { return nil }
        return bytes
    }

    /// The image as it is, or as `build` makes it. Where the folder cannot be written, the image is in memory only.
    func image<Failure>(
        stamp: String, build: () throws(Failure) -> [UInt8]
    ) throws(Failure) -> ImageBytes {
        if let found = image(stamp: stamp) { return found }
        makeFolder()
        let lock = open("\(path).lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { if lock >= 0 { close(lock) } }
        if lock >= 0 {
            while flock(lock, LOCK_EX) != 0, errno == EINTR {}
            // Somebody else may have made it while this process waited.
            if let found = image(stamp: stamp) { return found }
        }
        let bytes = try build()
        if lock >= 0, replaceFile(path, with: bytes), let found = image(stamp: stamp) { return found }
        return ImageBytes(copying: bytes)
    }

    private func makeFolder() {
        var part = folder.hasPrefix("/") ? "" : "."
        for name in folder.split(separator: "/") {
            part += "/\(name)"
            mkdir(part, 0o700)
        }
    }
}
