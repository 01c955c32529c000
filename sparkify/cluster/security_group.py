"""The security group of a cluster: which network may connect."""

from sparkify.cluster.resources import Existing, Resource, tags_of
from sparkify.cluster.spec import TAG
from sparkify.lake.aws import Answer


class SecurityGroup(Resource):
    """The security group, with one rule: the network that may connect."""

    kind = "security group"
    group_id = ""  # set by `create` and `update`

    @property
    def name(self) -> str:
        """Its name at AWS."""
        return f"sparkify-{self.spec.name}"

    def subnet_group(self) -> Answer:
        """The subnet group that the settings name; empty for the default VPC."""
        name = self.spec.settings.cluster_subnet_group
        if not name:
            return {}
        operation = "describe_cluster_subnet_groups"
        answer = self.calls.send("redshift", operation, {"ClusterSubnetGroupName": name})
        group: Answer = answer["ClusterSubnetGroups"][0]
        return group

    def subnets(self) -> list[str]:
        """The subnets of that subnet group."""
        subnets = self.subnet_group().get("Subnets", ())
        return [str(subnet["SubnetIdentifier"]) for subnet in subnets]

    def find(self) -> Existing | None:
        """Look it up in every VPC; one of ours comes first."""
        names = [{"Name": "group-name", "Values": [self.name]}]
        answer = self.calls.query("ec2", "describe_security_groups", Filters=names) or {}
        groups = [Existing(group, tags_of(group)) for group in answer.get("SecurityGroups", ())]
        return next(iter(sorted(groups, key=lambda group: not self.is_ours(group))), None)

    def create(self) -> None:
        """Create the group and its rule."""
        vpc = self.subnet_group().get("VpcId")
        answer = self.calls.change(
            "ec2",
            "create_security_group",
            GroupName=self.name,
            Description=f"Who may connect to the Redshift cluster {self.spec.name}",
            TagSpecifications=[{"ResourceType": "security-group", "Tags": self.tags()}],
            **({"VpcId": vpc} if vpc else {}),
        )
        self.group_id = str(answer["GroupId"])
        self.authorize(self.group_id)

    def update(self, existing: Existing) -> None:
        """Keep one rule of ours, the one of the spec; rules of others are not touched."""
        self.group_id = group = str(existing.answer["GroupId"])
        rules = self.rules(group)
        stale = [rule for rule in rules if not self.matches_spec(rule)]
        if len(stale) == len(rules):
            self.authorize(group)
        if stale:
            ids = [rule["SecurityGroupRuleId"] for rule in stale]
            operation = "revoke_security_group_ingress"
            self.calls.delete("ec2", operation, GroupId=group, SecurityGroupRuleIds=ids)

    def rules(self, group: str) -> list[Answer]:
        """The inbound rules that sparkify created."""
        filters = [{"Name": "group-id", "Values": [group]}]
        answer = self.calls.query("ec2", "describe_security_group_rules", Filters=filters) or {}
        rules = answer.get("SecurityGroupRules", ())
        return [rule for rule in rules if not rule["IsEgress"] and TAG in tags_of(rule)]

    def matches_spec(self, rule: Answer) -> bool:
        """Whether a rule has the network and the port of the spec."""
        network = rule.get("CidrIpv4") or rule.get("CidrIpv6")
        port = self.spec.settings.cluster_port
        return (network, rule["FromPort"], rule["ToPort"]) == (self.spec.allow, port, port)

    def authorize(self, group: str) -> None:
        """Add the rule of the spec."""
        port, network = self.spec.settings.cluster_port, str(self.spec.allow)
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

    def delete(self, existing: Existing) -> None:
        """Delete the group with its rules, once no cluster uses it any more."""
        group = str(existing.answer["GroupId"])
        self.calls.delete("ec2", "delete_security_group", "DependencyViolation", GroupId=group)

    def summary(self, existing: Existing) -> str:
        """Its name, and which networks may connect."""
        rules = self.rules(str(existing.answer["GroupId"]))
        networks = [rule.get("CidrIpv4") or rule.get("CidrIpv6") or "?" for rule in rules]
        return f"{self.name}, allows {', '.join(networks) or 'no network'}"
