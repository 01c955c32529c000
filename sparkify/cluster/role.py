"""The IAM role with which a cluster reads S3."""

import json
from functools import cached_property
from typing import ClassVar

from sparkify.cluster import policies
from sparkify.cluster.places import Look, asking
from sparkify.cluster.resources import Existing, Resource, tags_of


class Role(Resource):
    """The role with which COPY reads S3, and its inline policy."""

    kind = "role"
    setting = "DWH_IAM_ROLE_NAME"
    POLICY: ClassVar[str] = "sparkify"

    @cached_property
    def look(self) -> Look:
        """Tells what the locations of the settings stand for, and asks once."""
        return asking(self.spec.settings)

    @property
    def name(self) -> str:
        """Its name at AWS."""
        return self.spec.settings.cluster_role

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:{self.calls.partition}:iam::{self.calls.account}:role/{self.name}"

    def documents(self) -> tuple[policies.Document, policies.Document]:
        """Its trust policy (who may assume it) and its inline policy (what it may do)."""
        calls, settings = self.calls, self.spec.settings
        trust = policies.trust(settings, calls.account, calls.region, calls.partition)
        return trust, policies.role_policy(settings, calls.partition, self.look)

    def find(self) -> Existing | None:
        """Look it up."""
        answer = self.calls.query("iam", "get_role", RoleName=self.name)
        return None if answer is None else Existing(answer["Role"], tags_of(answer["Role"]))

    def check(self) -> None:
        """See `Resource.check`: the settings must name something in S3 for it to read."""
        self.documents()

    def create(self) -> None:
        """Create it, and its inline policy."""
        trust, _ = self.documents()
        self.calls.change(
            "iam",
            "create_role",
            RoleName=self.name,
            AssumeRolePolicyDocument=json.dumps(trust),
            Description=f"Lets the Redshift cluster {self.spec.name} read the lake",
            Tags=self.tags(),
        )
        self.update(Existing({"AssumeRolePolicyDocument": trust}, {}))

    def update(self, existing: Existing) -> None:
        """Write its policies if they differ from the settings."""
        trust, policy = self.documents()
        if existing.answer["AssumeRolePolicyDocument"] != trust:
            text = json.dumps(trust)
            name = {"RoleName": self.name}
            self.calls.change("iam", "update_assume_role_policy", PolicyDocument=text, **name)
        name = {"RoleName": self.name, "PolicyName": self.POLICY}
        now = self.calls.query("iam", "get_role_policy", **name)
        if now is None or now["PolicyDocument"] != policy:
            text = json.dumps(policy)
            self.calls.change("iam", "put_role_policy", PolicyDocument=text, **name)

    def delete(self, existing: Existing) -> None:
        """Delete its inline policy, then the role; IAM fails if it has other policies."""
        name = {"RoleName": self.name}
        self.calls.delete("iam", "delete_role_policy", PolicyName=self.POLICY, **name)
        self.calls.delete("iam", "delete_role", **name)
