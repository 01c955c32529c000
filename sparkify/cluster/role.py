"""The role that a cluster reads S3 with."""

import json
from typing import ClassVar

from sparkify.cluster import policies
from sparkify.cluster.resources import Found, Resource, tags_of


class Role(Resource):
    """The role that COPY reads S3 with, and its inline policy."""

    kind = "role"
    setting = "DWH_IAM_ROLE_NAME"
    POLICY: ClassVar[str] = "sparkify"

    @property
    def name(self) -> str:
        """Its name at AWS."""
        return self.wanted.settings.cluster_role

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:{self.calls.partition}:iam::{self.calls.account}:role/{self.name}"

    def documents(self) -> tuple[policies.Document, policies.Document]:
        """Who may assume it, and what it may do."""
        calls, settings = self.calls, self.wanted.settings
        trust = policies.trust(settings, calls.account, calls.region, calls.partition)
        return trust, policies.role_policy(settings, calls.partition)

    def find(self) -> Found | None:
        """Look for it."""
        answer = self.calls.look("iam", "get_role", RoleName=self.name)
        return None if answer is None else Found(answer["Role"], tags_of(answer["Role"]))

    def make(self) -> None:
        """Make it, and its policy."""
        trust, _ = self.documents()
        self.calls.change(
            "iam",
            "create_role",
            RoleName=self.name,
            AssumeRolePolicyDocument=json.dumps(trust),
            Description=f"Lets the Redshift cluster {self.wanted.name} read the lake",
            Tags=self.tags(),
        )
        self.mend(Found({"AssumeRolePolicyDocument": trust}, {}))

    def mend(self, found: Found) -> None:
        """Write the documents that are not the ones of the settings."""
        trust, policy = self.documents()
        if found.answer["AssumeRolePolicyDocument"] != trust:
            text = json.dumps(trust)
            name = {"RoleName": self.name}
            self.calls.change("iam", "update_assume_role_policy", PolicyDocument=text, **name)
        name = {"RoleName": self.name, "PolicyName": self.POLICY}
        now = self.calls.look("iam", "get_role_policy", **name)
        if now is None or now["PolicyDocument"] != policy:
            text = json.dumps(policy)
            self.calls.change("iam", "put_role_policy", PolicyDocument=text, **name)

    def unmake(self, found: Found) -> None:
        """Remove its policy and it; with anything else attached, IAM refuses."""
        name = {"RoleName": self.name}
        self.calls.remove("iam", "delete_role_policy", PolicyName=self.POLICY, **name)
        self.calls.remove("iam", "delete_role", **name)
