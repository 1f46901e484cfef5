"""The settings of template.yaml's switches that tests try, and what they ask of a model."""

import functools

from template_model import Model, named

ON = {
    "AlarmTopicArn": "arn:aws:sns:eu-west-1:111122223333:ours",
    "AlarmEmail": "ops@example.com",
    "ManageDashboard": "false",
    "ManageApiLogging": "false",
    "ProtectData": "false",
    "Tracing": "true",
    "Trail": "true",
    "ReserveConcurrency": "true",
    "PreviousApprovalKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "SigningProfileVersionArn": "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/ours/abc",
    "SubnetIds": "subnet-1,subnet-2",
    "SecurityGroupIds": "sg-1",
    "Waf": "true",
    "ServiceApiCidrs": "192.0.2.0/24",
    "ApprovalUrl": "https://approve.example.com",
    "FormerApprovalUrls": "https://old.example.com,https://older.example.com",
    "ApprovalDomainName": "access.example.com",
    "ApprovalCertificateArn": "arn:aws:acm:eu-west-1:111122223333:certificate/01234567-89ab-cdef-0123-456789abcdef",
    "ApprovalHostedZoneId": "Z0123456789",
    "MailSandbox": "true",
    "OrganizationName": "Example & Sons",
    "SenderIdentity": "example.com",
    "SenderName": "Access approvals (R&D)",
    "RequireApiKey": "false",
    "ServiceNowApiKeyValue": "0123456789abcdefghij",
    "UserPool": "true",
    "UserPoolDomainPrefix": "ours",
    "UserPoolKeysOrigin": "http://127.0.0.1:4566",
    "TokenIssuer": "https://issuer.example",
    "TokenKeysUrl": "https://issuer.example/keys",
    "TokenAudience": "snowgate",
}


@functools.cache
def model(*names):
    """The model with these switches away from their defaults."""
    return Model(given={name: ON[name] for name in names})


def settings():
    """The defaults, each switch by itself, pairs that depend on each other, and all together."""
    yield ()
    for name in ON:
        yield (name,)
    yield ("SubnetIds", "SecurityGroupIds")
    yield ("Waf", "ServiceApiCidrs")
    yield ("ApprovalDomainName", "ApprovalCertificateArn")
    yield ("ApprovalDomainName", "ApprovalCertificateArn", "ApprovalHostedZoneId")
    yield ("UserPool", "UserPoolKeysOrigin")
    yield ("TokenIssuer", "TokenKeysUrl", "TokenAudience")
    yield tuple(ON)


def everywhere(test):
    """Runs a test under every setting."""

    @functools.wraps(test)
    def run(self):
        for names in settings():
            with self.subTest(switched=names):
                test(self, model(*names))

    return run


def target(reference):
    """The resource that a reference names."""
    return next(named({"x": reference}))


def dimensions(metric):
    """The dimensions of an alarm, by name."""
    return {entry["Name"]: entry["Value"] for entry in metric.get("Dimensions", [])}
