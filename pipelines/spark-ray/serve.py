"""Answers how likely customers are to leave.

    SKY_SERVICE_PORT=8090 python3 serve.py MODEL

GET /healthz; GET /model; POST /predict with a JSON object of features, or a list of them.
"""
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import regression

BODY_LIMIT = 1 << 20


class Handler(BaseHTTPRequestHandler):
    model = {}

    def do_GET(self):
        if self.path == "/healthz":
            self.answer(200, {"ok": True})
        elif self.path == "/model":
            self.answer(200, self.model)
        else:
            self.answer(404, {"error": "GET /healthz, GET /model or POST /predict"})

    def do_POST(self):
        if self.path != "/predict":
            return self.answer(404, {"error": "POST /predict"})
        try:
            length = int(self.headers.get("Content-Length", "0"))
            if not 0 < length <= BODY_LIMIT:
                raise ValueError(f"a body of 1 to {BODY_LIMIT} bytes is needed")
            asked = json.loads(self.rfile.read(length))
            answers = [predict(self.model, one) for one in (asked if isinstance(asked, list) else [asked])]
        except (ValueError, TypeError, KeyError) as error:
            return self.answer(400, {"error": str(error), "features": self.model["features"]})
        return self.answer(200, answers if isinstance(asked, list) else answers[0])

    def answer(self, code, content):
        body = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):  # pylint: disable=redefined-builtin
        """Says nothing of each request."""


def predict(model, features):
    """What the model makes of one customer; a feature that is missing is taken to be usual."""
    unknown = set(features) - set(model["features"])
    if unknown:
        raise ValueError(f"no such feature: {', '.join(sorted(unknown))}")
    row = [float(features.get(name, mean)) for name, (mean, _) in zip(model["features"], model["scales"])]
    likely = regression.probability(model["weights"], regression.scaled(row, model["scales"]))
    return {"left": likely > 0.5, "probability": round(likely, 4)}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        Handler.model = json.load(file)
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["SKY_SERVICE_PORT"])), Handler).serve_forever()


if __name__ == "__main__":
    main()
