#!/usr/bin/env python3
"""Makes providers/*/offers.csv, providers/*/egress.csv and providers/throughput.csv from a folder of price tables.

    scripts/import-catalog.py SOURCE_FOLDER

SOURCE_FOLDER holds one table of virtual machines per cloud, their capabilities, egress tariffs and measured
throughput (docs/catalog.md says where the figures come from). Run again after a refresh of that folder: the
output depends on nothing else. Hand-written files (provider.yaml, local, mock) are not touched.
"""
import collections
import csv
import pathlib
import re
import sys
from decimal import Decimal

HEADER = ["instance_type", "region", "zones", "accelerators", "cpus", "memory_gib", "price", "spot_price",
          "capabilities", "provenance"]

REGIONS = {
    "aws": "us-east-1 us-east-2 us-west-2 ca-central-1 eu-west-1 eu-west-2 eu-central-1 eu-north-1 "
           "ap-northeast-1 ap-southeast-1 ap-south-1",
    "gcp": "us-central1 us-east1 us-east4 us-east5 us-west1 us-west4 europe-west1 europe-west2 europe-west4 "
           "asia-east1 asia-northeast1 asia-southeast1 asia-south1",
    "azure": "eastus eastus2 southcentralus westus2 westus3 northeurope westeurope uksouth swedencentral "
             "japaneast southeastasia centralindia",
    "lambda": None,  # all
    "runpod": None,
}
REGIONS = {cloud: names and names.split() for cloud, names in REGIONS.items()}

# Whole type names. What users first ask for: current CPU families, and every machine with an accelerator named below.
TYPES = {
    "aws": re.compile(
        r"(t3|m5|m6i|m6a|m7i|m7a|m7g|m8i|c5|c6i|c6a|c7i|c7a|c7g|r5|r6i|r6a|r7i|r7a|r7g)\.(?!metal|nano|micro|small).*"
        r"|(g4dn|g5|g6|g6e|p3dn|p4d|p4de|p5|p5e|p5en|p6-b200|inf1|inf2|trn1|trn1n|trn2)\.(?!metal).*"),
    "gcp": re.compile(
        r"(e2|n1|n2|n2d|n4|c3|c4|c4d|t2d)-(standard|highmem|highcpu)-\d+|e2-(medium|small)"),
    "azure": re.compile(
        r"Standard_(B\d+(m?s|as_v2|s_v2)|D\d+(s_v5|as_v5|ps_v6|s_v6|as_v6)|E\d+(s_v5|as_v5|s_v6|as_v6)|F\d+(s_v2|as_v6)"
        r"|[DE]C\d+(as|ads|es|eds)_v[56]|DC\d+d?s_v3"
        r"|NC\d+as_T4_v3|NC\d+r?s_v3|NV\d+adm?s_A10_v5|NC\d+ads_A100_v4|ND96am?sr_(A100_)?v4"
        r"|NC\d+adi?s_H100_v5|NCC40ads_H100_v5|ND96isr_H[12]00_v5|ND96isr_MI300X_v5)"),
    "lambda": re.compile(".*"),
    "runpod": re.compile(".*"),
}

KEPT_CAPABILITIES = set(
    "arm64 burstable confidential-gpu confidential-sev-snp confidential-sgx confidential-tdx efa gpu-amd gpu-nvidia "
    "inferentia local-nvme local-ssd nvlink rdma tpu trainium".split())
# A virtual machine whose whole memory is encrypted and attestable. SGX protects only programs written as enclaves.
CONFIDENTIAL = {"confidential-sev-snp", "confidential-tdx"}

# GCP sells these accelerators apart from their host: accelerator → machine types that carry `count` of it.
ATTACHED = {
    ("T4", 1): ["n1-standard-4", "n1-standard-8", "n1-standard-16"],
    ("T4", 2): ["n1-standard-8", "n1-standard-16"],
    ("T4", 4): ["n1-standard-16", "n1-standard-32"],
    ("V100", 1): ["n1-standard-4", "n1-standard-8"],
    ("V100", 2): ["n1-standard-8", "n1-standard-16"],
    ("V100", 4): ["n1-standard-16", "n1-standard-32"],
    ("V100", 8): ["n1-standard-32", "n1-standard-64"],
    ("L4", 1): ["g2-standard-4", "g2-standard-8", "g2-standard-12", "g2-standard-16", "g2-standard-32"],
    ("L4", 2): ["g2-standard-24"],
    ("L4", 4): ["g2-standard-48"],
    ("L4", 8): ["g2-standard-96"],
    ("A100", 16): ["a2-megagpu-16g"],
    ("H100-MEGA", 8): ["a3-megagpu-8g"],
    ("H200", 8): ["a3-ultragpu-8g"],
    ("B200", 8): ["a4-highgpu-8g"],
}
for count in (1, 2, 4, 8):
    ATTACHED["A100", count] = [f"a2-highgpu-{count}g"]
    ATTACHED["A100-80GB", count] = [f"a2-ultragpu-{count}g"]
    ATTACHED["H100", count] = [f"a3-highgpu-{count}g"]

