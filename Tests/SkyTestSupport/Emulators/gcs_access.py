"""Who may do what at the emulated Google Cloud Storage: tokens, tokens that are narrowed, and signed addresses.

Written from https://cloud.google.com/storage/docs/authentication/canonical-requests, .../signatures,
https://cloud.google.com/iam/docs/downscoping-short-lived-credentials and .../reference/credentials/rest.
"""

import base64
import calendar
import hashlib
import json
import re
import time
import urllib.parse
import uuid

import rsa
from object_server import Refusal

EMAIL = "robot@acme.iam.example"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
# What a condition of a boundary may say here, of all that the Common Expression Language can.
CONDITION = re.compile(r"resource\.name (==) '((?:[^'\\]|\\.)*)'|resource\.name\.(startsWith)\('((?:[^'\\]|\\.)*)'\)")


class Access:
    def __init__(self, token):
        self.token, self.key, self.narrowed = token, rsa.Key(), {}
        # What is refused: "sign", "exchange".
        self.refused = set()

    def account_file(self, origin):
        return {"type": "service_account", "project_id": "acme", "client_email": EMAIL, "private_key": self.key.pem,
                "private_key_id": "1", "token_uri": origin + "/token"}

    # Tokens

    def login(self, form):
        """The token endpoint: a claim that the account's key has signed, or a person's login."""
        if form.get("grant_type") == "refresh_token" and form.get("refresh_token") == "good-refresh":
            return self.token
        parts = form.get("assertion", "").split(".")
        if len(parts) != 3 or not self.key.verifies(".".join(parts[:2]).encode(), unpadded(parts[2])):
            raise Refusal(400, "invalid_grant", "Invalid JWT Signature.")
        return self.token

    def exchange(self, form):
        """The Security Token Service: a token for one that can do less."""
        boundary = json.loads(form.get("options") or "{}").get("accessBoundary", {}).get("accessBoundaryRules", [])
        if form.get("subject_token_type") != ACCESS or form.get("requested_token_type") != ACCESS or not boundary:
            raise Refusal(400, "invalid_request", "Invalid value for a field of the request.")
        if "exchange" in self.refused or form.get("subject_token") != self.token or len(form["options"]) > 2048:
            raise Refusal(400, "invalid_grant", "The given token cannot be narrowed.")
        rules = []
        for rule in boundary:
            found = CONDITION.fullmatch(rule["availabilityCondition"]["expression"])
            if not found or rule["availablePermissions"] != ["inRole:roles/storage.objectViewer"]:
                raise Refusal(400, "invalid_request", "Invalid access boundary.")
            name = re.sub(r"\\(.)", r"\1", found[2] if found[1] else found[4])
            rules.append((rule["availableResource"], bool(found[1]), name))
        token = "narrowed-" + uuid.uuid4().hex
        self.narrowed[token] = rules
        return token

    def impersonate(self, authorization):
        """The service of service accounts' credentials."""
        if authorization != f"Bearer {self.token}":
            raise Refusal(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        return self.token

    def sign_blob(self, authorization, body):
        self.impersonate(authorization)
        if "sign" in self.refused:
            raise Refusal(403, "PERMISSION_DENIED", "Permission 'iam.serviceAccounts.signBlob' denied on resource.")
        return {"keyId": "1", "signedBlob": base64.b64encode(self.key.sign(base64.b64decode(body["payload"]))).decode()}

    # What a request may do

    def check(self, authorization, method, bucket, key):
        if authorization == f"Bearer {self.token}":
            return
        rules = self.narrowed.get((authorization or "").removeprefix("Bearer "))
        if rules is None:
            raise Refusal(401, "authError", "Invalid Credentials")
        name = f"projects/_/buckets/{bucket}/objects/{key}"
        for resource, is_exact, wanted in rules:
            is_here = resource == f"//storage.googleapis.com/projects/_/buckets/{bucket}"
            if method == "GET" and key and is_here and (name == wanted if is_exact else name.startswith(wanted)):
                return
        raise Refusal(403, "forbidden", "does not have storage.objects.get access to the Google Cloud Storage object.")

    def check_signature(self, call):
        """Version 4, of an address. Errors are those of the XML API."""
        pairs = urllib.parse.parse_qsl(call.raw_query, keep_blank_values=True)
        query = dict(pairs)
        signature = bytes.fromhex(query.get("X-Goog-Signature", ""))
        moment, names = query.get("X-Goog-Date", ""), query.get("X-Goog-SignedHeaders", "").split(";")
        email, scope = query.get("X-Goog-Credential", "/").split("/", 1)
        if query.get("X-Goog-Algorithm") != "GOOG4-RSA-SHA256" or "host" not in names or email != EMAIL \
                or scope != f"{moment[:8]}/auto/storage/goog4_request":
            raise Refusal(400, "AuthorizationQueryParametersError", "Error parsing the X-Goog parameters.")
        quote = lambda text: urllib.parse.quote(text, safe="-_.~")
        canonical_query = "&".join(
            f"{name}={value}" for name, value in sorted(
                (quote(name), quote(value)) for name, value in pairs if name != "X-Goog-Signature"))
        path = urllib.parse.quote(urllib.parse.unquote(call.raw_path), safe="/-_.~")
        # The port is not part of the host, as Google's conformance tests have it.
        value = lambda name: " ".join((call.headers[name] or "").split())
        headers = "".join(f"{name}:{value(name).split(':')[0] if name == 'host' else value(name)}\n" for name in names)
        request = "\n".join([call.command, path, canonical_query, headers, ";".join(names), "UNSIGNED-PAYLOAD"])
        text = "\n".join(["GOOG4-RSA-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()])
        if not self.key.verifies(text.encode(), signature):
            raise Refusal(403, "SignatureDoesNotMatch", "Access denied.")
        begin, span = calendar.timegm(time.strptime(moment, "%Y%m%dT%H%M%SZ")), int(query["X-Goog-Expires"])
        if not 0 < span <= 604800:
            raise Refusal(400, "AuthorizationQueryParametersError", "X-Goog-Expires must be at most 604800.")
        if begin + span < time.time():
            raise Refusal(400, "ExpiredToken", "Invalid argument.")


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
