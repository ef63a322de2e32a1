"""Google Cloud Storage as its documents of the JSON API describe it: enough of it to hold a client to.

https://cloud.google.com/storage/docs/json_api/v1 and .../docs/performing-resumable-uploads. Sessions keep what arrives in steps of
256 KiB, whatever becomes of the request; conditions count when an object is made, and not only when its upload begins. Signed addresses
are those of the XML API. At the same port are the token endpoint, the Security Token Service, and the service that signs for accounts.

gcs.py TOKEN PAGE: the bearer token that is let in, and how many entries a page of a list has.

GET /_account tells the file of a service account that is let in; POST /_refuse takes a list of "sign" and "exchange".
"""

import base64
import json
import re
import sys
import time
import urllib.parse
import uuid

import gcs_access
import object_server
from object_server import Refusal

GRAIN = 256 << 10
REASONS = {400: "invalid", 401: "authError", 403: "forbidden", 404: "notFound", 409: "conflict", 412: "conditionNotMet"}


class Session:
    def __init__(self, bucket, said, conditions, total):
        self.bucket, self.said, self.conditions, self.total = bucket, said, conditions, total
        self.data = bytearray()
        self.made = None


class GCS(object_server.Handler):
    is_xml = False

    def respond(self):
        path, self.is_xml = self.raw_path, False
        if path.startswith("/upload/") and "upload_id" in self.query:
            return self.session(self.query["upload_id"])
        if self.identity(path):
            return
        access = self.server.access
        found = re.fullmatch(r"(?:/upload|/download)?/storage/v1/b(?:/([^/]+))?(?:/o)?(?:/([^/]+))?.*", path)
        if not found:
            return self.signed(path)
        access.check(self.headers.get("Authorization"), self.command, plain(found[1] or ""), plain(found[2] or ""))
        upload = re.fullmatch(r"/upload/storage/v1/b/([^/]+)/o", path)
        if upload and self.command == "POST":
            return self.upload(self.bucket(upload[1]))
        if path == "/storage/v1/b":
            return self.make_bucket() if self.command == "POST" else self.list_buckets()
        found = re.fullmatch(r"(?:/download)?/storage/v1/b/([^/]+)(/o)?(?:/([^/]+))?(?:/rewriteTo/b/([^/]+)/o/([^/]+))?", path)
        if not found:
            raise Refusal(404, "notFound", "Not Found")
        name, objects, key, to_bucket, to_key = found.groups()
        bucket = self.bucket(name)
        if to_key:
            return self.rewrite(bucket, plain(key), self.bucket(to_bucket), plain(to_key))
        if key:
            return self.object(bucket, plain(key))
        return self.list_objects(bucket) if objects else self.one_bucket(bucket)

    def identity(self, path):
        """Services that stand beside the store. True where one of them has answered."""
        access, origin = self.server.access, f"http://{self.headers['Host']}"
        form = lambda: dict(urllib.parse.parse_qsl(self.read_all().decode()))
        if path == "/_account":
            self.json(access.account_file(origin))
        elif path == "/_refuse":
            access.refused = set(json.loads(self.read_all()))
            self.json({})
        elif path == "/token":
            self.json({"access_token": access.login(form()), "expires_in": 3600})
        elif path == "/v1/token":
            # How long it lasts is left out for people's tokens.
            self.json({"access_token": access.exchange(form()), "issued_token_type": gcs_access.ACCESS})
        elif path == f"/v1/projects/-/serviceAccounts/{gcs_access.EMAIL}:signBlob":
            self.json(access.sign_blob(self.headers.get("Authorization"), json.loads(self.read_all())))
        elif path == f"/v1/projects/-/serviceAccounts/{gcs_access.EMAIL}:generateAccessToken":
            self.read_all()
            end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
            self.json({"accessToken": access.impersonate(self.headers.get("Authorization")), "expireTime": end})
        else:
            return False
        return True

    def signed(self, path):
        """The XML API, of which signed addresses are."""
        self.is_xml = True
        bucket, key = plain(path[1:]).split("/", 1) if path.count("/") > 1 else ("", "")
        if "X-Goog-Signature" not in self.query:
            raise Refusal(403, "AccessDenied", "Access denied.")
        self.server.access.check_signature(self)
        found = self.server.buckets.get(bucket, {}).get("objects", {}).get(key)
        if found is None or self.command != "GET":
            raise Refusal(404, "NoSuchKey", "The specified key does not exist.")
        self.give(found)

    def refuse(self, refusal):
        if self.is_xml:
            text = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
            return self.answer(refusal.status, text.encode(), {"Content-Type": "application/xml; charset=UTF-8"})
        if refusal.code.startswith("invalid_"):
            return self.json({"error": refusal.code, "error_description": refusal.message}, refusal.status)
        if refusal.code.isupper():
            error = {"code": refusal.status, "message": refusal.message, "status": refusal.code}
            return self.json({"error": error}, refusal.status)
        reason = REASONS.get(refusal.status, "backendError")
        error = {"message": refusal.message, "domain": "global", "reason": reason}
        self.json({"error": {"code": refusal.status, "message": refusal.message, "errors": [error]}}, refusal.status)

    def json(self, value, status=200, headers={}):
        body = json.dumps(value).encode()
        self.answer(status, body, {"Content-Type": "application/json; charset=UTF-8", **headers})

    # Buckets

    def bucket(self, name):
        bucket = self.server.buckets.get(plain(name))
        if bucket is None:
            raise Refusal(404, "notFound", "The specified bucket does not exist.")
        return bucket

    def make_bucket(self):
        if not self.query.get("project"):
            raise Refusal(400, "required", "Required parameter: project")
        said = json.loads(self.read_all())
        with self.server.lock:
            if said["name"] in self.server.buckets:
                raise Refusal(409, "conflict", "Your previous request to create the named bucket succeeded and you already own it.")
            location = said.get("location", "US").upper()
            kind = "region" if "-" in location else "multi-region"
            meta = {**said, "location": location, "locationType": kind, "timeCreated": now()}
            self.server.buckets[said["name"]] = {"meta": meta, "objects": {}}
        self.json(meta)

    def list_buckets(self):
        if not self.query.get("project"):
            raise Refusal(400, "required", "Required parameter: project")
        page, token = self.page(self.server.buckets)
        self.json({"items": [self.server.buckets[name]["meta"] for _, name in page], **token})

    def one_bucket(self, bucket):
        if self.command == "DELETE":
            if bucket["objects"]:
                raise Refusal(409, "conflict", "The bucket you tried to delete is not empty.")
            del self.server.buckets[bucket["meta"]["name"]]
            return self.answer(204)
        self.json(bucket["meta"])

    def page(self, names):
        most = min(int(self.query.get("maxResults", 1000)), self.server.page)
        after = self.query.get("pageToken")
        after = base64.b64decode(after).decode() if after else None
        page, last = object_server.listed(
            list(names), self.query.get("prefix", ""), self.query.get("delimiter", ""), after, most)
        return page, {"nextPageToken": base64.b64encode(last.encode()).decode()} if last else {}

    # Objects

    def list_objects(self, bucket):
        page, token = self.page(bucket["objects"])
        items = [bucket["objects"][name]["meta"] for is_folder, name in page if not is_folder]
        folders = [name for is_folder, name in page if is_folder]
        answer = {"kind": "storage#objects", **token}
        if items:
            answer["items"] = items
        if folders:
            answer["prefixes"] = folders
        self.json(answer)

    def object(self, bucket, key):
        with self.server.lock:
            found = bucket["objects"].get(key)
            if found is None:
                raise Refusal(404, "notFound", f"No such object: {bucket['meta']['name']}/{key}")
            self.check(found, self.query)
            if self.command == "DELETE":
                del bucket["objects"][key]
                return self.answer(204)
        if self.query.get("alt") != "media":
            return self.json(found["meta"])
        self.give(found)

    def give(self, found):
        data, meta = found["data"], found["meta"]
        headers = {
            "X-Goog-Generation": meta["generation"], "X-Goog-Hash": f"crc32c={meta['crc32c']},md5={meta['md5Hash']}",
            "Content-Type": meta["contentType"],
        }
        part = self.range(len(data), "Range")
        if part is None:
            return self.answer(200, bytes(data), headers)
        first, last = part
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        self.answer(206, bytes(data[first:last + 1]), headers)

    def check(self, found, conditions):
        wanted = conditions.get("ifGenerationMatch")
        generation = found["meta"]["generation"] if found else "0"
        if wanted is not None and wanted != generation:
            raise Refusal(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")

    def make(self, bucket, said, data, conditions):
        data = bytes(data)
        sums = {
            "crc32c": base64.b64encode(object_server.crc32c(data).to_bytes(4, "big")).decode(),
            "md5Hash": base64.b64encode(object_server.md5(data)).decode(),
        }
        for name, shown in [("crc32c", "CRC32C"), ("md5Hash", "MD5 hash")]:
            if said.get(name, sums[name]) != sums[name]:
                raise Refusal(
                    400, "invalid", f'Provided {shown} "{said[name]}" doesn\'t match calculated {shown} "{sums[name]}".')
        with self.server.lock:
            self.check(bucket["objects"].get(said["name"]), conditions)
            self.server.generation += 1
            meta = {
                "kind": "storage#object", "name": said["name"], "bucket": bucket["meta"]["name"],
                "generation": str(self.server.generation), "size": str(len(data)), "updated": now(),
                "contentType": said.get("contentType", "application/octet-stream"), **sums,
                "mediaLink": f"http://{self.headers['Host']}/download/storage/v1/b/{bucket['meta']['name']}/o/"
                f"{urllib.parse.quote(said['name'], safe='')}?alt=media",
            }
            if said.get("metadata"):
                meta["metadata"] = said["metadata"]
            bucket["objects"][said["name"]] = {"meta": meta, "data": data}
        return meta

    def rewrite(self, source, key, bucket, to):
        found = source["objects"].get(key)
        if found is None:
            raise Refusal(404, "notFound", f"No such object: {source['meta']['name']}/{key}")
        self.check(bucket["objects"].get(to), self.query)
        size = len(found["data"])
        if size > 1 << 20 and "rewriteToken" not in self.query:
            return self.json({"done": False, "totalBytesRewritten": str(1 << 20), "rewriteToken": uuid.uuid4().hex})
        meta = self.make(bucket, {**found["meta"], "name": to}, found["data"], self.query)
        self.json({"done": True, "totalBytesRewritten": str(size), "resource": meta})

    # Uploads

    def upload(self, bucket):
        kind = self.query.get("uploadType")
        if kind == "multipart":
            body = self.read_all()
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            mark = re.search(r"boundary=(\S+)", self.headers["Content-Type"])[1].strip('"').encode()
            first, second = body.split(b"--" + mark)[1:3] if body.count(b"--" + mark) == 3 else (None, None)
            if first is None or not head:
                raise Refusal(400, "badRequest", "Malformed multipart body.")
            said = json.loads(first.split(b"\r\n\r\n", 1)[1])
            return self.json(self.make(bucket, said, second.split(b"\r\n\r\n", 1)[1][:-2], self.query))
        if kind != "resumable":
            raise Refusal(400, "badRequest", "Unsupported upload type.")
        said = json.loads(self.read_all() or b"{}")
        said.setdefault("name", self.query.get("name"))
        self.check(bucket["objects"].get(said["name"]), self.query)
        total = self.headers.get("X-Upload-Content-Length")
        name = uuid.uuid4().hex
        self.server.sessions[name] = Session(bucket, said, dict(self.query), int(total) if total else None)
        query = urllib.parse.urlencode({"uploadType": "resumable", "name": said["name"], "upload_id": name})
        self.answer(200, b"", {"Location": f"http://{self.headers['Host']}{self.raw_path}?{query}"})

    def session(self, name):
        session = self.server.sessions.get(name)
        if session is None:
            raise Refusal(410, "gone", "The requested upload is gone.")
        if self.command == "DELETE":
            del self.server.sessions[name]
            return self.answer(499)
        if session.made:
            self.drain()
            return self.json(session.made)
        asked = re.fullmatch(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)", self.headers.get("Content-Range") or "")
        if not asked:
            raise Refusal(400, "badRequest", "Failed to parse Content-Range header.")
        if asked[1] is not None:
            self.take(session, int(asked[1]), int(asked[2]), asked[3])
        total = session.total if session.total is not None else int(asked[3]) if asked[3] != "*" else None
        if total is not None and len(session.data) == total:
            try:
                session.made = self.make(session.bucket, session.said, session.data, session.conditions)
            except Refusal:
                del self.server.sessions[name]
                raise
            return self.json(session.made)
        headers = {"Range": f"bytes=0-{len(session.data) - 1}"} if session.data else {}
        # Google's own library for Go does not want what its HTTP client takes for a redirect.
        if self.headers.get("X-GUploader-No-308") == "yes":
            return self.answer(200, b"", {**headers, "X-Http-Status-Code-Override": "308"})
        self.answer(308, b"", headers)

    def take(self, session, first, last, total):
        have = len(session.data)
        if first > have:
            raise Refusal(400, "invalid", f"The upload offset is {first}, which exceeds already uploaded size of {have}.")
        if last + 1 - first != self.body_left:
            raise Refusal(400, "invalid", "Content-Range and Content-Length differ.")
        if (total == "*" or last + 1 != int(total)) and (last + 1) % GRAIN:
            raise Refusal(400, "invalid", "Chunks but the last are multiples of 262144 bytes.")
        position = first
        for piece in self.pieces(GRAIN):
            # What is here already is left out.
            session.data += piece[max(0, len(session.data) - position):]
            position += len(piece)


def plain(text):
    return urllib.parse.unquote(text)


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())


object_server.run(
    GCS, access=gcs_access.Access(sys.argv[1]), page=int(sys.argv[2]), buckets={}, sessions={},
    generation=int(time.time() * 1e6))
