import SkyHTTP

/// Looks for credentials where Google's own libraries look, in their order.
struct ApplicationDefaultCredentials {
    let credential: any GoogleCredential
    /// Where they were found, for people.
    let source: String

    static func find(in surroundings: GoogleSurroundings) async throws(CredentialFailure) -> Self {
        if let name = surroundings.variable("GOOGLE_APPLICATION_CREDENTIALS") {
            let path = surroundings.path(name)
            guard let bytes = try surroundings.read(path) else {
                throw CredentialFailure(
                    .missing, "\(path), which GOOGLE_APPLICATION_CREDENTIALS names, is not there")
            }
            return Self(credential: try CredentialReader.read(bytes, from: path), source: path)
        }
        let path = "\(surroundings.gcloudFolder)/application_default_credentials.json"
        if let bytes = try surroundings.read(path) {
            return Self(credential: try CredentialReader.read(bytes, from: path), source: path)
        }
        if let server = await MetadataServer.find(in: surroundings) {
            return Self(credential: server, source: "the machine's service account (\(server.origin))")
        }
        throw CredentialFailure(
            .missing,
            "no Google credentials: looked in GOOGLE_APPLICATION_CREDENTIALS, \(path) and the machine's own (metadata "
                + "server). Type: gcloud auth application-default login, or name a key: "
                + "export GOOGLE_APPLICATION_CREDENTIALS=key.json")
    }
}
