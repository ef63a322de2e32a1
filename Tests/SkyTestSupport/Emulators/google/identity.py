"""Who asks: the token endpoint of OAuth, tokeninfo, a metadata server, and the project's own API."""
import urllib.parse

from cloud import Refusal

EMAIL = "robot@test-project.iam.example"


def oauth(cloud, call):
    form = {name: values[-1] for name, values in urllib.parse.parse_qs(call.raw.decode(), True).items()}
    if call.path == "/tokeninfo":
        if form.get("access_token") not in cloud.tokens:
            raise Refusal(400, {"error": "invalid_token", "error_description": "Invalid Value"})
        return 200, {"email": EMAIL, "email_verified": "true", "expires_in": "3599"}
    if call.headers.get_content_type() != "application/x-www-form-urlencoded":
        raise Refusal(400, {"error": "invalid_request", "error_description": "Invalid content type"})
    kind = form.get("grant_type")
    if kind == "refresh_token":
        missing = [n for n in ("client_id", "client_secret", "refresh_token") if not form.get(n)]
        if missing:
            raise Refusal(400, {"error": "invalid_request", "error_description": "Missing " + missing[0]})
        if form["refresh_token"] != "good-refresh":
            raise Refusal(400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."})
    elif kind != "urn:ietf:params:oauth:grant-type:jwt-bearer" or form.get("assertion", "").count(".") != 2:
        raise Refusal(400, {"error": "unsupported_grant_type", "error_description": "Invalid grant_type: %s" % kind})
    return 200, {"access_token": cloud.new_token(), "expires_in": cloud.token_seconds, "token_type": "Bearer"}


def metadata(cloud, call):
    if call.headers.get("Metadata-Flavor") != "Google":
        raise Refusal(403, "Missing required header: Metadata-Flavor")
    key = call.path[len("/computeMetadata/v1/"):]
    if key == "instance/service-accounts/default/token":
        return 200, {"access_token": cloud.new_token(), "expires_in": cloud.token_seconds, "token_type": "Bearer"}
    answers = {"instance/service-accounts/default/email": EMAIL, "project/project-id": cloud.project}
    if key not in answers:
        raise Refusal(404, "not found")
    return 200, answers[key]


def route(cloud, call):
    if call.match("POST", "/v1/projects/{project}:testIamPermissions"):
        return 200, {"permissions": call.json().get("permissions", [])}
    raise Refusal.rpc(404, "NOT_FOUND", "Requested entity was not found.")
