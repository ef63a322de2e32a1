/// How people and Sky get into machines that cloud-init sets up.
public enum MachineLogin {
    /// The user that is made on every machine, whatever its image calls its own.
    public static let user = "sky"

    /// Lets `publicKey` in as `user`, and brings nothing else: the agent comes by OpenSSH. The mark says to agents that
    /// this user may be root there, as they must be to mount something for a job.
    public static func cloudInit(publicKey: String) -> String {
        """
        #cloud-config
        bootcmd:
          - [touch, /etc/sky-rented]
        users:
          - default
          - name: \(user)
            shell: /bin/bash
            lock_passwd: true
            sudo: "ALL=(ALL) NOPASSWD:ALL"
            ssh_authorized_keys:
              - "\(publicKey)"

        """
    }
}
