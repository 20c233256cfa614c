"""Keys and certificates for one control plane, made with the openssl command.

Every run makes its own, so that nothing secret is kept and nothing expires.
"""

import pathlib
import subprocess

CONFIG = "[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=unused\n"


class KeyPair:
    """A certificate and its private key as two PEM files."""

    def __init__(self, directory: pathlib.Path, name: str):
        self.cert = directory / f"{name}.crt"
        self.key = directory / f"{name}.key"

    def cert_text(self) -> str:
        """Returns the certificate as PEM."""
        return self.cert.read_text()


class Pki:
    """Writes key pairs into one directory."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._config = directory / "openssl.cnf"
        self._config.write_text(CONFIG)

    def authority(self, name: str) -> KeyPair:
        """Makes a self-signed certificate authority."""
        extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature"]
        return self._request(name, f"/CN={name}", extensions, [])

    def leaf(self, name: str, authority: KeyPair, common_name: str, hosts: tuple = ()) -> KeyPair:
        """Makes a certificate good for both ends of a connection."""
        names = ["IP:127.0.0.1", "DNS:localhost", *(f"DNS:{host}" for host in hosts)]
        extensions = [
            "basicConstraints=critical,CA:FALSE",
            "extendedKeyUsage=serverAuth,clientAuth",
            "subjectAltName=" + ",".join(names),
        ]
        signer = ["-CA", str(authority.cert), "-CAkey", str(authority.key)]
        return self._request(name, f"/CN={common_name}", extensions, signer)

    def rsa_keys(self, private: pathlib.Path, public: pathlib.Path) -> None:
        """Makes a bare RSA key pair, the kind tokens are signed with."""
        private.parent.mkdir(parents=True, exist_ok=True)
        _openssl("genrsa", "-traditional", "-out", str(private), "2048")
        _openssl("rsa", "-in", str(private), "-pubout", "-out", str(public))

    def _request(self, name, subject, extensions, signer) -> KeyPair:
        pair = KeyPair(self.directory, name)
        arguments = ["req", "-x509", "-config", str(self._config), "-days", "365", "-nodes"]
        arguments += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", subject]
        arguments += ["-keyout", str(pair.key), "-out", str(pair.cert), *signer]
        for extension in extensions:
            arguments += ["-addext", extension]
        _openssl(*arguments)
        return pair


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.strip()}")
