"""What every synth is checked against: cdk-nag's AwsSolutions rules and cfn-lint.

No rule is switched off here. What is meant is acknowledged on the one resource it is about.
"""

from pathlib import Path

import jsii
from aws_cdk import (
    Acknowledgment,
    App,
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
    Validations,
)
from cdk_nag import AwsSolutionsChecks
from cfnlint.api import lint  # type: ignore[import-untyped]  # has no stubs
from cfnlint.match import Match  # type: ignore[import-untyped]
from cfnlint.version import __version__ as cfnlint_version  # type: ignore[import-untyped]
from constructs import IConstruct


def add_checks(app: App) -> None:
    """Let no template of the app leave a synth unchecked."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app, verbose=True), CfnLint())


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept one finding on one resource. The reason is for whoever audits it."""
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))


@jsii.implements(IPolicyValidationPlugin)
class CfnLint:
    """cfn-lint as a validation plugin of the synth."""

    # Properties, since jsii does not see plain class attributes.
    @property
    def name(self) -> str:
        """The plugin as the report names it."""
        return "cfn-lint"

    @property
    def version(self) -> str:
        """The version of cfn-lint."""
        return str(cfnlint_version)

    @property
    def rule_ids(self) -> None:
        """Not enumerated: the report lists what failed."""

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Lint every template of the synth."""
        violations = [
            _violation(path, match)
            for path in context.template_paths
            for match in lint(Path(path).read_text(encoding="utf-8"))
        ]
        return PolicyValidationPluginReport(success=not violations, violations=violations)


def _violation(path: str, match: Match) -> PolicyViolation:
    # A path is like ["Resources", "Table", "Properties", "Foo"], of a template's resource or not.
    location = [str(part) for part in match.path or ()]
    return PolicyViolation(
        rule_name=match.rule.id,
        description=match.message,
        severity="error",
        violating_resources=[
            PolicyViolatingResource(
                template_path=path,
                resource_logical_id=location[1] if len(location) > 1 else "",
                locations=[".".join(location[2:])],
            )
        ],
    )
