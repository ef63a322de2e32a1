"""Azure's Blob service as its documents describe it: enough of it to hold a client to.

https://learn.microsoft.com/rest/api/storageservices. The account is the first part of the path. Requests are let in by Shared Key,
by a service's or a user's shared access signature, and by a bearer token; signatures are worked out here once more from the documents.
At /msi is the endpoint that gives machines the token.

azure_blob.py ACCOUNT KEY TOKEN PAGE: the account, its key in Base64, the bearer token, and how many entries a page of a list has.

POST /_refuse takes true or false: whether keys for signing are refused.
"""

import base64
import calendar
import hashlib
import hmac
import json
import os
import re
import sys
import time
import urllib.parse
import uuid
from xml.sax.saxutils import escape

import object_server
from object_server import Refusal

VERSION = "2023-11-03"


class Azure(object_server.Handler):
    def respond(self):
        if self.raw_path == "/_refuse":
            self.server.refuses = json.loads(self.read_all())
            return self.answer(204)
        if self.raw_path == "/msi" and self.headers.get("X-IDENTITY-HEADER") == "pass":
            token = {"access_token": self.server.token, "expires_on": str(int(time.time()) + 3600), "token_type": "Bearer"}
            return self.answer(200, json.dumps(token).encode(), {"Content-Type": "application/json"})
        if self.headers.get("x-ms-version") != VERSION and "sv" not in self.query:
            raise Refusal(400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format.")
        parts = urllib.parse.unquote(self.raw_path).split("/", 3)
        if parts[1] != self.server.account:
            raise Refusal(404, "ResourceNotFound", "The specified account does not exist.")
        container = parts[2] if len(parts) > 2 else ""
        blob = parts[3] if len(parts) > 3 else ""
        self.authorize(container, blob)
        if not container and self.query.get("comp") == "userdelegationkey":
            return self.delegation_key()
        if not container:
            return self.containers()
        if self.query.get("restype") == "container":
            return self.one_container(container)
        found = self.server.containers.get(container)
        if found is None:
            raise Refusal(404, "ContainerNotFound", "The specified container does not exist.")
        self.blob(found, blob)

    def refuse(self, refusal):
        body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{refusal.code}</Code>'
        body += f"<Message>{escape(refusal.message)}\nRequestId:{uuid.uuid4()}\nTime:{stamp()}</Message></Error>"
        self.respond_with(refusal.status, body.encode(), {"x-ms-error-code": refusal.code, "Content-Type": "application/xml"})

    def respond_with(self, status, body=b"", headers={}):
        self.answer(status, body, {"x-ms-request-id": str(uuid.uuid4()), "x-ms-version": VERSION, **headers})

    # Who asks

    def authorize(self, container, blob):
        said = self.headers.get("Authorization") or ""
        if "sig" in self.query:
            return self.check_signature(container, blob)
        if said == f"Bearer {self.server.token}":
            return
        if said.startswith("SharedKey "):
            if said == f"SharedKey {self.server.account}:{self.sign(self.text())}":
                return
            raise Refusal(403, "AuthenticationFailed", "Server failed to authenticate the request. Make sure the value of "
                          "Authorization header is formed correctly including the signature.")
        raise Refusal(401, "NoAuthenticationInformation", "Server failed to authenticate the request.")

    def delegation_key(self):
        """https://learn.microsoft.com/rest/api/storageservices/get-user-delegation-key"""
        if self.command != "POST" or self.query.get("restype") != "service" or not self.headers["Authorization"].startswith("Bearer "):
            raise Refusal(403, "AuthenticationFailed", "Only authentication scheme Bearer is supported.")
        if self.server.refuses:
            raise Refusal(403, "AuthorizationPermissionMismatch", "This request is not authorized to perform this operation.")
        told = re.search(r"<KeyInfo><Start>([^<]+)</Start><Expiry>([^<]+)</Expiry></KeyInfo>", self.read_all().decode())
        if not told or abs(seconds(told[1]) - time.time()) > WEEK or not time.time() < seconds(told[2]) <= time.time() + WEEK:
            raise Refusal(400, "InvalidXmlNodeValue", "The value for one of the XML nodes is not in the correct format.")
        key = {"SignedOid": str(uuid.uuid4()), "SignedTid": str(uuid.uuid4()), "SignedStart": told[1], "SignedExpiry": told[2],
               "SignedService": "b", "SignedVersion": VERSION, "Value": base64.b64encode(os.urandom(32)).decode()}
        self.server.keys[key["SignedOid"]] = key
        self.xml("<UserDelegationKey>" + "".join(f"<{name}>{value}</{name}>" for name, value in key.items()) + "</UserDelegationKey>")

    def sign(self, text, key=None):
        return base64.b64encode(hmac.new(key or self.server.key, text.encode(), hashlib.sha256).digest()).decode()

    def text(self):
        header = lambda name: self.headers.get(name) or ""
        length = header("Content-Length")
        lines = [
            self.command, header("Content-Encoding"), header("Content-Language"), "" if length == "0" else length,
            header("Content-MD5"), header("Content-Type"), "", header("If-Modified-Since"), header("If-Match"),
            header("If-None-Match"), header("If-Unmodified-Since"), header("Range"),
        ]
        own = sorted((name.lower(), value.strip()) for name, value in self.headers.items() if name.lower().startswith("x-ms-"))
        lines += [f"{name}:{value}" for name, value in own]
        text = "\n".join(lines) + f"\n/{self.server.account}{self.raw_path}"
        for name, value in sorted((name.lower(), value) for name, value in self.query.items()):
            text += f"\n{name}:{value}"
        return text

    def check_signature(self, container, blob):
        query = lambda name: self.query.get(name, "")
        whole = f"/blob/{self.server.account}/{container}"
        resource = f"{whole}/{blob}" if query("sr") == "b" else whole
        times, kind = [query("sp"), query("st"), query("se"), resource], [query("sv"), query("sr"), "", query("ses")]
        end = kind + [query("rscc"), query("rscd"), query("rsce"), query("rscl"), query("rsct")]
        signed = self.sign("\n".join(times + [query("si"), query("sip"), query("spr")] + end))
        if "skoid" in self.query:
            signed = self.delegated(times, end)
        if self.query["sig"] != signed:
            raise Refusal(403, "AuthenticationFailed", "Signature did not match.")
        if query("se") < time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()):
            raise Refusal(403, "AuthenticationFailed", "Signature not valid in the specified time frame.")
        needed = {"GET": "r", "HEAD": "r", "PUT": "w", "DELETE": "d"}[self.command]
        if self.query.get("comp") == "list":
            needed = "l"
        # Who may only create may not write over what is there, nor send blocks.
        blobs = self.server.containers.get(container, {}).get("blobs", {})
        if needed == "w" and "comp" not in self.query and blob not in blobs:
            needed = "cw"
        if not set(needed) & set(query("sp")):
            raise Refusal(403, "AuthorizationPermissionMismatch", "This request is not authorized to perform this operation.")

    def delegated(self, times, end):
        """https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas, of version 2020-12-06 and later."""
        query = lambda name: self.query.get(name, "")
        key = self.server.keys.get(query("skoid"))
        told = [query(name) for name in ("skoid", "sktid", "skt", "ske", "sks", "skv")]
        if not key or told != [value for name, value in key.items() if name != "Value"]:
            raise Refusal(403, "AuthenticationFailed", "The key is not known.")
        if seconds(query("se")) > seconds(query("ske")):
            raise Refusal(403, "AuthenticationFailed", "The signature lasts longer than its key.")
        users = [query(name) for name in ("saoid", "suoid", "scid", "sip", "spr")]
        return self.sign("\n".join(times + told + users + end), base64.b64decode(key["Value"]))

    # Containers

    def containers(self):
        page, last = self.page(self.server.containers)
        rows = "".join(
            f"<Container><Name>{name}</Name><Properties><Last-Modified>{stamp()}</Last-Modified></Properties>"
            f"<Metadata>{metadata(self.server.containers[name]['metadata'])}</Metadata></Container>" for _, name in page)
        self.xml(f"<EnumerationResults><Containers>{rows}</Containers><NextMarker>{last or ''}</NextMarker></EnumerationResults>")

    def one_container(self, name):
        with self.server.lock:
            found = self.server.containers.get(name)
            if self.command == "PUT":
                if found:
                    raise Refusal(409, "ContainerAlreadyExists", "The specified container already exists.")
                self.server.containers[name] = {"metadata": self.own_headers(), "blobs": {}, "waiting": {}}
                return self.respond_with(201)
            if found is None:
                raise Refusal(404, "ContainerNotFound", "The specified container does not exist.")
            if self.command == "DELETE":
                del self.server.containers[name]
                return self.respond_with(202)
            if self.query.get("comp") == "list":
                return self.blobs(found)
            self.respond_with(200)

    def blobs(self, container):
        page, last = self.page(container["blobs"])
        rows = ""
        for is_folder, name in page:
            if is_folder:
                rows += f"<BlobPrefix><Name>{escape(name)}</Name></BlobPrefix>"
                continue
            blob = container["blobs"][name]
            rows += f"<Blob><Name>{escape(name)}</Name><Properties><Last-Modified>{blob['changed']}</Last-Modified>"
            rows += f"<Etag>{blob['etag'].strip(chr(34))}</Etag><Content-Length>{len(blob['data'])}</Content-Length>"
            rows += f"<Content-MD5>{blob['md5']}</Content-MD5></Properties>"
            rows += f"<Metadata>{metadata(blob['metadata'])}</Metadata></Blob>"
        mark = escape(last or "")
        self.xml(f"<EnumerationResults><Blobs>{rows}</Blobs><NextMarker>{mark}</NextMarker></EnumerationResults>")

    def page(self, names):
        most = min(int(self.query.get("maxresults", 5000)), self.server.page)
        return object_server.listed(
            list(names), self.query.get("prefix", ""), self.query.get("delimiter", ""), self.query.get("marker"), most)

    def xml(self, text):
        body = b"\xef\xbb\xbf" + f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode()
        self.respond_with(200, body, {"Content-Type": "application/xml"})

    def own_headers(self):
        return {name[10:].lower(): value for name, value in self.headers.items() if name.lower().startswith("x-ms-meta-")}

    # Blobs

    def blob(self, container, name):
        comp = self.query.get("comp")
        if self.command == "PUT" and comp == "block":
            return self.put_block(container, name)
        if self.command == "PUT" and comp == "blocklist":
            return self.put_list(container, name)
        if comp == "blocklist":
            return self.block_list(container, name)
        if self.command == "PUT" and "x-ms-copy-source" in self.headers:
            return self.copy(container, name)
        if self.command == "PUT":
            if self.headers.get("x-ms-blob-type") != "BlockBlob":
                raise Refusal(400, "MissingRequiredHeader", "An HTTP header that's mandatory for this request is not specified.")
            data = self.checked_body()
            return self.make(container, name, data, md5_of(data))
        found = container["blobs"].get(name)
        if found is None:
            raise Refusal(404, "BlobNotFound", "The specified blob does not exist.")
        wanted = self.headers.get("If-Match")
        if wanted not in (None, "*", found["etag"]):
            raise Refusal(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")
        if self.command == "DELETE":
            del container["blobs"][name]
            return self.respond_with(202)
        self.give(found)

    def give(self, found):
        data = found["data"]
        headers = {"ETag": found["etag"], "Last-Modified": found["changed"], "Accept-Ranges": "bytes"}
        if found["md5"]:
            headers["x-ms-blob-content-md5"] = found["md5"]
        headers.update({f"x-ms-meta-{name}": value for name, value in found["metadata"].items()})
        if found.get("copy"):
            # A copy takes as long as two looks.
            headers["x-ms-copy-status"] = "success" if found["copy"] <= 1 else "pending"
            found["copy"] = max(found["copy"] - 1, 1)
        if self.command == "HEAD":
            if found["md5"]:
                headers["Content-MD5"] = found["md5"]
            return self.respond_with(200, b"", {**headers, "Content-Length": str(len(data))})
        part = self.range(len(data), "x-ms-range", "Range")
        if part is None:
            return self.respond_with(200, data, headers)
        first, last = part
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        self.respond_with(206, data[first:last + 1], headers)

    def checked_body(self):
        data = self.read_all()
        said = self.headers.get("Content-MD5")
        if said and said != md5_of(data):
            raise Refusal(400, "Md5Mismatch", "The MD5 value specified in the request did not match with the MD5 value calculated "
                          "by the server.")
        return data

    def make(self, container, name, data, md5, copied=0):
        with self.server.lock:
            self.check_absent(container, name)
            self.server.count += 1
            etag = f'"0x8D{self.server.count:012X}"'
            meta = self.own_headers() if not copied else copied
            container["blobs"][name] = {
                "data": data, "etag": etag, "md5": md5, "metadata": meta, "changed": stamp(), "copy": 3 if copied else 0}
            container["waiting"].pop(name, None)
        return self.respond_with(202 if copied else 201, b"", {
            "ETag": etag, **({"x-ms-copy-status": "pending", "x-ms-copy-id": str(uuid.uuid4())} if copied else {})})

    def check_absent(self, container, name):
        if self.headers.get("If-None-Match") == "*" and name in container["blobs"]:
            raise Refusal(409, "BlobAlreadyExists", "The specified blob already exists.")

    def copy(self, container, name):
        parts = urllib.parse.urlsplit(self.headers["x-ms-copy-source"])
        _, account, source, key = urllib.parse.unquote(parts.path).split("/", 3)
        found = self.server.containers.get(source, {}).get("blobs", {}).get(key)
        if account != self.server.account or found is None:
            raise Refusal(404, "CannotVerifyCopySource", "The specified blob does not exist.")
        self.make(container, name, found["data"], found["md5"], found["metadata"] or {"copied": "1"})

    # Blocks

    def put_block(self, container, name):
        block = self.query["blockid"]
        try:
            length = len(base64.b64decode(block, validate=True))
        except ValueError:
            raise Refusal(400, "InvalidQueryParameterValue", "blockid is not Base64.")
        data = self.checked_body()
        with self.server.lock:
            waiting = container["waiting"].setdefault(name, {})
            if length > 64 or any(len(base64.b64decode(other)) != length for other in waiting):
                raise Refusal(400, "InvalidBlobOrBlock", "The specified blob or block content is invalid.")
            waiting[block] = data
        self.respond_with(201, b"", {"Content-MD5": md5_of(data)})

    def block_list(self, container, name):
        waiting = container["waiting"].get(name)
        if waiting is None and name not in container["blobs"]:
            raise Refusal(404, "BlobNotFound", "The specified blob does not exist.")
        rows = "".join(f"<Block><Name>{block}</Name><Size>{len(data)}</Size></Block>" for block, data in (waiting or {}).items())
        self.xml(f"<BlockList><UncommittedBlocks>{rows}</UncommittedBlocks></BlockList>")

    def put_list(self, container, name):
        body = self.checked_body().decode()
        with self.server.lock:
            self.check_absent(container, name)
            waiting = container["waiting"].get(name, {})
            blocks = re.findall(r"<(?:Uncommitted|Latest)>([^<]*)<", body)
            if any(block not in waiting for block in blocks):
                raise Refusal(400, "InvalidBlockList", "The specified block list is invalid.")
            self.make(container, name, b"".join(waiting[block] for block in blocks), "")


def md5_of(data):
    return base64.b64encode(object_server.md5(data)).decode()


def metadata(values):
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())


WEEK = 7 * 86400


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def stamp():
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())


object_server.run(
    Azure, account=sys.argv[1], key=base64.b64decode(sys.argv[2]), token=sys.argv[3], page=int(sys.argv[4]), containers={},
    count=0, keys={}, refuses=False)