# Hosts of TPU slices, from Google's machine type documentation: name, chips, vCPUs, GiB.
TPU_HOSTS = {
    "v5litepod": {1: ("ct5lp-hightpu-1t", 24, 48), 4: ("ct5lp-hightpu-4t", 112, 192), 8: ("ct5lp-hightpu-8t", 224, 384)},
    "v5p": {4: ("ct5p-hightpu-4t", 208, 448)},
    "v6e": {1: ("ct6e-standard-1t", 44, 176), 4: ("ct6e-standard-4t", 180, 720), 8: ("ct6e-standard-8t", 180, 1440)},
}
LARGEST_SLICE = 256


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def plain(number):
    """The shortest decimal form: 8.0 → 8, 0.34560 → 0.3456; nothing stays nothing."""
    if number == "" or number is None:
        return ""
    text = format(Decimal(str(number)).normalize(), "f")
    return text


def provenance(price, spot, price_derived, spot_derived):
    words = [("derived" if price_derived else "observed") if price else "none",
             ("derived" if spot_derived else "observed") if spot else "none"]
    return words[0] if words[0] == words[1] else "/".join(words)


class Table:
    """Rows that differ in their zone only become one row with all its zones."""

    def __init__(self, capabilities):
        self.capabilities = capabilities
        self.zones = collections.defaultdict(set)

    def add(self, type, region, zone, accelerator, cpus, memory, price, spot, derived, extra=()):
        names = (self.capabilities[type] | set(extra)) & KEPT_CAPABILITIES
        if names & CONFIDENTIAL:
            names = names | {"confidential"}
        price, spot = plain(price), plain(spot)
        if not price and not spot:
            return
        key = (type, region, accelerator, plain(cpus), plain(memory), price, spot, ";".join(sorted(names)),
               provenance(price, spot, *derived))
        self.zones[key].update([zone] if zone else [])

    def rows(self):
        def natural(text):
            return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)]
        for key in sorted(self.zones, key=lambda k: (natural(k[0]), natural(k[2]), k[1], k[5:])):
            type, region, accelerator, cpus, memory, price, spot, names, source = key
            yield [type, region, ";".join(sorted(self.zones[key])), accelerator, cpus, memory, price, spot, names, source]


def accelerator(row):
    return f"{row['AcceleratorName']}:{plain(row['AcceleratorCount'])}" if row["AcceleratorName"] else ""


def simple(cloud, source, table, derived):
    for row in read(source / f"skypilot-v8/{cloud}/vms.csv"):
        wanted = REGIONS[cloud] is None or row["Region"] in REGIONS[cloud]
        if wanted and TYPES[cloud].fullmatch(row["InstanceType"]):
            table.add(row["InstanceType"], row["Region"], row.get("AvailabilityZone", ""), accelerator(row), row["vCPUs"],
                      row["MemoryGiB"], row["Price"], row["SpotPrice"], derived(row))


def gcp(source, table):
    rows = [row for row in read(source / "skypilot-v8/gcp/vms.csv") if row["Region"] in REGIONS["gcp"]]
    hosts = {(row["InstanceType"], row["AvailabilityZone"]): row for row in rows if not row["AcceleratorName"]}
    # Where the listed figure was a different product's, the on-demand price is an estimate.
    estimated = {(unit["gpu"], unit["region"]) for unit in read(source / "sources/gcp_gpu_units.csv")
                 if unit["od_flag"] == "dws" and unit["gpu"] in ("H100-MEGA", "H200", "B200")}
    for row in rows:
        place = row["Region"], row["AvailabilityZone"]
        if row["InstanceType"]:
            if TYPES["gcp"].fullmatch(row["InstanceType"]):
                table.add(row["InstanceType"], *place, "", row["vCPUs"], row["MemoryGiB"], row["Price"], row["SpotPrice"],
                          (False, False))
        elif row["AcceleratorName"].startswith("tpu-"):
            tpu(row, table)
        else:
            name, count = row["AcceleratorName"], int(float(row["AcceleratorCount"]))
            for type in ATTACHED.get((name, count), []):
                host = hosts.get((type, row["AvailabilityZone"]))
                if host is None:
                    continue
                price = row["Price"] and host["Price"] and Decimal(row["Price"]) + Decimal(host["Price"])
                spot = row["SpotPrice"] and host["SpotPrice"] and Decimal(row["SpotPrice"]) + Decimal(host["SpotPrice"])
                derived = ((name, row["Region"]) in estimated or name == "H200", name == "H200")
                table.add(type, *place, f"{name}:{count}", host["vCPUs"], host["MemoryGiB"], price, spot, derived,
                          ["gpu-nvidia"])


