import Glibc
public import SkyCore

extension BucketArtifactStore {
    public var rules: PartRules { store.rules }

    public func admit(
        _ remotes: [RemoteBlob], of holder: String, lasting: TimeSpan
    ) async throws(StorageError) -> [BlobGrants]? {
        try await prepare()
        let granted = Collected<BlobGrants>()
        try await concurrently(remotes, width: Self.crowd) { remote async throws(StorageError) in
            if let grants = try await admit(remote, of: holder, lasting: lasting) { granted.add(grants) }
        }
        guard granted.all.count == remotes.count else { return nil }
        return granted.all
    }

    public func settle(_ remotes: [RemoteBlob], of holder: String) async throws(StorageError) -> [RemoteBlob] {
        let unsettled = Collected<Int>()
        try await concurrently(remotes.indices, width: Self.crowd) { index async throws(StorageError) in
            if try await !settle(remotes[index], of: holder) { unsettled.add(index) }
        }
        return unsettled.all.sorted().map { remotes[$0] }
    }

    public func dismiss(_ remotes: [RemoteBlob], of holder: String) async throws(StorageError) {
        try await concurrently(remotes, width: Self.crowd) { remote async throws(StorageError) in
            let path = statePath(of: remote, holder)
            guard let upload = UploadState.read(path)?.upload else { return }
            try await store.abandonUpload(upload, to: url(ofBlob: remote.blob.digest))
            unlink(path)
        }
    }

    private func admit(
        _ remote: RemoteBlob, of holder: String, lasting: TimeSpan
    ) async throws(StorageError) -> BlobGrants? {
        let (url, file) = (url(ofBlob: remote.blob.digest), remote.file)
        func granted(_ grants: [WriteGrant]) -> BlobGrants {
            BlobGrants(blob: remote.blob, grants: grants, isOrdered: rules.isOrdered)
        }
        if file.size == 0 {
            try await store.put([], digest: file.whole, at: url, existing: .keep)
            return granted([])
        }
        if file.size <= rules.longestCall, let grant = try await store.writeGrant(for: file, at: url, lasting: lasting)
        {
            return granted([grant])
        }
        guard let (upload, have) = try await upload(of: remote, holder) else { return granted([]) }
        var grants: [WriteGrant] = []
        for number in 1...PartPlan(size: file.size, rules).count where !have.contains(number) {
            guard
                let grant = try await store.writeGrant(
                    forPart: number, of: upload, to: url, file, lasting: lasting)
            else {
                try await dismiss([remote], of: holder)
                return nil
            }
            grants.append(grant)
        }
        return granted(grants)
    }

    /// One that was begun before, with the parts that have arrived, or a new one; nil when the blob has come to be there.
    private func upload(
        of remote: RemoteBlob, _ holder: String
    ) async throws(StorageError) -> (upload: String, have: Set<Int>)? {
        let (url, path) = (url(ofBlob: remote.blob.digest), statePath(of: remote, holder))
        if let state = UploadState.read(path), state.fingerprint == remote.file, let upload = state.upload,
            let parts = try await store.parts(of: upload, to: url, remote.file)
        {
            return (upload, Set(remote.held(parts, rules).map(\.number)))
        }
        guard let upload = try await store.beginUpload(of: remote.file, to: url, existing: .keep) else { return nil }
        try await offPool { _ throws(StorageError) in
            try FileTree.makeFolders(FileTree.parent(of: path), mode: 0o700)
            try UploadState(fingerprint: remote.file, upload: upload).write(path)
        }
        return (upload, [])
    }

    private func settle(_ remote: RemoteBlob, of holder: String) async throws(StorageError) -> Bool {
        let (url, path) = (url(ofBlob: remote.blob.digest), statePath(of: remote, holder))
        if try await holds(remote) {
            unlink(path)
            return true
        }
        // What goes in order ends by itself.
        guard !rules.isOrdered, let upload = UploadState.read(path)?.upload,
            let arrived = try await store.parts(of: upload, to: url, remote.file)
        else { return false }
        let parts = remote.held(arrived, rules)
        guard parts.count == PartPlan(size: remote.file.size, rules).count else { return false }
        do {
            let isNew = try await store.finishUpload(upload, to: url, remote.file, parts: parts, existing: .keep)
            if !isNew { try await store.abandonUpload(upload, to: url) }
        } catch .service(let error) where error.isGone {
            // The answer to an earlier try was lost: then the object is there.
        }
        guard try await holds(remote) else { return false }
        unlink(path)
        return true
    }

    private func holds(_ remote: RemoteBlob) async throws(StorageError) -> Bool {
        guard let object = try await store.object(url(ofBlob: remote.blob.digest)) else { return false }
        return object.size == remote.blob.size && object.digest == remote.blob.digest
    }

    private func statePath(of remote: RemoteBlob, _ holder: String) -> String {
        let key = ArtifactDigest(hashing: Array("\(origin)\0\(root)\0\(holder)\0\(remote.blob.digest)".utf8))
        return "\(scratch.root)/uploads/\(key.hex.prefix(32))"
    }
}

extension RemoteBlob {
    /// Parts that are what they should be, each once and in order, with our checksums: not every server tells those that it has,
    /// and all want them in the end.
    fileprivate func held(_ parts: [UploadedPart], _ rules: PartRules) -> [UploadedPart] {
        let plan = PartPlan(size: file.size, rules)
        var held: [Int: UploadedPart] = [:]
        for part in parts where (1...plan.count).contains(part.number) {
            let checksum = rules.isOrdered ? nil : file.checksums[part.number - 1]
            guard part.size == Int64(plan[part.number - 1].count), part.checksum == nil || part.checksum == checksum
            else { continue }
            held[part.number] = UploadedPart(
                number: part.number, tag: part.tag, size: part.size, checksum: checksum)
        }
        return held.values.sorted { $0.number < $1.number }
    }
}
