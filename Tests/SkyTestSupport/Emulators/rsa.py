"""RSA with SHA-256 (PKCS #1, version 1.5), in numbers; the key is made with the openssl command."""

import hashlib
import re
import subprocess

# RFC 8017, 9.2: what stands before a SHA-256.
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


class Key:
    def __init__(self):
        made = subprocess.run(["openssl", "genrsa", "2048"], check=True, capture_output=True, text=True)
        self.pem = made.stdout
        told = subprocess.run(["openssl", "rsa", "-noout", "-text"], check=True, capture_output=True, text=True,
                              input=self.pem).stdout
        self.modulus, self.exponent = number(told, "modulus"), number(told, "privateExponent")

    def sign(self, message):
        size = (self.modulus.bit_length() + 7) // 8
        return pow(int.from_bytes(padded(message, size), "big"), self.exponent, self.modulus).to_bytes(size, "big")

    def verifies(self, message, signature):
        """With the public half alone."""
        size = (self.modulus.bit_length() + 7) // 8
        if len(signature) != size:
            return False
        return pow(int.from_bytes(signature, "big"), 65537, self.modulus).to_bytes(size, "big") == padded(message, size)


def padded(message, size):
    end = DIGEST_INFO + hashlib.sha256(message).digest()
    return b"\0\1" + b"\xff" * (size - len(end) - 3) + b"\0" + end


def number(told, name):
    """Of `openssl rsa -text`: lines of digits and colons."""
    digits = re.search(rf"^{name}:\n((?: +[0-9a-f:]+\n)+)", told, re.MULTILINE)[1]
    return int(re.sub(r"[\s:]", "", digits), 16)
