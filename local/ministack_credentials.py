"""Credentials of users that MiniStack lacks: SSH public keys, signing certificates, service-specific credentials.

As the IAM API Reference says of each operation, with its errors. Nothing is signed or logged in with them: they are
there to be listed, to stand in the way of DeleteUser, and to be deleted.
"""

import base64
import binascii
import hashlib
import re
import secrets
import struct
from xml.sax.saxutils import escape

from ministack_guards import add
from ministack_hooks import hooks

from ministack.core.responses import AccountScopedDict, get_account_id

STORES = {kind: AccountScopedDict() for kind in ("SSHPublicKey", "SigningCertificate", "ServiceSpecificCredential")}
# IAM User Guide, "IAM and AWS STS quotas"; of service-specific credentials, CreateServiceSpecificCredential says so.
SSH_KEYS = 5
CERTIFICATES = ("SigningCertificatesPerUserQuota", 2)
CREDENTIALS_OF_A_SERVICE = 2
LEAST_BITS = 2048
# The services that CreateServiceSpecificCredential names.
GIT_LIKE, BEARING = ("codecommit.amazonaws.com", "cassandra.amazonaws.com"), ("bedrock.amazonaws.com",)
STATES = ("Active", "Inactive")


def held_by(kind, user):
    """The records of one kind that a user has."""
    return [record for record in STORES[kind].values() if record["UserName"] == user]


def renamed(old, new):
    """What is kept under a user's name follows it."""
    for store in STORES.values():
        for record in store.values():
            if record["UserName"] == old:
                record["UserName"] = new


def forget():
    """After a reset nothing is left."""
    for store in STORES.values():
        store.clear()


def _xml_of(record, names):
    return "".join(f"<{name}>{escape(str(record[name]))}</{name}>" for name in names if record.get(name) is not None)


def _key_of_text(text):
    """The blob of an RSA public key, in the form of OpenSSH or PEM, or `None`; and its bits."""
    words = text.split()
    try:
        if words[:1] == ["ssh-rsa"]:
            blob = base64.b64decode(words[1], validate=True)
            length = struct.unpack(">I", blob[:4])[0]
            exponent = struct.unpack(">I", blob[4 + length : 8 + length])[0]
            modulus = blob[8 + length + exponent + 4 :].lstrip(b"\0")
            return (blob, len(modulus) * 8) if blob[4 : 4 + length] == b"ssh-rsa" else (None, 0)
        pem = re.fullmatch(r"-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----", text.strip())
        blob = base64.b64decode("".join(pem[1].split()), validate=True)
        return blob, len(blob) * 8
    except (binascii.Error, IndexError, struct.error, TypeError):
        return None, 0


