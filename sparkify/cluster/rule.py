"""Who may connect to a cluster."""

from typing import Any

from sparkify.cluster.resources import Found, Resource, tags_of
from sparkify.cluster.wanted import TAG


class Rule(Resource):
    """The security group, and its one rule: who may connect."""

    kind = "security group"
    group_id = ""  # the number that AWS gave it, once it is made or found

    @property
    def name(self) -> str:
        """Its name at AWS."""
        return f"sparkify-{self.wanted.name}"

    def subnet_group(self) -> dict[str, Any]:
        """The subnet group that the settings name, with its network; empty: the default one."""
        name = self.wanted.settings.cluster_subnet_group
        if not name:
            return {}
        operation = "describe_cluster_subnet_groups"
        answer = self.calls.send("redshift", operation, {"ClusterSubnetGroupName": name})
        group: dict[str, Any] = answer["ClusterSubnetGroups"][0]
        return group

    def subnets(self) -> list[str]:
        """The subnets of that group."""
        found = self.subnet_group().get("Subnets", ())
        return [str(subnet["SubnetIdentifier"]) for subnet in found]

    def find(self) -> Found | None:
        """Look for it, in every network."""
        names = [{"Name": "group-name", "Values": [self.name]}]
        answer = self.calls.look("ec2", "describe_security_groups", Filters=names) or {}
        groups = [Found(group, tags_of(group)) for group in answer.get("SecurityGroups", ())]
        return next(iter(sorted(groups, key=lambda group: not self.owned(group))), None)

    def make(self) -> None:
        """Make the group, and its rule."""
        vpc = self.subnet_group().get("VpcId")
        answer = self.calls.change(
            "ec2",
            "create_security_group",
            GroupName=self.name,
            Description=f"Who may connect to the Redshift cluster {self.wanted.name}",
            TagSpecifications=[{"ResourceType": "security-group", "Tags": self.tags()}],
            **({"VpcId": vpc} if vpc else {}),
        )
        self.group_id = str(answer["GroupId"])
        self.authorize(self.group_id)

    def mend(self, found: Found) -> None:
        """Leave one rule of ours, the one that is wanted."""
        self.group_id = group = str(found.answer["GroupId"])
        rules = self.rules(group)
        stale = [rule for rule in rules if not self.as_wanted(rule)]
        if len(stale) == len(rules):
            self.authorize(group)
        if stale:
            numbers = [rule["SecurityGroupRuleId"] for rule in stale]
            operation = "revoke_security_group_ingress"
            self.calls.remove("ec2", operation, GroupId=group, SecurityGroupRuleIds=numbers)

    def rules(self, group: str) -> list[dict[str, Any]]:
        """The rules of ours that let somebody in."""
        filters = [{"Name": "group-id", "Values": [group]}]
        answer = self.calls.look("ec2", "describe_security_group_rules", Filters=filters) or {}
        rules = answer.get("SecurityGroupRules", ())
        return [rule for rule in rules if not rule["IsEgress"] and TAG in tags_of(rule)]

    def as_wanted(self, rule: dict[str, Any]) -> bool:
        """Whether a rule is the one that is wanted."""
        network = rule.get("CidrIpv4") or rule.get("CidrIpv6")
        port = self.wanted.settings.cluster_port
        return (network, rule["FromPort"], rule["ToPort"]) == (self.wanted.allow, port, port)

    def authorize(self, group: str) -> None:
        """Add the rule that is wanted."""
        port, network = self.wanted.settings.cluster_port, str(self.wanted.allow)
        ranges = (
            {"Ipv6Ranges": [{"CidrIpv6": network}]}
            if ":" in network
            else {"IpRanges": [{"CidrIp": network}]}
        )
        self.calls.change(
            "ec2",
            "authorize_security_group_ingress",
            GroupId=group,
            IpPermissions=[{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **ranges}],
            TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": self.tags()}],
        )

    def unmake(self, found: Found) -> None:
        """Remove the group and all its rules, once nothing uses it any more."""
        group = str(found.answer["GroupId"])
        self.calls.remove("ec2", "delete_security_group", "DependencyViolation", GroupId=group)

    def describe(self, found: Found) -> str:
        """Who may connect."""
        rules = self.rules(str(found.answer["GroupId"]))
        networks = [rule.get("CidrIpv4") or rule.get("CidrIpv6") or "?" for rule in rules]
        return f"{self.name}, lets in {', '.join(networks) or 'nobody'}"
