import SkyCore
import SkyHTTP

extension ComputeEngine {
    /// Google's guest agent writes them to the machine's guest attributes; cloud-init prints them to its console.
    func hostKeys(of machine: CloudMachine) async throws(ProviderError) -> HostKeys {
        guard let zone = machine.zone else { return .notYet }
        let path = "/zones/\(zone)/instances/\(machine.id)"
        do throws(GoogleFailure) {
            do throws(GoogleFailure) {
                let told = try await api.answer(
                    Compute.GuestAttributes.self,
                    call(.get, "\(path)/getGuestAttributes", [("queryPath", "hostkeys/")]))
                let keys = GoogleHostKeys.lines(told)
                if !keys.isEmpty { return .told(keys) }
            } catch { guard error.isNotFound else { throw error } }
            let console = try await api.answer(
                Compute.SerialPort.self, call(.get, "\(path)/serialPort", [("port", "1")]))
            let keys = ConsoleHostKeys.keys(in: console.contents ?? "")
            return keys.isEmpty ? .notYet : .told(keys)
        } catch { throw error.error }
    }
}

enum GoogleHostKeys {
    private static let kinds: Set<String> = ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"]

    static func lines(_ told: Compute.GuestAttributes) -> [String] {
        (told.queryValue?.items ?? []).filter { kinds.contains($0.key) && isWord($0.value) }
            .map { "\($0.key) \($0.value)" }.sorted()
    }

    private static func isWord(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
    }
}
