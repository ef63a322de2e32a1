/// Kubernetes' words for what becomes of pods, in plain ones.
enum PodReason {
    private static let meanings = [
        "OOMKilled": "it used more memory than it has",
        "Evicted": "its node ran out of disk, memory or process numbers",
        "PreemptionByScheduler": "a pod of higher priority has its place now",
        "Preempting": "a pod of higher priority has its place now",
        "DeletionByTaintManager": "its node does not answer, or was closed for pods like it",
        "EvictionByEvictionAPI": "its node is being emptied",
        "DeletionByPodGC": "its node is no more",
        "TerminationByKubelet": "its node needed the room, or is being shut down",
        "NodeLost": "its node does not answer",
        "NodeShutdown": "its node was shut down",
        "Terminated": "its node was shut down",
        "ImagePullBackOff": "its image cannot be had",
        "ErrImagePull": "its image cannot be had",
        "InvalidImageName": "its image has no proper name",
        "Unschedulable": "no node has room for it",
        "SchedulingGated": "something in the cluster holds it back",
        "CreateContainerConfigError": "a secret or a setting that it names is not there",
        "Completed": "its container has ended",
    ]

    static func words(_ code: String, _ words: String) -> String {
        guard let meaning = meanings[code] else { return words }
        return words == code || words.isEmpty ? "\(code): \(meaning)" : "\(meaning); \(words)"
    }
}