def _is_certificate(text):
    pem = re.fullmatch(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----", text.strip())
    try:
        return bool(pem) and base64.b64decode("".join(pem[1].split()), validate=True)[:1] == b"\x30"
    except binascii.Error:
        return False


class Credentials:
    """The handlers; one instance for one module `iam`."""

    def __init__(self, iam):
        self.iam = iam

    def no_user(self, p):
        """The refusal where the user is not there, or not named: none of our callers is a user of its own."""
        name = self.iam._p(p, "UserName")
        if not name:
            message = "Must specify userName when calling with non-User credentials"
            return self.iam._error(400, "ValidationError", message, ns="iam")
        if name not in self.iam._users:
            return self.iam._error(404, "NoSuchEntity", f"The user with name {name} cannot be found.", ns="iam")
        return None

    def answer(self, action, inner=""):
        """What a call answers; those that answer with nothing have no result."""
        result = f"<{action}Result>{inner}</{action}Result>" if inner else ""
        return self.iam._xml(200, f"{action}Response", result, ns="iam")

    def refused(self, status, code, message):
        """An error of IAM."""
        return self.iam._error(status, code, escape(message), ns="iam")

    def made(self, kind, key, prefix, p, **facts):
        """A new record of a user."""
        named = prefix + secrets.token_hex(14).upper()[len(prefix) :]
        record = {key: named, "UserName": self.iam._p(p, "UserName"), "Status": "Active", **facts}
        STORES[kind][record[key]] = record
        return record

    def found(self, kind, key, p):
        """The record that is named, where it is this user's; and the refusal where not."""
        named = self.iam._p(p, key)
        record = STORES[kind].get(named)
        if record is None or record["UserName"] != self.iam._p(p, "UserName"):
            return None, self.refused(404, "NoSuchEntity", f"The {key} with id {named} cannot be found.")
        return record, None

    def named(self, kind, key, p):
        """The record that a call is about; and the refusal where there is none."""
        refused = self.no_user(p)
        return (None, refused) if refused else self.found(kind, key, p)

    def updates(self, kind, key):
        """The handler that gives another status."""
        def update(p):
            record, refused = self.named(kind, key, p)
            status = self.iam._p(p, "Status")
            if refused:
                return refused
            if status not in STATES:
                return self.refused(400, "InvalidInput", f"Invalid status: {status}")
            record["Status"] = status
            return self.answer(f"Update{kind}")

        return update

    def deletes(self, kind, key):
        """The handler that deletes."""
        def delete(p):
            record, refused = self.named(kind, key, p)
            if refused:
                return refused
            del STORES[kind][record[key]]
            return self.answer(f"Delete{kind}")

        return delete

    def listed(self, action, holder, kind, names, p, keep=lambda record: True):
        """All of a user's."""
        refused = self.no_user(p)
        if refused:
            return refused
        members = "".join(
            f"<member>{_xml_of(record, names)}</member>"
            for record in held_by(kind, self.iam._p(p, "UserName")) if keep(record)
        )
        return self.answer(action, f"<{holder}>{members}</{holder}><IsTruncated>false</IsTruncated>")

    # SSH public keys

    SSH = ("UserName", "SSHPublicKeyId", "Fingerprint", "SSHPublicKeyBody", "Status", "UploadDate")

    def upload_ssh(self, p):
        body = self.iam._p(p, "SSHPublicKeyBody")
        refused = self.no_user(p)
        if refused:
            return refused
        held = held_by("SSHPublicKey", self.iam._p(p, "UserName"))
        if not body.startswith(("ssh-rsa ", "-----BEGIN PUBLIC KEY-----")):
            return self.refused(400, "UnrecognizedPublicKeyEncoding", "The public key encoding is not supported.")
        blob, bits = _key_of_text(body)
        if blob is None or bits < LEAST_BITS:
            return self.refused(400, "InvalidPublicKey", "The public key is not valid.")
        digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
        fingerprint = ":".join(digest[n : n + 2] for n in range(0, 32, 2))
        if fingerprint in [record["Fingerprint"] for record in held]:
            return self.refused(400, "DuplicateSSHPublicKey", "The SSH public key is already associated with the user.")
        if len(held) >= SSH_KEYS:
            return self.refused(409, "LimitExceeded", f"Cannot exceed quota for SSHPublicKeysPerUser: {SSH_KEYS}")
        facts = {"Fingerprint": fingerprint, "SSHPublicKeyBody": body, "UploadDate": self.iam._now()}
        record = self.made("SSHPublicKey", "SSHPublicKeyId", "APKA", p, **facts)
        return self.answer("UploadSSHPublicKey", f"<SSHPublicKey>{_xml_of(record, self.SSH)}</SSHPublicKey>")

    def get_ssh(self, p):
        record, refused = self.named("SSHPublicKey", "SSHPublicKeyId", p)
        if refused:
            return refused
        # AWS translates between the two forms; here a key is given back as it came.
        wanted = "SSH" if record["SSHPublicKeyBody"].startswith("ssh-rsa ") else "PEM"
        if self.iam._p(p, "Encoding") != wanted:
            return self.refused(400, "UnrecognizedPublicKeyEncoding", "The public key encoding is not supported.")
        return self.answer("GetSSHPublicKey", f"<SSHPublicKey>{_xml_of(record, self.SSH)}</SSHPublicKey>")

    def list_ssh(self, p):
        names = ("UserName", "SSHPublicKeyId", "Status", "UploadDate")
        return self.listed("ListSSHPublicKeys", "SSHPublicKeys", "SSHPublicKey", names, p)

    # Signing certificates

    CERTIFICATE = ("UserName", "CertificateId", "CertificateBody", "Status", "UploadDate")

    def upload_certificate(self, p):
        body = self.iam._p(p, "CertificateBody")
        refused = self.no_user(p)
        if refused:
            return refused
        if not _is_certificate(body):
            return self.refused(400, "MalformedCertificate", "Unable to parse certificate. Ensure it is in PEM format.")
        # "the same certificate is associated with an IAM user in the account" (UploadSigningCertificate).
        known = [record["CertificateBody"].split() for record in STORES["SigningCertificate"].values()]
        if body.split() in known:
            return self.refused(409, "DuplicateCertificate", "The certificate is already associated with a user.")
        key, most = CERTIFICATES
        set_to = hooks.quotas.get(get_account_id(), {}).get(key)
        most = most if set_to is None else set_to
        if len(held_by("SigningCertificate", self.iam._p(p, "UserName"))) >= most:
            return self.refused(409, "LimitExceeded", f"Cannot exceed quota for SigningCertificatesPerUser: {most}")
        facts = {"CertificateBody": body, "UploadDate": self.iam._now()}
        record = self.made("SigningCertificate", "CertificateId", "", p, **facts)
        record_xml = _xml_of(record, self.CERTIFICATE)
        return self.answer("UploadSigningCertificate", f"<Certificate>{record_xml}</Certificate>")

    def list_certificates(self, p):
        return self.listed("ListSigningCertificates", "Certificates", "SigningCertificate", self.CERTIFICATE, p)

    # Service-specific credentials

    CREDENTIAL = ("CreateDate", "ExpirationDate", "ServiceName", "ServiceUserName", "ServiceCredentialAlias",
                  "ServiceSpecificCredentialId", "UserName", "Status")
    SECRETS = ("ServicePassword", "ServiceCredentialSecret")

    def create_credential(self, p):
        name, service = self.iam._p(p, "UserName"), self.iam._p(p, "ServiceName")
        refused = self.no_user(p)
        if refused:
            return refused
        if service not in GIT_LIKE + BEARING:
            return self.refused(404, "NotSupportedService", f"No such service {service} is supported.")
        held = [r for r in held_by("ServiceSpecificCredential", name) if r["ServiceName"] == service]
        if len(held) >= CREDENTIALS_OF_A_SERVICE:
            message = f"Cannot exceed quota for ServiceSpecificCredentialsPerUser: {CREDENTIALS_OF_A_SERVICE}"
            return self.refused(409, "LimitExceeded", message)
        number = f"+{len(held)}" if held else ""
        shown = f"{name}{number}-at-{get_account_id()}"
        names = {"ServiceUserName": shown} if service in GIT_LIKE else {"ServiceCredentialAlias": shown}
        days = self.iam._p(p, "CredentialAgeDays")
        ends = {"ExpirationDate": self.iam._future(int(days) * 86_400)} if days else {}
        facts = {"ServiceName": service, "CreateDate": self.iam._now(), **names, **ends}
        record = self.made("ServiceSpecificCredential", "ServiceSpecificCredentialId", "ACCA", p, **facts)
        return self.secret("CreateServiceSpecificCredential", record)

    def secret(self, action, record):
        """The credential with a new secret, which is shown once and not kept."""
        key = self.SECRETS[0] if record["ServiceName"] in GIT_LIKE else self.SECRETS[1]
        shown = _xml_of({**record, key: secrets.token_urlsafe(32)}, self.CREDENTIAL + self.SECRETS)
        return self.answer(action, f"<ServiceSpecificCredential>{shown}</ServiceSpecificCredential>")

    def reset_credential(self, p):
        record, refused = self.named("ServiceSpecificCredential", "ServiceSpecificCredentialId", p)
        return refused or self.secret("ResetServiceSpecificCredential", record)

    def list_credentials(self, p):
        service = self.iam._p(p, "ServiceName")
        action, kind = "ListServiceSpecificCredentials", "ServiceSpecificCredential"
        if self.iam._p(p, "AllUsers") == "true":
            return self.refused(400, "InvalidInput", "The local IAM lists the credentials of one user.")

        def keep(record):
            return not service or record["ServiceName"] == service

        return self.listed(action, "ServiceSpecificCredentials", kind, self.CREDENTIAL, p, keep)


def add_credentials(iam):
    """All calls of the three kinds."""
    of = Credentials(iam)
    handlers = {
        "UploadSSHPublicKey": of.upload_ssh, "GetSSHPublicKey": of.get_ssh, "ListSSHPublicKeys": of.list_ssh,
        "UploadSigningCertificate": of.upload_certificate, "ListSigningCertificates": of.list_certificates,
        "CreateServiceSpecificCredential": of.create_credential,
        "ResetServiceSpecificCredential": of.reset_credential,
        "ListServiceSpecificCredentials": of.list_credentials,
    }
    for kind, key in (("SSHPublicKey", "SSHPublicKeyId"), ("SigningCertificate", "CertificateId"),
                      ("ServiceSpecificCredential", "ServiceSpecificCredentialId")):
        handlers |= {f"Update{kind}": of.updates(kind, key), f"Delete{kind}": of.deletes(kind, key)}
    add(iam, "credentials", handlers)
