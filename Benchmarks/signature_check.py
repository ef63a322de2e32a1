#!/usr/bin/env python3
"""Compares Signature 4 with botocore's signer, over seeded random requests (`make test-botocore` gets it).

    Benchmarks/signature_check.py SIGNATURE_BENCH [--count 5000] [--seed 1]

What goes out must be what was meant (the URL, decoded, is path and query of the request), and botocore, given just that URL
and those headers, must come to the same signature. Ends with 1 at the first that differs, and shows both canonical forms.
"""

import argparse
import datetime
import json
import random
import subprocess
import sys
from unittest import mock
from urllib.parse import unquote, urlsplit

CHARACTERS = "abzAZ019-._~ /+=&()'*!:@,;$%#?[]{}|\\^`\"<>\täሴ😀"
NAMES = ["Content-Type", "Range", "x-amz-meta-1", "x-amz-meta-10", "x-amz-copy-source", "x-amz-copy-source-range",
         "x-amz-acl", "If-None-Match", "My-Header"]


def text(rng, longest):
    return "".join(rng.choice(CHARACTERS) for _ in range(rng.randint(0, longest)))


def question(rng):
    service = rng.choice(["s3", "s3", "ec2", "sts", "lambda"])
    presigned = rng.random() < 0.3
    headers = [[name, " ".join(rng.choice(["a", "B1", " ", "\"x  y\"", "bytes=0-9"]) for _ in range(rng.randint(1, 4)))]
               for name in rng.sample(NAMES, rng.randint(0, 4))]
    path = "/" + text(rng, 20)
    if service != "s3" and rng.random() < 0.5:
        path = "/" + "/".join(rng.choice(["a", "b c", ".", "..", "", "ä:"]) for _ in range(rng.randint(0, 6)))
    query = {text(rng, 6) or "q": text(rng, 8) for _ in range(rng.randint(0, 4))}
    return {
        "method": rng.choice(["GET", "HEAD", "PUT", "POST", "DELETE"]),
        "origin": rng.choice(["https://host.example.com", "https://host.example.com:443", "http://127.0.0.1:8333"]),
        "path": path,
        "query": [[name, value] for name, value in query.items()],
        "headers": headers,
        "body": "" if presigned else text(rng, 30),
        "isUnsigned": service == "s3" and rng.random() < 0.5,
        "region": rng.choice(["us-east-1", "eu-central-1", "auto"]),
        "service": service,
        "accessKeyID": "AKIDEXAMPLE",
        "secretAccessKey": text(rng, 40) or "s",
        "sessionToken": (text(rng, 200).replace("\t", "") or None) if rng.random() < 0.4 else None,
        "seconds": rng.randint(0, 4_000_000_000),
        "lifetime": rng.randint(1, 604800) if presigned else None,
    }


def signer(asked):
    from botocore import auth
    from botocore.credentials import Credentials

    who = Credentials(asked["accessKeyID"], asked["secretAccessKey"], asked["sessionToken"])
    is_s3 = asked["service"] == "s3"
    if asked["lifetime"] is None:
        made = (auth.S3SigV4Auth if is_s3 else auth.SigV4Auth)(who, asked["service"], asked["region"])
    else:
        made = (auth.S3SigV4QueryAuth if is_s3 else auth.SigV4QueryAuth)(
            who, asked["service"], asked["region"], expires=asked["lifetime"])
    return made


def compare(asked, answered):
    """What is wrong with the answer; None if nothing is."""
    from botocore.awsrequest import AWSRequest

    url = urlsplit(answered["url"])
    got = [tuple(map(unquote, pair.split("=", 1))) for pair in url.query.split("&") if pair]
    own = sorted(pair for pair in got if not pair[0].startswith("X-Amz-"))
    if own != sorted(map(tuple, asked["query"])):
        return f"the query became {own}"
    if asked["service"] == "s3" and unquote(url.path) != asked["path"]:
        return f"the path became {url.path}"
    kept = ("authorization", "host", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256")
    headers = answered["headers"] if asked["lifetime"] is None else asked["headers"]
    request = AWSRequest(
        method=asked["method"], url=answered["url"], data=asked["body"].encode(),
        headers={name: value for name, value in headers if name.lower() not in kept})
    if asked["lifetime"] is not None:
        request.data = b""
        query = "&".join(pair for pair in url.query.split("&") if pair and not pair.startswith("X-Amz-"))
        request.url = url._replace(query=query).geturl()
    if asked["isUnsigned"]:
        request.context["payload_signing_enabled"] = False
        request.context["client_config"] = mock.Mock(s3={"payload_signing_enabled": False})
    moment = datetime.datetime.fromtimestamp(asked["seconds"], datetime.timezone.utc)
    made = signer(asked)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment.replace(tzinfo=None)):
        made.add_auth(request)
    if asked["lifetime"] is not None:
        right = sorted(map(str, urlsplit(request.url).query.split("&")))
        there = sorted(url.query.split("&"))
        return None if right == there else f"{there}\nbut botocore has\n{right}"
    there = dict((name.lower(), value) for name, value in answered["headers"])
    for name in kept:
        right = request.headers.get(name)
        if right is not None and there.get(name) != right:
            return f"{name}: {there.get(name)}\nbut botocore has\n{right}\nfor\n{made.canonical_request(request)}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    questions = [question(rng) for _ in range(options.count)]
    lines = "".join(json.dumps(one) + "\n" for one in questions)
    done = subprocess.run([options.program], input=lines, capture_output=True, text=True, check=True)
    answers = done.stdout.splitlines()
    if len(answers) != len(questions):
        sys.exit(f"{len(questions)} requests, but {len(answers)} answers")
    for index, (asked, answered) in enumerate(zip(questions, map(json.loads, answers))):
        wrong = compare(asked, answered)
        if wrong:
            sys.exit(f"request {index} of seed {options.seed}: {json.dumps(asked, ensure_ascii=False)}\n{wrong}")
    presigned = sum(one["lifetime"] is not None for one in questions)
    print(f"{len(questions)} signatures as botocore's, {presigned} of them in URLs")


if __name__ == "__main__":
    main()
