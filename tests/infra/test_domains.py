"""Custom domains: what is refused at synth, and what a stage with both of them is made of.

`everything_on` was checked by cdk-nag and cfn-lint like every stage: a finding fails its synthesis.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.domains import Domain
from infra.stages import DEV, LOCAL, STAGES, Stage
from tests.infra.conftest import HTTP_DOMAIN, ROOT, WEBSOCKET_DOMAIN, synthesised_stage
from tests.infra.templates import Resource, Template

NAME = "AWS::ApiGatewayV2::DomainName"
MAPPING = "AWS::ApiGatewayV2::ApiMapping"
RECORD = "AWS::Route53::RecordSet"
DOMAINS = [WEBSOCKET_DOMAIN, HTTP_DOMAIN]
names = pytest.mark.parametrize("domain", DOMAINS, ids=["websocket", "http"])


def with_domain(stage: Stage, field: str, domain: Domain) -> Stage:
    changes: dict[str, Any] = {field: domain}
    return replace(stage, **changes)


def name_of(template: Template, domain: Domain) -> Resource:
    (found,) = (r for r in template.all(NAME) if r.properties["DomainName"] == domain.name)
    return found


def test_no_stage_has_a_custom_domain_by_default(template: Template) -> None:
    assert not any(stage.websocket_domain or stage.http_domain for stage in STAGES)
    assert [kind for kind in (NAME, MAPPING, RECORD) if template.all(kind)] == []


@names
def test_a_name_is_served_with_its_certificate_by_tls_1_2_over_both_address_families(
    everything_on: Template, domain: Domain
) -> None:
    assert name_of(everything_on, domain).properties["DomainNameConfigurations"] == [
        {
            "CertificateArn": domain.certificate_arn,
            "EndpointType": "REGIONAL",
            "IpAddressType": "dualstack",
            "SecurityPolicy": "TLS_1_2",
        }
    ]


@pytest.mark.parametrize(
    ("domain", "of"), [(WEBSOCKET_DOMAIN, "websocket_api"), (HTTP_DOMAIN, "http_api")]
)
def test_the_whole_name_is_mapped_to_its_api_once_the_stage_is_there(
    everything_on: Template, domain: Domain, of: str
) -> None:
    api: Resource = getattr(everything_on, of)
    name = {"Ref": name_of(everything_on, domain).id}
    (mapping,) = (m for m in everything_on.all(MAPPING) if m.properties["DomainName"] == name)
    assert mapping.properties == {"ApiId": {"Ref": api.id}, "DomainName": name, "Stage": "prod"}
    assert everything_on.stage_of(api).id in mapping.body["DependsOn"]


@names
def test_the_zone_that_is_named_gets_an_alias_for_each_address_family_and_nothing_else(
    everything_on: Template, domain: Domain
) -> None:
    name = name_of(everything_on, domain).id
    records = [
        r.properties for r in everything_on.all(RECORD) if r.properties["Name"] == f"{domain.name}."
    ]
    assert sorted(record["Type"] for record in records) == ["A", "AAAA"]
    for record in records:
        assert record["HostedZoneId"] == domain.zone_id
        assert record["AliasTarget"] == {
            "DNSName": {"Fn::GetAtt": [name, "RegionalDomainName"]},
            "HostedZoneId": {"Fn::GetAtt": [name, "RegionalHostedZoneId"]},
        }
    assert len(everything_on.all(RECORD)) == 2 * len(DOMAINS)


def test_clients_get_the_names_and_the_functions_post_to_the_apis_own_address(
    everything_on: Template, prod: Template
) -> None:
    outputs = everything_on.outputs
    assert outputs["WebsocketConnectEndpointURL"] == f"wss://{WEBSOCKET_DOMAIN.name}"
    assert outputs["HttpEndpointURL"] == f"https://{HTTP_DOMAIN.name}"
    assert outputs["ConnectionsEndpointURL"] == prod.outputs["ConnectionsEndpointURL"]
    default = everything_on.function("default")
    variables = default.properties["Environment"]["Variables"]
    posted_to = everything_on.text(variables["CONNECTIONS_ENDPOINT_URL"])
    assert posted_to == prod.outputs["ConnectionsEndpointURL"]
    assert everything_on.permissions(default) >= prod.permissions(prod.function("default"))


def test_the_apis_own_addresses_go_on_working(everything_on: Template) -> None:
    for api in (everything_on.websocket_api, everything_on.http_api):
        assert not api.properties.get("DisableExecuteApiEndpoint")


@names
def test_a_deployment_to_another_region_than_the_certificates_is_refused_with_the_remedy(
    everything_on: Template, domain: Domain
) -> None:
    assertions = [a for rule in everything_on.body["Rules"].values() for a in rule["Assertions"]]
    (found,) = (a for a in assertions if f" {domain.name} " in a["AssertDescription"])
    assert found["Assert"] == {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}
    assert "is in eu-west-1: deploy the stage there, or" in found["AssertDescription"]


def test_a_stage_may_have_one_name_alone(context: Mapping[str, str], tmp_path: Path) -> None:
    template = synthesised_stage(replace(DEV, http_domain=HTTP_DOMAIN), context, tmp_path)
    assert template.one(NAME).properties["DomainName"] == HTTP_DOMAIN.name
    assert template.outputs["HttpEndpointURL"] == f"https://{HTTP_DOMAIN.name}"
    assert template.outputs["WebsocketConnectEndpointURL"].endswith(".<AWS::URLSuffix>/dev")


def test_the_domains_that_the_document_shows_are_taken() -> None:
    text = (ROOT / "docs/deployment.md").read_text()
    (block,) = re.findall(r"test_domains\.py -->\n```python\n(.*?)```", text, re.DOTALL)
    shown: dict[str, Any] = {}
    exec(block, shown)  # noqa: S102 - our own document
    stage = replace(DEV, websocket_domain=shown["NOTIFY"], http_domain=shown["NOTIFY_HTTP"])
    assert (stage.websocket_domain, stage.http_domain) == (WEBSOCKET_DOMAIN, HTTP_DOMAIN)


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("shop.example", "shop.example"),  # the zone's own name
        ("a.b.shop.example", "shop.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a" * 63 + ".shop.example", "shop.example"),
    ],
)
def test_a_name_within_its_zone_is_taken(name: str, zone: str) -> None:
    domain = replace(WEBSOCKET_DOMAIN, name=name, zone_name=zone)
    assert replace(DEV, websocket_domain=domain).websocket_domain == domain


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        *(
            ({"name": name}, "write the host name alone")
            for name in (
                "",
                "wss://notify.shop.example",
                "notify.shop.example/",
                "notify.shop.example/prod",
                "notify.shop.example:443",
                "notify.shop.example.",
                "Notify.shop.example",
                "*.shop.example",
                "notify..shop.example",
                "-notify.shop.example",
                "notify_1.shop.example",
                "bücher.shop.example",
                "notify.shop.example\n",
                "notify",
                "a" * 64 + ".shop.example",
                f"{'a.' * 121}shop.example",
            )
        ),
        ({"name": "notify.other.example"}, "not within the zone 'shop.example'"),
        ({"name": "notify.myshop.example"}, "not within the zone 'shop.example'"),
        ({"zone_name": "pay.shop.example"}, "not within the zone 'pay.shop.example'"),
        ({"zone_name": ""}, "write the name of the hosted zone"),
        ({"zone_name": "shop.example."}, "zone_name 'shop.example.': write the name"),
        ({"zone_name": "example"}, "write the name of the hosted zone"),
        ({"zone_id": ""}, "zone_id '': write the id of the hosted zone alone"),
        ({"zone_id": "/hostedzone/Z0123"}, "has it after /hostedzone/"),
        ({"zone_id": "shop.example"}, "such as Z0123456789ABCDEFGHIJ"),
        ({"certificate_arn": ""}, "certificate_arn '': write the ARN of a certificate of ACM"),
        ({"certificate_arn": "12345678-1234"}, "arn:aws:acm:REGION:ACCOUNT:certificate/ID"),
        (
            {"certificate_arn": "arn:aws:iam::111122223333:server-certificate/shop"},
            "write the ARN of a certificate of ACM in the region of the stage",
        ),
        (
            {"certificate_arn": "arn:aws:acm:eu-west-1:ACCOUNT:certificate/1234"},
            "arn:aws:acm:REGION:ACCOUNT:certificate/ID",
        ),
    ],
)
@pytest.mark.parametrize("field", ["websocket_domain", "http_domain"])
def test_what_cannot_be_served_is_refused_at_synth_by_its_field_and_with_the_remedy(
    field: str, changes: dict[str, Any], remedy: str
) -> None:
    domain = replace(WEBSOCKET_DOMAIN, **changes)
    with pytest.raises(ValueError, match=f"^stage dev: {field} ") as refused:
        with_domain(DEV, field, domain)
    assert repr(domain.name) in str(refused.value)
    assert remedy in str(refused.value)


def test_one_name_for_both_apis_is_refused() -> None:
    with pytest.raises(ValueError, match=r"stage dev: .* are both 'notify\.shop\.example'") as same:
        replace(DEV, websocket_domain=WEBSOCKET_DOMAIN, http_domain=WEBSOCKET_DOMAIN)
    assert "give each its own" in str(same.value)


def test_certificates_of_two_regions_are_refused_and_other_partitions_are_not() -> None:
    china = "arn:aws-cn:acm:cn-north-1:111122223333:certificate/1234"
    elsewhere = replace(HTTP_DOMAIN, certificate_arn=china)
    assert replace(DEV, http_domain=elsewhere).http_domain == elsewhere
    with pytest.raises(ValueError, match=r"stage dev: .* in eu-west-1, .* in cn-north-1: both"):
        replace(DEV, websocket_domain=WEBSOCKET_DOMAIN, http_domain=elsewhere)


@pytest.mark.parametrize("field", ["websocket_domain", "http_domain"])
def test_the_emulated_stage_has_none(field: str) -> None:
    with pytest.raises(ValueError, match=r"stage local: no name leads .* http_domain None"):
        with_domain(LOCAL, field, WEBSOCKET_DOMAIN)
