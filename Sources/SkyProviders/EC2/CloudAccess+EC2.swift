import SkyAWS
import SkyCore

extension CloudAccess {
    func ec2(
        _ profile: AdapterProfile, _ section: CloudSection, _ errors: ErrorTable
    ) throws(DiagnosticsError) -> EC2Cloud {
        let surroundings = AWSSurroundings(environment: environment, caller: caller, now: now)
        do throws(AWSError) {
            let identity = try AWSSettings(profile: section["profile"], in: surroundings)
            return EC2Cloud(
                provider: profile.name, settings: section, identity: identity, errors: errors,
                quotas: EC2QuotaTable(profile.name, in: providers))
        } catch {
            throw DiagnosticsError(
                [Diagnostic(code: "clouds.profile", path: settings.path, message: error.message)], sources: [])
        }
    }
}
