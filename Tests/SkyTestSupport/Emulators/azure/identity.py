"""Microsoft Entra's token endpoint and the metadata service of machines."""
import base64
import json
import time
import uuid

from cloud import Refusal

SECRET = "client-SECRET"
REFRESH = "good-refresh"


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def new_token(cloud, audience, claims):
    now = int(time.time())
    payload = {"aud": audience, "iat": now, "exp": now + 3600, "tid": cloud.tenant, "oid": str(uuid.uuid4()), **claims}
    token = "%s.%s.%s" % (part({"alg": "RS256", "typ": "JWT"}), part(payload), uuid.uuid4().hex)
    with cloud.lock:
        cloud.tokens[token] = now + 3600
    return token


def refuse(status, error, code, message):
    text = "%s: %s Trace ID: %s Correlation ID: %s" % (code, message, uuid.uuid4(), uuid.uuid4())
    body = {"error": error, "error_description": text, "error_codes": [int(code[6:])]}
    raise Refusal(status, code, message, body=body)


def entra(cloud, call):
    form = call.form()
    if call.path.split("/")[1] != cloud.tenant:
        refuse(400, "invalid_request", "AADSTS90002", "Tenant not found. Check to make sure you have the correct tenant ID.")
    if not form.get("scope", "").endswith("/.default"):
        refuse(400, "invalid_scope", "AADSTS70011", "The provided request must include a 'scope' input parameter.")
    audience = form["scope"][:-len("/.default")]
    grant = form.get("grant_type")
    if grant == "client_credentials":
        proof = form.get("client_secret")
        if "client_assertion" in form:
            if len(form["client_assertion"].split(".")) != 3:
                refuse(401, "invalid_client", "AADSTS50027", "JWT token is invalid or malformed.")
        elif proof != SECRET:
            refuse(401, "invalid_client", "AADSTS7000215", "Invalid client secret provided.")
        claims = {"appid": form["client_id"], "idtyp": "app"}
    elif grant == "refresh_token":
        if form.get("refresh_token") != REFRESH:
            refuse(400, "invalid_grant", "AADSTS700082", "The refresh token has expired due to inactivity.")
        claims = {"upn": "me@corp.example", "appid": form["client_id"]}
    else:
        refuse(400, "unsupported_grant_type", "AADSTS70003", "The app requested an unsupported grant type.")
    token = new_token(cloud, audience, claims)
    return 200, {}, {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token}


def metadata(cloud, call):
    if call.headers.get("Metadata") != "true":
        raise Refusal(400, "", "", body={"error": "invalid_request", "error_description": "Required metadata header not specified"})
    if call.path == "/metadata/scheduledevents":
        return events(cloud, call)
    if call.path != "/metadata/identity/oauth2/token" or "resource" not in call.query:
        raise Refusal(404, "", "", body={"error": "not_found", "error_description": "no such thing"})
    token = new_token(cloud, call.query["resource"], {"appid": "machine", "xms_mirid": "machine"})
    return 200, {}, {"access_token": token, "expires_in": "3600", "expires_on": str(int(time.time()) + 3600),
                     "resource": call.query["resource"], "token_type": "Bearer"}


def events(cloud, call):
    """What is about to happen to machines. All of them hear of all: they are on one host."""
    if call.query.get("api-version") not in ("2019-08-01", "2020-07-01"):
        raise Refusal(400, "", "", body={"error": "Bad request. api-version is invalid or was not specified in the request."})
    with cloud.lock:
        cloud.tick()
        told = [{
            "EventId": str(uuid.uuid5(uuid.NAMESPACE_OID, name)), "EventStatus": "Scheduled", "EventType": "Preempt",
            "ResourceType": "VirtualMachine", "Resources": [name], "EventSource": "Platform", "Description": "",
            "NotBefore": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(at)), "DurationInSeconds": -1,
        } for name, at in sorted(cloud.announced.items())]
        return 200, {}, {"DocumentIncarnation": len(told), "Events": told}