def tpu(row, table):
    generation, size = row["AcceleratorName"].removeprefix("tpu-").rsplit("-", 1)
    if generation not in TPU_HOSTS or int(size) > LARGEST_SLICE:
        return
    chips = int(size) // 2 if generation == "v5p" else int(size)  # v5p slices are named by their cores
    hosts = TPU_HOSTS[generation]
    type, cpus, memory = hosts.get(chips, (f"{generation}-{size}", None, None))
    if cpus is None:  # a slice of several four-chip hosts
        count = chips // 4
        cpus, memory = hosts[4][1] * count, hosts[4][2] * count
    name = {"v5litepod": "tpu-v5e"}.get(generation, f"tpu-{generation}")
    table.add(type, row["Region"], row["AvailabilityZone"], f"{name}:{size}", cpus, memory, row["Price"],
              row["SpotPrice"], (False, False), ["tpu"])


def egress(source, clouds):
    """Per region: `*` (the internet), `<cloud>/*` (the cloud's own regions), and every region that differs."""
    prices = collections.defaultdict(dict)
    included = {f"{cloud}/{region}" for cloud in clouds for region in REGIONS[cloud] or []}
    for row in read(source / "egress.csv"):
        origin, target = (f"{row['src_cloud']}/{row['src_region']}", f"{row['dst_cloud']}/{row['dst_region']}")
        if origin in included and origin != target and (target in included or row["dst_cloud"] == "internet"):
            prices[origin]["*" if row["dst_cloud"] == "internet" else target] = plain(row["usd_per_gb"])
    for origin in sorted(prices):
        cloud, region = origin.split("/")
        own = collections.Counter(p for to, p in prices[origin].items() if to.startswith(cloud + "/"))
        usual = {f"{cloud}/*": own.most_common(1)[0][0], "*": prices[origin]["*"]}
        for to, price in sorted(usual.items()):
            yield cloud, [region, to, price]
        for to, price in sorted(prices[origin].items()):
            if to != "*" and usual[f"{cloud}/*" if to.startswith(cloud + "/") else "*"] != price:
                yield cloud, [region, to, price]


def throughput(source, clouds):
    for row in read(source / "throughput.csv"):
        if all(row[f"{end}_cloud"] in clouds and row[f"{end}_region"] in REGIONS[row[f"{end}_cloud"]] for end in ("src", "dst")):
            yield [f"{row['src_cloud']}/{row['src_region']}", f"{row['dst_cloud']}/{row['dst_region']}", plain(row["gbps"])]


def write(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = list(rows)
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    print(f"{len(rows):6} rows  {path}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    source = pathlib.Path(sys.argv[1])
    target = pathlib.Path(__file__).resolve().parent.parent / "providers"
    capabilities = collections.defaultdict(lambda: collections.defaultdict(set))
    for row in read(source / "capabilities.csv"):
        capabilities[row["cloud"]][row["instance_type"]].add(row["capability"])
    # GCP's surcharge is confirmed for Intel TDX on C3 only (docs/catalog.md).
    for type, names in capabilities["gcp"].items():
        names -= {"confidential-sev-snp", "confidential-gpu"} | (set() if type.startswith("c3-") else {"confidential-tdx"})

    computed = {(row["InstanceType"], row["Region"]) for row in read(source / "provenance/aws_price_derived.csv")}
    seen = {(row["InstanceType"], row["AvailabilityZone"]) for row in read(source / "sources/aws_spot_observed.csv")}
    derived = {
        "aws": lambda row: ((row["InstanceType"], row["Region"]) in computed,
                            (row["InstanceType"], row["AvailabilityZone"]) not in seen),
        "azure": lambda row: (False, True),
        "lambda": lambda row: (False, False),
        "runpod": lambda row: (False, False),
    }
    for cloud in REGIONS:
        table = Table(capabilities[cloud])
        if cloud == "gcp":
            gcp(source, table)
        else:
            simple(cloud, source, table, derived[cloud])
        write(target / cloud / "offers.csv", HEADER, table.rows())

    tariffs = collections.defaultdict(list)
    for cloud, row in egress(source, ("aws", "azure", "gcp")):
        tariffs[cloud].append(row)
    for cloud, rows in tariffs.items():
        write(target / cloud / "egress.csv", ["from_region", "to", "usd_per_gb"], rows)
    write(target / "throughput.csv", ["from", "to", "gbps"], sorted(throughput(source, ("aws", "azure", "gcp"))))


if __name__ == "__main__":
    main()
