"""What an API server keeps, and what controllers, scheduler and kubelets make of it."""

import os
import threading
import time
import uuid

from machines import Container, amount, requests_of, why_not


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class Cluster:
    def __init__(self, folder):
        self.folder = folder
        self.lock = threading.RLock()
        self.version = 1
        self.nodes, self.pods, self.events = {}, {}, []
        self.containers = {}
        self.images = []  # {"image": prefix, "delay": seconds} or {"image": prefix, "error": reason, "message": text}
        self.quota = None  # how many pods the namespace may have
        self.namespaces = None  # those that there are; all that anybody asks for if nobody has said
        self.eviction_delay = 0.2
        self.is_scheduling = True
        threading.Thread(target=self._loop, daemon=True).start()

    # What is there

    def touch(self, thing):
        self.version += 1
        thing["metadata"]["resourceVersion"] = str(self.version)

    def add_node(self, name, allocatable, labels=None, taints=None):
        with self.lock:
            node = {
                "metadata": {"name": name, "uid": str(uuid.uuid4()), "creationTimestamp": now(),
                             "labels": {"kubernetes.io/hostname": name, "kubernetes.io/arch": "amd64",
                                        "kubernetes.io/os": "linux", **(labels or {})}},
                "spec": {"taints": taints} if taints else {},
                "status": {"capacity": allocatable, "allocatable": {"pods": "110", **allocatable},
                           "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]},
            }
            self.touch(node)
            self.nodes[name] = node

    def event(self, pod, reason, message, kind="Warning"):
        with self.lock:
            name = pod["metadata"]["name"]
            for event in self.events:
                if event["involvedObject"]["uid"] == pod["metadata"]["uid"] and event["reason"] == reason \
                        and event["message"] == message:
                    event["count"] += 1
                    event["lastTimestamp"] = now()
                    return
            self.version += 1
            self.events.append({
                "metadata": {"name": "%s.%x" % (name, self.version), "namespace": pod["metadata"]["namespace"],
                             "resourceVersion": str(self.version), "creationTimestamp": now()},
                "involvedObject": {"kind": "Pod", "name": name, "namespace": pod["metadata"]["namespace"],
                                   "uid": pod["metadata"]["uid"]},
                "reason": reason, "message": message, "type": kind, "count": 1, "firstTimestamp": now(),
                "lastTimestamp": now()})

    def add_pod(self, pod, namespace):
        meta = pod["metadata"]
        meta.update(namespace=namespace, uid=str(uuid.uuid4()), creationTimestamp=now())
        spec = pod["spec"]
        spec.setdefault("terminationGracePeriodSeconds", 30)
        spec.setdefault("restartPolicy", "Always")
        spec.setdefault("tolerations", [])
        for container in spec["containers"]:
            resources = container.setdefault("resources", {})
            resources["requests"] = {**resources.get("limits", {}), **resources.get("requests", {})}
        # As the admission of a real server does.
        for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
            spec["tolerations"].append(
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
        pod["status"] = {"phase": "Pending", "qosClass": "Burstable"}
        self.touch(pod)
        self.pods[(namespace, meta["name"])] = pod

    def set_condition(self, pod, kind, status, reason=None, message=None):
        conditions = pod["status"].setdefault("conditions", [])
        conditions[:] = [each for each in conditions if each["type"] != kind]
        condition = {"type": kind, "status": status, "lastTransitionTime": now()}
        if reason:
            condition.update(reason=reason, message=message or "")
        conditions.append(condition)
        self.touch(pod)

    # What becomes of it

    def _loop(self):
        while True:
            time.sleep(0.02)
            try:
                with self.lock:
                    if self.is_scheduling:
                        self._schedule()
                    self._look()
            except Exception:  # a controller that dies is started again
                import traceback
                traceback.print_exc()

    def _used(self, node):
        used = {}
        for pod in self.pods.values():
            if pod["spec"].get("nodeName") == node and pod["status"]["phase"] in ("Pending", "Running"):
                for name, value in requests_of(pod).items():
                    used[name] = used.get(name, 0) + value
        return used

    def _schedule(self):
        for pod in list(self.pods.values()):
            if pod["spec"].get("nodeName") or pod["metadata"].get("deletionTimestamp"):
                continue
            reasons = {}
            for name, node in self.nodes.items():
                reason = why_not(pod, node, self._used(name))
                if reason is None:
                    pod["spec"]["nodeName"] = name
                    self.set_condition(pod, "PodScheduled", "True")
                    self.event(pod, "Scheduled", "Successfully assigned %s to %s" % (pod["metadata"]["name"], name),
                               "Normal")
                    threading.Thread(target=self._start, args=(pod,), daemon=True).start()
                    break
                reasons[reason] = reasons.get(reason, 0) + 1
            else:
                words = ", ".join("%d %s" % (count, reason) for reason, count in sorted(reasons.items()))
                message = "0/%d nodes are available: %s." % (len(self.nodes), words) if reasons \
                    else "no nodes available to schedule pods"
                known = [each for each in pod["status"].get("conditions", []) if each["type"] == "PodScheduled"]
                if not known or known[0].get("message") != message:
                    self.set_condition(pod, "PodScheduled", "False", "Unschedulable", message)
                    self.event(pod, "FailedScheduling", message)

    def _waiting(self, pod, reason, message=""):
        name = pod["spec"]["containers"][0]["name"]
        self.set_condition(pod, "Initialized", "True")
        pod["status"]["containerStatuses"] = [
            {"name": name, "ready": False, "restartCount": 0, "image": pod["spec"]["containers"][0]["image"],
             "state": {"waiting": {"reason": reason, "message": message}}}]
        self.touch(pod)

    def _start(self, pod):
        """What a kubelet does with a pod that it was given."""
        spec = pod["spec"]["containers"][0]
        fault = next((each for each in self.images if spec["image"].startswith(each["image"])), {})
        if " " in spec["image"]:
            fault = {"error": "InvalidImageName", "message": "couldn't parse image reference: invalid reference format"}
        with self.lock:
            self._waiting(pod, "ContainerCreating")
            self.event(pod, "Pulling", 'Pulling image "%s"' % spec["image"], "Normal")
        time.sleep(fault.get("delay", 0))
        if fault.get("error"):
            with self.lock:
                message = fault.get("message", 'rpc error: failed to pull image "%s"' % spec["image"])
                self.event(pod, "Failed", 'Failed to pull image "%s": %s' % (spec["image"], message))
                self._waiting(pod, fault["error"], message)
            return
        with self.lock:
            if pod["metadata"].get("deletionTimestamp") or self.pods.get(self._key(pod)) is not pod:
                return
            uid = pod["metadata"]["uid"]
            variables = {each["name"]: each.get("value", "") for each in spec.get("env", [])}
            variables["KUBERNETES_SERVICE_HOST"] = "127.0.0.1"
            container = Container(
                os.path.join(self.folder, "pods", uid), spec.get("command", []), spec.get("args", []), variables)
            self.containers[uid] = container
            pod["status"].update(phase="Running", podIP="127.0.0.1", hostIP="127.0.0.1", startTime=now())
            pod["status"]["containerStatuses"] = [
                {"name": spec["name"], "ready": True, "restartCount": 0, "image": spec["image"],
                 "state": {"running": {"startedAt": now()}}}]
            self.set_condition(pod, "ContainersReady", "True")
            self.set_condition(pod, "Ready", "True")
            self.event(pod, "Started", "Started container %s" % spec["name"], "Normal")

    @staticmethod
    def _key(pod):
        return pod["metadata"]["namespace"], pod["metadata"]["name"]

    def _look(self):
        """Containers that have ended, and pods whose time is over."""
        for pod in list(self.pods.values()):
            container = self.containers.get(pod["metadata"]["uid"])
            if container and not container.is_running and pod["status"]["phase"] == "Running":
                self.end(pod, container.exit_code, "Completed" if container.exit_code == 0 else "Error")
            deadline = pod.get("_deadline")
            if deadline is None or pod.get("_silent"):
                continue
            if container is None or not container.is_running or time.time() > deadline:
                self.forget(pod)

    def end(self, pod, code, reason, message=""):
        pod["status"]["phase"] = "Succeeded" if code == 0 else "Failed"
        name = pod["spec"]["containers"][0]["name"]
        pod["status"]["containerStatuses"] = [
            {"name": name, "ready": False, "restartCount": 0,
             "state": {"terminated": {"exitCode": code, "reason": reason, "message": message}}}]
        self.set_condition(pod, "Ready", "False", "PodCompleted" if code == 0 else "ContainersNotReady")

    def forget(self, pod):
        container = self.containers.pop(pod["metadata"]["uid"], None)
        if container:
            container.remove()
        if self.pods.get(self._key(pod)) is pod:
            del self.pods[self._key(pod)]
        self.version += 1

    def delete(self, pod, grace):
        """As the API server and the pod's kubelet do it between them."""
        with self.lock:
            grace = pod["spec"]["terminationGracePeriodSeconds"] if grace is None else grace
            container = self.containers.get(pod["metadata"]["uid"])
            if not pod["metadata"].get("deletionTimestamp"):
                pod["metadata"].update(deletionTimestamp=now(), deletionGracePeriodSeconds=grace)
                self.touch(pod)
            if not pod["spec"].get("nodeName") or grace == 0:
                self.forget(pod)
                return
            pod["_deadline"] = min(pod.get("_deadline", float("inf")), time.time() + grace)
            if container and not pod.get("_silent"):
                container.ask_to_end()

    # What may happen

    def evict(self, name, reason, message):
        """A kubelet ends a pod of its node's own need."""
        with self.lock:
            pod = self.find(name)
            container = self.containers.get(pod["metadata"]["uid"])
            if container:
                container.kill()
            pod["status"].update(reason=reason, message=message)
            self.end(pod, 137, "Error")
            self.set_condition(pod, "DisruptionTarget", "True", "TerminationByKubelet", message)
            self.event(pod, reason, message)

    def preempt(self, name):
        """The scheduler needs the room for a pod that is worth more."""
        with self.lock:
            pod = self.find(name)
            message = "default-scheduler: preempting to accommodate a higher priority pod"
            self.set_condition(pod, "DisruptionTarget", "True", "PreemptionByScheduler", message)
            self.event(pod, "Preempted", "Preempted by default/important on node " + pod["spec"]["nodeName"])
            self.delete(pod, 2)

    def run_out_of_memory(self, name):
        with self.lock:
            pod = self.find(name)
            self.containers[pod["metadata"]["uid"]].kill()
            self.end(pod, 137, "OOMKilled")

    def lose_node(self, name):
        """Nothing is heard of a node any more; all that ran there is dead, and nobody says so."""
        with self.lock:
            self.nodes[name]["status"]["conditions"][0].update(status="Unknown", reason="NodeStatusUnknown")
            self.touch(self.nodes[name])
            for pod in self.pods.values():
                if pod["spec"].get("nodeName") != name:
                    continue
                pod["_silent"] = True
                container = self.containers.get(pod["metadata"]["uid"])
                if container:
                    container.kill()
                self.set_condition(pod, "Ready", "False", "NodeNotReady")
        time.sleep(self.eviction_delay)
        with self.lock:
            for pod in self.pods.values():
                if pod["spec"].get("nodeName") == name:
                    message = "Taint manager: deleting due to NoExecute taint"
                    self.set_condition(pod, "DisruptionTarget", "True", "DeletionByTaintManager", message)
                    self.event(pod, "TaintManagerEviction", "Marking for deletion Pod " + pod["metadata"]["name"])
                    pod["metadata"].update(deletionTimestamp=now(), deletionGracePeriodSeconds=30)

    def find(self, name):
        return next(pod for (_, each), pod in self.pods.items() if each == name)

    def end_everything(self):
        with self.lock:
            self.is_scheduling = False
            for container in self.containers.values():
                container.remove()
