"""A real Prometheus, and promtool, from Debian's package in the cache."""

import http.server
import json
import pathlib
import subprocess
import threading
import urllib.parse
import urllib.request

from exposition import TEXT
from processes import NotReady, Process, wait_until

HERE = pathlib.Path(__file__).resolve().parent


def binaries() -> pathlib.Path:
    """Returns the directory of prometheus and promtool, unpacking them when missing."""
    done = subprocess.run([HERE.parent / "testbed/prometheus.sh"], stdout=subprocess.PIPE, text=True, check=True)
    return pathlib.Path(done.stdout.strip())


def promtool_complaints(body: str) -> str:
    """Returns what `promtool check metrics` has to say about a text exposition."""
    done = subprocess.run([binaries() / "promtool", "check", "metrics"],
                          input=body, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip() or (f"exit {done.returncode}" if done.returncode else "")


class TextRelay:
    """Serves the exporter's text format to a Prometheus that always prefers OpenMetrics.

    Prometheus before 2.49 has no setting for the format it asks for.
    """

    def __init__(self, port: int, url: str):
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), _relay_of(url))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stops serving."""
        self._server.shutdown()
        self._server.server_close()


class Prometheus:
    """One Prometheus that scrapes its targets every second."""

    def __init__(self, directory: pathlib.Path, port: int, jobs: dict):
        self.url = f"http://127.0.0.1:{port}"
        directory.mkdir(parents=True, exist_ok=True)
        config = directory / "prometheus.yml"
        config.write_text(json.dumps({  # JSON is YAML
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "scrape_configs": [_scrape_config(name, url) for name, url in jobs.items()],
        }, indent=1))
        self._process = Process("prometheus", [
            binaries() / "prometheus", f"--config.file={config}",
            f"--storage.tsdb.path={directory / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
            "--storage.tsdb.retention.time=1h", "--log.level=warn"], directory)

    def start(self) -> None:
        """Starts it and waits until it answers queries."""
        self._process.start()
        self._process.wait_ready("ready Prometheus", lambda: self._get("/-/ready") is not None)

    def stop(self) -> None:
        """Ends it; its data is thrown away with its directory."""
        self._process.kill()

    def query(self, expression: str) -> list:
        """Runs an instant query; returns pairs of labels and value."""
        answer = json.loads(self._get("/api/v1/query?" + urllib.parse.urlencode({"query": expression})))
        return [(one["metric"], float(one["value"][1])) for one in answer["data"]["result"]]

    def wait_for(self, expression: str, reached=bool, timeout: float = 40.0) -> list:
        """Polls a query until reached(result) holds; tells the last result when it never does."""
        seen = {}
        def probe():
            seen["result"] = self.query(expression)
            return (seen["result"],) if reached(seen["result"]) else None
        try:
            return wait_until(f"result of {expression}", probe, timeout)[0]
        except NotReady as error:
            raise NotReady(f"{error}; last: {seen.get('result')}") from None

    def wait_none(self, expression: str, timeout: float = 40.0) -> None:
        """Polls a query until nothing matches it any more."""
        self.wait_for(expression, lambda result: not result, timeout)

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return answer.read()


def _scrape_config(name: str, url: str) -> dict:
    parts = urllib.parse.urlsplit(url)
    config = {"job_name": name, "scheme": parts.scheme, "metrics_path": parts.path,
              "honor_labels": True, "static_configs": [{"targets": [parts.netloc]}]}
    if parts.scheme == "https":
        config["tls_config"] = {"insecure_skip_verify": True}
    return config


def _relay_of(url: str):
    class Handler(http.server.BaseHTTPRequestHandler):
        """Answers one scrape."""

        def do_GET(self):
            """Fetches the text format and passes it on unchanged."""
            request = urllib.request.Request(url, headers={"Accept": TEXT})
            with urllib.request.urlopen(request, timeout=5) as answer:
                body, content_type = answer.read(), answer.headers["Content-Type"]
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):
            """Stays silent."""

    return Handler
