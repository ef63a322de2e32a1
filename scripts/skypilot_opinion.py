"""What SkyPilot itself makes of task files. Run by an interpreter that has SkyPilot; scripts/check-skypilot-examples.py does.

Standard input: a JSON object from file names to what `sky explain` prints of each (null for a file that it refuses).
Standard output, last line: {"version": …, "files": {name: {"accepted", "reason", "differences"}}}. Nothing asks a cloud.
"""
import contextlib
import io
import json
import os
import re
import sys


def main():
    os.environ["SKYPILOT_DISABLE_USAGE_COLLECTION"] = "1"
    import sky
    files = {name: opinion(name, explained) for name, explained in json.load(sys.stdin).items()}
    print("\n" + json.dumps({"version": sky.__version__, "files": files}))


def opinion(name, explained):
    from sky.utils import dag_utils
    result = {"accepted": False, "reason": None, "differences": []}
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            dag = dag_utils.load_dag_from_yaml(name)
            result["accepted"] = True
            if explained is not None:
                result["differences"] = differences(dag.tasks, explained)
            # Loading does not look whether local files are there.
            for task in dag.tasks:
                task.expand_and_validate_workdir()
                task.expand_and_validate_file_mounts()
    except BaseException as error:  # SkyPilot raises exceptions of all kinds, SystemExit among them.
        result["reason"] = f"{type(error).__name__}: {error}"
    return result


def differences(tasks, explained):
    """Where `sky explain` means another thing than SkyPilot. Both must ask for the same machines, one by one."""
    import yaml
    stages = list(yaml.safe_load(explained)["stages"].items())
    if len(stages) != len(tasks):
        return [f"{len(tasks)} tasks, {len(stages)} stages"]
    found = []
    for task, (name, stage) in zip(tasks, stages):
        resources = stage.get("resources") or {}
        requests = resources.get("any_of") or resources.get("ordered") or [resources]
        ours = [machine for request in requests for machine in our_machines(request)]
        theirs = [machine for request in task.resources for machine in their_machines(request)]
        is_ordered = isinstance(task.resources, list) and len(task.resources) > 1
        if "service" in stage:
            # Its port is in `service` there, in `resources` here.
            ours, theirs = ([machine | {"ports": None} for machine in each] for each in (ours, theirs))
        pairs = {
            "order": (is_ordered, "ordered" in resources),
            "num_nodes": (task.num_nodes, stage.get("num_nodes", 1)),
            "envs": (dict(task.envs), {key: str(value) for key, value in (stage.get("envs") or {}).items()}),
            "run": (task.run or "true", stage.get("run", "true")),
            "setup": ((task.setup or ""), (stage.get("setup") or "")),
        }
        if isinstance(task.workdir, dict):
            del pairs["setup"]  # A repository is fetched there, and by the runtime here.
        for field, (their, our) in pairs.items():
            if their != our:
                found.append(f"{name}: {field} is {str(their)[:60]!r} there, {str(our)[:60]!r} here")
        texts = [[json.dumps(machine, sort_keys=True) for machine in each] for each in (theirs, ours)]
        if not is_ordered:
            texts = [sorted(set(each)) for each in texts]
        if texts[0] != texts[1]:
            only = [[text for text in texts[one] if text not in texts[1 - one]][:1] for one in (0, 1)]
            found.append(f"{name}: only there {only[0]}, only here {only[1]}")
    return found


def machine(**fields):
    return {name: fields.get(name) for name in (
        "cloud", "region", "zone", "accelerator", "cpus", "memory", "use_spot", "disk_size", "disk_tier", "network_tier",
        "ports", "labels", "instance_type", "image", "max_hourly_cost")}


def their_machines(request):
    images = request.image_id or {request.region: None}
    for region, image in images.items():
        accelerator = None
        # The public property asks the catalog.
        for name, count in (request._accelerators or {}).items():
            accelerator = [model(name), float(count) * slice_count(name)]
        yield machine(
            cloud=cloud_of(str(request.cloud).lower() if request.cloud else None, accelerator), region=region, zone=request.zone, accelerator=accelerator,
            cpus=quantity(request._cpus), memory=quantity(request._memory), use_spot=request.use_spot,
            disk_size=disk(request._disk_size), disk_tier=value(request.disk_tier),
            network_tier=value(request.network_tier), ports=list(request.ports or []), labels=request.labels or {},
            instance_type=request._instance_type, image=image, max_hourly_cost=request.max_hourly_cost)


def our_machines(request):
    accelerators = request.get("accelerators")
    if isinstance(accelerators, dict) and not accelerators.keys() & {"memory", "count"}:
        wanted = [[model(name.split(":")[0]), float(name.split(":")[1] if count is None else count)]
                  for name, count in accelerators.items()]
    else:
        wanted = [accelerators]
    cost = request.get("max_hourly_cost")
    for place in request.get("infra") or ["*"]:
        parts = place.split("/", 1 if place.split("/")[0] in ("kubernetes", "ssh") else 2)
        cloud, region, zone = ([None if part == "*" else part for part in parts] + [None, None])[:3]
        for accelerator in wanted:
            yield machine(
                cloud=cloud_of(cloud, accelerator), region=region, zone=zone, accelerator=accelerator,
                cpus=quantity(request.get("cpus")), memory=quantity(request.get("memory")), use_spot=bool(request.get("use_spot")),
                disk_size=disk(request.get("disk_size")), disk_tier=request.get("disk_tier"),
                network_tier=request.get("network_tier"), ports=[str(port) for port in request.get("ports") or []],
                labels=request.get("labels") or {}, instance_type=request.get("instance_type"),
                image=request.get("image_id"),
                max_hourly_cost=None if cost is None else float(str(cost).removeprefix("$")))


def cloud_of(cloud, accelerator):
    """SkyPilot adds GCP to every TPU by itself."""
    is_tpu = isinstance(accelerator, list) and accelerator[0].startswith("tpu")
    return None if is_tpu and cloud == "gcp" else cloud


def model(name):
    """One spelling for both: TPU slices by their generation, and A100 with 40 GB by its short name."""
    name = re.sub(r"^(tpu-v\w+?)-\d+$", r"\1", name.lower()).replace("v5litepod", "v5e")
    return {"a100-40gb": "a100"}.get(name, name)


def slice_count(name):
    found = re.match(r"tpu-v\w+?-(\d+)$", name.lower())
    return int(found.group(1)) if found else 1


def quantity(given):
    return None if given is None else re.sub(r"\.0(?=\+?$)", "", str(given))


def disk(given):
    # SkyPilot takes its default for nothing said.
    return None if given is None or int(given) == 256 else int(given)


def value(tier):
    return None if tier is None else tier.value


if __name__ == "__main__":
    main()
