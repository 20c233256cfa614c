"""Reading the exporter's answer the way a strict scraper would."""

import gzip
import re
import urllib.error
import urllib.request

TEXT = "text/plain;version=0.0.4"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
SAMPLE = re.compile(r'^(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)(?: \S+)?(?: # .*)?$')
LABEL = re.compile(r'(?P<key>[a-zA-Z_][a-zA-Z0-9_]*)="(?P<value>(?:[^"\\]|\\.)*)"(?:,|$)')
ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}
# What every series about a VM begins with, in this order.
IDENTITY = ("workspace", "project", "cluster", "vm_name")


class Sample:
    """One line of an exposition."""

    def __init__(self, line: str):
        match = SAMPLE.match(line)
        assert match, f"not a sample: {line!r}"
        self.line = line
        self.name = match["name"]
        self.value = float(match["value"])
        self.series = line[:match.start("value")].rstrip()
        self.labels = _labels_of(match["labels"] or "", line)

    def identity(self) -> tuple:
        """Returns what no other sample of the scrape may equal."""
        return self.name, tuple(sorted(self.labels.items()))


class Scrape:
    """One whole answer of /metrics; reading it checks that no label set appears twice."""

    def __init__(self, body: str, headers):
        self.body = body
        self.headers = headers
        self.samples = [Sample(line) for line in body.splitlines() if line and not line.startswith("#")]
        seen = {}
        for sample in self.samples:
            other = seen.setdefault(sample.identity(), sample)
            assert other is sample, f"appears twice: {sample.line!r} and {other.line!r}"

    def find(self, name: str, **labels) -> list:
        """Returns the samples of a name that carry the given labels."""
        wanted = labels.items()
        return [one for one in self.samples if one.name == name and wanted <= one.labels.items()]

    def of_vm(self, project: str, vm_name: str) -> list:
        """Returns every sample about one VM."""
        return [one for one in self.samples
                if one.labels.get("project") == project and one.labels.get("vm_name") == vm_name]


def fetch(url: str, accept: str = TEXT, gzipped: bool = False) -> Scrape:
    """Scrapes once; a gzipped answer is inflated by a reader that takes one member only."""
    headers = {"Accept": accept, "Accept-Encoding": "gzip" if gzipped else "identity"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        body = answer.read()
        encoding = answer.headers.get("Content-Encoding", "identity")
        assert encoding == ("gzip" if gzipped else "identity"), f"Content-Encoding {encoding}"
        return Scrape((gzip.decompress(body) if gzipped else body).decode("utf-8"), answer.headers)


def status_of(url: str) -> int:
    """Returns the HTTP status of a GET."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def parse_loosely(body: str) -> list:
    """Reads the samples of someone else's exposition."""
    return [Sample(line) for line in body.splitlines() if line and not line.startswith("#")]


def _labels_of(text: str, line: str) -> dict:
    labels, position = {}, 0
    while position < len(text):
        match = LABEL.match(text, position)
        assert match, f"labels that do not parse: {line!r}"
        assert match["key"] not in labels, f"a label twice: {line!r}"
        labels[match["key"]] = re.sub(r'\\["\\n]', lambda one: ESCAPES[one[0]], match["value"])
        position = match.end()
    return labels
