"""Custom domains: names of one's own for the APIs of a stage, each served as a whole.

Nothing is looked up: the certificate and the hosted zone are there before the stage, and outlive
it. The addresses of the APIs themselves go on working, as a custom domain changes nothing of an API
(`DisableExecuteApiEndpoint` stays off): the functions post to the WebSocket API's, clients that
know one need not move at once, and neither lets in what the name would keep out.
"""

import re
from dataclasses import dataclass
from typing import Final

from aws_cdk import Aws, CfnRule, CfnRuleAssertion, Fn
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53
from aws_cdk.aws_route53_targets import ApiGatewayv2DomainProperties
from constructs import Construct

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})+")
_ZONE_ID: Final = re.compile(r"Z[A-Z0-9]{1,31}")
_CERTIFICATE: Final = re.compile(
    r"arn:aws[a-z-]*:acm:(?P<region>[a-z0-9-]+):[0-9]{12}:certificate/[A-Za-z0-9-]+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """The name of one API of a stage, such as `notify.shop.example`.

    `certificate_arn` is that of a certificate of ACM which is issued and covers the name, in the
    region of the stage, as a regional domain needs it:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains-prerequisites.html
    `zone_id` and `zone_name` are those of the public hosted zone of Route 53 that gets the name's
    records.
    """

    name: str
    certificate_arn: str
    zone_id: str
    zone_name: str

    @property
    def region(self) -> str:
        """The region of the certificate."""
        found = _CERTIFICATE.fullmatch(self.certificate_arn)
        return found["region"] if found else ""


def broken_rule(websocket: Domain | None, http: Domain | None) -> str | None:
    """Say which rule the domains of a stage break, where, and what to do; None: they break none."""
    for field, domain in (("websocket_domain", websocket), ("http_domain", http)):
        if domain and (rule := _broken_rule(domain)):
            return f"{field} {domain.name!r}: {rule}"
    if websocket and http and websocket.name == http.name:
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-custom-domain-names.html
        return (
            f"websocket_domain and http_domain are both {http.name!r}: API Gateway serves a "
            "WebSocket API and an HTTP API under two names; give each its own"
        )
    if websocket and http and websocket.region != http.region:
        return (
            f"the certificate of websocket_domain is in {websocket.region}, that of http_domain in "
            f"{http.region}: both must be in the region to which the stage is deployed"
        )
    return None


def _broken_rule(domain: Domain) -> str | None:
    if not _HOST.fullmatch(domain.name):
        return (
            "write the host name alone, in lower case and ASCII, such as notify.shop.example, "
            "without a scheme, a port, a path, a wildcard or a dot at the end"
        )
    if not _HOST.fullmatch(domain.zone_name):
        return (
            f"zone_name {domain.zone_name!r}: write the name of the hosted zone, such as "
            "shop.example, in lower case and without a dot at the end"
        )
    if not f".{domain.name}".endswith(f".{domain.zone_name}"):
        return (
            f"it is not within the zone {domain.zone_name!r}: zone_name and zone_id are those of "
            "the hosted zone that is to hold its records"
        )
    if not _ZONE_ID.fullmatch(domain.zone_id):
        return (
            f"zone_id {domain.zone_id!r}: write the id of the hosted zone alone, such as "
            "Z0123456789ABCDEFGHIJ; `aws route53 list-hosted-zones` has it after /hostedzone/"
        )
    if not domain.region:
        return (
            f"certificate_arn {domain.certificate_arn!r}: write the ARN of a certificate of ACM in "
            "the region of the stage, arn:aws:acm:REGION:ACCOUNT:certificate/ID"
        )
    return None


class CustomDomain(Construct):
    """Serves one stage of an API under a name, as the whole of it: no path stands before a route.

    Both address families, as AWS recommends; the default is IPv4 alone:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-custom-domain-names-ip-address-type.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        domain: Domain,
        *,
        api: apigatewayv2.IApi,
        stage: apigatewayv2.IStage,
    ) -> None:
        super().__init__(scope, construct_id)
        # A template names no region, so the synth cannot know it: CloudFormation compares, before
        # it changes anything. API Gateway would refuse the certificate in the midst of it.
        CfnRule(
            self,
            "Region",
            assertions=[
                CfnRuleAssertion(
                    assert_=Fn.condition_equals(Aws.REGION, domain.region),
                    assert_description=f"The certificate of {domain.name} is in {domain.region}: "
                    "deploy the stage there, or name a certificate of this region in "
                    "infra/stages.py",
                )
            ],
        )
        served = apigatewayv2.DomainName(
            self,
            "Name",
            domain_name=domain.name,
            certificate=acm.Certificate.from_certificate_arn(
                self, "Certificate", domain.certificate_arn
            ),
            security_policy=apigatewayv2.SecurityPolicy.TLS_1_2,
            ip_address_type=apigatewayv2.IpAddressType.DUAL_STACK,
        )
        apigatewayv2.ApiMapping(self, "Mapping", api=api, domain_name=served, stage=stage)
        zone = route53.HostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=domain.zone_id, zone_name=domain.zone_name
        )
        target = route53.RecordTarget.from_alias(
            ApiGatewayv2DomainProperties(
                served.regional_domain_name, served.regional_hosted_zone_id
            )
        )
        name = f"{domain.name}."
        route53.ARecord(self, "Ipv4", zone=zone, record_name=name, target=target)
        route53.AaaaRecord(self, "Ipv6", zone=zone, record_name=name, target=target)
