"""What the cluster commands do, from create to delete."""

import json

import pytest

from sparkify.cluster.spec import is_valid_password, new_password, parse_network
from sparkify.errors import UsageError
from tests.cluster.conftest import GENERATED, PASSWORD, SECRET_KEY, Aws, Cluster


@pytest.mark.long
def test_create_makes_a_cluster_that_can_be_used(cluster: Cluster) -> None:
    """Create ends when the cluster is available, and prints its endpoint and its role."""
    outcome = cluster.create()
    assert cluster.status()["state"] == "available"
    assert cluster.cluster["Endpoint"]["Address"] in outcome.out
    assert f"arn:aws:iam::123456789012:role/{cluster.name}-role" in outcome.out


def test_the_cluster_is_safe(cluster: Cluster) -> None:
    """A cluster is encrypted, has no public address, and only its own group and role."""
    cluster.create()
    made = cluster.cluster
    assert (made["Encrypted"], made["PubliclyAccessible"]) == (True, False)
    assert [role["IamRoleArn"] for role in made["IamRoles"]] == [cluster.status()["role"]]
    group = cluster.group
    assert group is not None
    assert [each["VpcSecurityGroupId"] for each in made["VpcSecurityGroups"]] == [group["GroupId"]]


def test_the_cluster_is_the_one_of_the_settings(cluster: Cluster) -> None:
    """Type, nodes, database, user and port are those of [DWH]."""
    cluster.settings(
        "DWH_CLUSTER_TYPE=multi-node\nDWH_NUM_NODES=4\nDWH_NODE_TYPE=ra3.xlplus\n"
        "DWH_DB=dwh\nDWH_DB_USER=dwhuser\nDWH_PORT=5440\n"
    )
    cluster.create("--public")
    made = cluster.cluster
    assert (made["NumberOfNodes"], made["NodeType"]) == (4, "ra3.xlplus")
    assert (made["DBName"], made["MasterUsername"]) == ("dwh", "dwhuser")
    assert (made["Endpoint"]["Port"], made["PubliclyAccessible"]) == (5440, True)


def test_all_is_tagged(cluster: Cluster) -> None:
    """What is made says for which cluster, who owns it, and until when it is meant to live."""
    cluster.create("--owner", "ana", "--hours", "8")
    group = cluster.group
    assert group is not None
    secret = cluster.session.client("secretsmanager").describe_secret(
        SecretId=f"sparkify/{cluster.name}"
    )
    role = cluster.session.client("iam").get_role(RoleName=f"{cluster.name}-role")["Role"]
    for made in (cluster.cluster, group, secret, role):
        tags = {tag["Key"]: tag["Value"] for tag in made["Tags"]}
        assert (tags["sparkify:cluster"], tags["sparkify:owner"]) == (cluster.name, "ana")
        assert tags["sparkify:expires"] > "2026"


def test_one_network_is_let_in(cluster: Cluster) -> None:
    """The group has one rule: the network of --allow, and the cluster's port."""
    cluster.create()
    group = cluster.group
    assert group is not None
    (rule,) = group["IpPermissions"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 5439, 5439)
    assert [each["CidrIp"] for each in rule["IpRanges"]] == ["203.0.113.5/32"]


def test_another_network_takes_the_place_of_the_first(cluster: Cluster) -> None:
    """Create with another --allow leaves the one rule that was asked for last."""
    cluster.create()
    cluster("create", "--allow", "2001:db8::/48", "--yes")
    group = cluster.group
    assert group is not None
    (rule,) = group["IpPermissions"]
    assert (rule["IpRanges"], rule["Ipv6Ranges"][0]["CidrIpv6"]) == ([], "2001:db8::/48")


@pytest.mark.parametrize("world", ["0.0.0.0/0", "::/0", "128.0.0.0/1", "2000::/3"])
def test_the_world_is_not_let_in(world: str) -> None:
    """A network as large as the world needs --open-to-the-world."""
    with pytest.raises(UsageError, match="--open-to-the-world"):
        parse_network(world)
    assert parse_network(world, open_to_the_world=True) == world


@pytest.mark.parametrize("allow", [None, "", "here", "203.0.113.5/24", "300.1.1.1"])
def test_a_network_has_to_be_named(aws: Aws, cluster: Cluster, allow: str | None) -> None:
    """Without a network in --allow, create makes nothing and no call (exit 2)."""
    options = [] if allow is None else ["--allow", allow]
    outcome = cluster("create", "--yes", *options)
    assert (outcome.code, aws.calls) == (2, [])
    assert "--allow" in outcome.error


def test_create_again_changes_nothing(aws: Aws, cluster: Cluster) -> None:
    """A second create makes no call that changes something, and prints the same."""
    first = cluster.create()
    before = len(aws.changes())
    second = cluster.create()
    assert len(aws.changes()) == before
    shown = [outcome.out.partition("age")[0] for outcome in (first, second)]
    assert shown[0] == shown[1]


def test_pause_and_resume(cluster: Cluster) -> None:
    """Pause and resume end when the cluster is paused, and available again."""
    cluster.create()
    for command, state in (("pause", "paused"), ("pause", "paused"), ("resume", "available")):
        assert cluster(command).code == 0
        assert cluster.status()["state"] == state


def test_create_does_not_wake_a_paused_cluster(cluster: Cluster) -> None:
    """Create on a paused cluster ends at once and names the command that wakes it."""
    cluster.create()
    cluster("pause")
    assert "`sparkify cluster resume`" in cluster.create(code=1).error


def test_delete_leaves_nothing(cluster: Cluster) -> None:
    """After delete nothing is left of cluster, rule, role, policy and secret."""
    cluster.create()
    cluster.delete()
    assert (cluster.left(), cluster.snapshots) == ([], [])
    assert cluster.status()["costs"] == []


def test_delete_makes_a_last_snapshot(cluster: Cluster) -> None:
    """Delete makes a snapshot first unless it is told not to, and says that it goes on to cost."""
    cluster.create()
    outcome = cluster("delete", "--yes")
    (snapshot,) = cluster.snapshots
    assert snapshot.startswith(f"{cluster.name}-final-")
    assert snapshot in outcome.out
    assert cluster.left() == []


def test_delete_again_does_nothing(aws: Aws, cluster: Cluster) -> None:
    """Delete where nothing is changes nothing, and succeeds."""
    cluster.delete()
    assert aws.changes() == []


def test_what_others_made_is_left_alone(cluster: Cluster) -> None:
    """A role of that name that somebody else made stops create, and survives delete."""
    name = f"{cluster.name}-role"
    cluster.session.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    assert (
        f"role {name} already exists and was not created by sparkify"
        in cluster.create(code=1).error
    )
    cluster.delete()
    assert cluster.left() == [name]


def test_what_others_attached_is_left_alone(cluster: Cluster) -> None:
    """A rule that somebody else added to the group stays when the network changes."""
    cluster.create()
    group = cluster.group
    assert group is not None
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    cluster.session.client("ec2").authorize_security_group_ingress(
        GroupId=group["GroupId"],
        IpPermissions=[{**permission, "IpRanges": [{"CidrIp": "10.1.0.0/16"}]}],
    )
    cluster("create", "--allow", "10.2.0.0/16", "--yes")
    group = cluster.group
    assert group is not None
    rules = {each["CidrIp"] for rule in group["IpPermissions"] for each in rule["IpRanges"]}
    assert rules == {"10.1.0.0/16", "10.2.0.0/16"}


@pytest.mark.parametrize("command", ["create --allow 10.0.0.0/16", "delete"])
def test_nothing_happens_without_a_yes(aws: Aws, cluster: Cluster, command: str) -> None:
    """Create and delete ask first, and without a yes change nothing."""
    if command == "delete":
        cluster.create()
    before = aws.changes()
    outcome = cluster(*command.split(), answer="n\n")
    assert (outcome.code, aws.changes()) == (1, before)
    assert cluster(*command.split(), answer="y\n").code == 0


def test_a_dry_run_prints_the_calls(aws: Aws, cluster: Cluster) -> None:
    """A dry run of each command prints the calls that the command then makes, and makes none."""
    for command in ("create --allow 10.0.0.0/16", "pause", "resume", "delete"):
        aws.reset()
        planned = cluster(*command.split(), "--dry-run")
        assert aws.changes() == []
        yes = ["--yes"] if command[0] in "cd" else []
        assert cluster(*command.split(), *yes).code == 0
        printed = [line.split()[0] for line in planned.out.splitlines()]
        made = [call.replace("VPC", "Vpc") for call in aws.changes()]
        assert printed == made
        assert printed


def test_a_wait_has_an_end(aws: Aws, cluster: Cluster) -> None:
    """A cluster that is not ready when the time is over is exit 4, with what goes on waiting."""
    aws.states = ["modifying"] * 1000
    outcome = cluster.create("--timeout", "0.05", code=4)
    assert "is still modifying after 0.05 seconds" in outcome.error
    assert "sparkify cluster create --allow 203.0.113.5/32" in outcome.error


def test_a_wait_tells_what_goes_on(aws: Aws, cluster: Cluster) -> None:
    """While it waits, create says each new state once, on stderr."""
    aws.states = ["modifying", "modifying", "rebooting"]
    outcome = cluster.create()
    told = [line for line in outcome.err.splitlines() if " is " in line][-2:]
    assert told == [f"cluster {cluster.name} is {state}" for state in ("modifying", "rebooting")]


def test_the_password_is_kept_in_secrets_manager(aws: Aws, cluster: Cluster) -> None:
    """The password is in the secret, and in no call but the two that need it."""
    cluster.create()
    secret = cluster.session.client("secretsmanager").get_secret_value(
        SecretId=f"sparkify/{cluster.name}"
    )
    login = json.loads(secret["SecretString"])
    assert (login["username"], login["password"]) == ("awsuser", GENERATED)
    sent = zip(aws.calls, aws.bodies, strict=True)
    holders = [call for call, body in sent if GENERATED.encode() in body]
    assert holders == ["secretsmanager:CreateSecret", "redshift:CreateCluster"]


def test_a_password_of_the_settings_is_used(aws: Aws, cluster: Cluster) -> None:
    """DWH_DB_PASSWORD takes the place of the one that is made, and is never printed."""
    cluster.settings(f"DWH_DB_PASSWORD={PASSWORD}\n")
    cluster.create()
    assert any(PASSWORD.encode() in body for body in aws.bodies)
    cluster("create", "--allow", "10.0.0.0/16", "--dry-run")


def test_an_invalid_password_is_not_shown(cluster: Cluster) -> None:
    """A password that Redshift would not take is a usage error that does not show it."""
    cluster.settings("DWH_DB_PASSWORD=s3cr3t/0005\n")
    outcome = cluster.create(code=2)
    assert "DWH_DB_PASSWORD" in outcome.error
    assert "s3cr3t" not in outcome.error


def test_a_new_password_is_one_that_redshift_takes() -> None:
    """A generated password is long, acceptable, and another one each time."""
    made = {new_password() for _ in range(50)}
    assert len(made) == 50
    assert all(is_valid_password(each) and len(each) == 40 for each in made)


def test_write_puts_the_endpoint_into_dwh_cfg(cluster: Cluster) -> None:
    """With --write, endpoint and role stand in dwh.cfg, all else stays, no password comes in."""
    cluster.settings("\n[CLUSTER]\nhost=old ; mine\nDB_PASSWORD=\n# the end\n")
    before = cluster.file.read_text()
    cluster.create("--write")
    text = cluster.file.read_text()
    assert text.startswith(before.partition("[CLUSTER]")[0])
    assert f"host={cluster.cluster['Endpoint']['Address']}\n" in text
    assert "DB_PASSWORD=\n# the end\n" in text
    assert f"[IAM_ROLE]\nARN={cluster.status()['role']}\n" in text
    assert (GENERATED in text, text.count(SECRET_KEY)) == (False, 1)
    assert "sparkify" in cluster("status").out


def test_delete_takes_the_cluster_out_of_dwh_cfg(cluster: Cluster) -> None:
    """What names the deleted cluster or its role goes; what is the user's own stays."""
    own = "\n[CLUSTER]\n# mine\nHOST=\nDB_USER=etl\nDB_PASSWORD=\n\n[IAM_ROLE]\n; its role\nARN=\n"
    cluster.settings(own)
    before = cluster.file.read_text()
    cluster.create("--write")
    cluster.file.write_text(cluster.file.read_text().replace("DB_USER=awsuser", "DB_USER=etl"))
    assert f"removed from {cluster.file}" in cluster.delete().err
    left = own.replace("HOST=\n", "").replace("ARN=\n", "")
    assert cluster.file.read_text() == before.replace(own, left)
    assert cluster.run("config").code == 0


def test_delete_leaves_no_empty_sections(cluster: Cluster) -> None:
    """Sections that `create --write` added go again."""
    before = cluster.file.read_text()
    cluster.create("--write")
    cluster.delete()
    assert cluster.file.read_text().rstrip() == before.rstrip()


@pytest.mark.parametrize(
    "other",
    [
        "[CLUSTER]\nHOST=other.abc.us-west-2.redshift.amazonaws.com\nDB_NAME=sparkify\n",
        "[CLUSTER]\nHOST=NAME.abc.eu-west-1.redshift.amazonaws.com\n",
        "[CLUSTER]\nHOST=NAME.1.us-west-2.redshift-serverless.amazonaws.com\n",
        "[CLUSTER]\nHOST=dwh.example.com\n[IAM_ROLE]\nARN=arn:aws:iam::1:role/NAME-role\n",
    ],
)
def test_delete_leaves_the_names_of_others(cluster: Cluster, other: str) -> None:
    """Another cluster, region or kind, and a host of the user's own, stay in dwh.cfg."""
    cluster.create()
    cluster.settings(other.replace("NAME", cluster.name))
    before = cluster.file.read_text()
    cluster.delete()
    assert cluster.file.read_text() == before


def test_delete_finds_an_endpoint_in_dwh(cluster: Cluster) -> None:
    """[DWH] DWH_ENDPOINT and DWH_ROLE_ARN name a cluster, too; a dry run takes nothing out."""
    cluster.create()
    before = cluster.file.read_text()
    host = cluster.cluster["Endpoint"]["Address"]
    cluster.settings(f"DWH_ENDPOINT={host}:5439/dev\nDWH_ROLE_ARN={cluster.status()['role']}\n")
    written = cluster.file.read_text()
    cluster("delete", "--dry-run")
    assert cluster.file.read_text() == written
    cluster.delete()
    assert cluster.file.read_text() == before


@pytest.mark.parametrize("nodes", ["dc2.large", "dc1.8xlarge", "ds2.xlarge", "DC2.8XLARGE"])
def test_node_types_that_aws_has_discontinued(aws: Aws, cluster: Cluster, nodes: str) -> None:
    """Create says so before it makes anything (exit 2), also in a dry run."""
    cluster.settings(f"DWH_NODE_TYPE={nodes}\n")
    for option in ("--yes", "--dry-run"):
        outcome = cluster("create", "--allow", "203.0.113.5/32", option)
        assert outcome.code == 2
        assert f"DWH_NODE_TYPE is {nodes}: AWS has discontinued" in outcome.error
    assert aws.changes() == []


def test_a_cluster_of_old_nodes_can_be_managed(cluster: Cluster) -> None:
    """One that exists is finished, shown with advice, and deleted."""
    cluster.create()
    cluster.session.client("redshift").modify_cluster(
        ClusterIdentifier=cluster.name, NodeType="dc2.large"
    )
    cluster.settings("DWH_NODE_TYPE=dc2.large\n")
    cluster.create()
    assert "resize it to ra3 nodes" in cluster.status()["size"]
    cluster.delete()


def test_cost_so_far(cluster: Cluster) -> None:
    """Status multiplies age, nodes and the price of the settings, and names what else costs."""
    cluster.settings("DWH_CLUSTER_TYPE=multi-node\nDWH_NUM_NODES=2\nDWH_PRICE=3600000\n")
    cluster.create()
    status = cluster.status()
    assert status["cost_so_far"] == pytest.approx(status["age_hours"] * 2 * 3_600_000)
    assert [text.split()[0] for text in status["costs"]] == ["secret", "cluster"]
    assert "at most" in cluster("status", "--price", "0.5").out


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ("DWH_NUM_NODES=0\n", "DWH_NUM_NODES"),
        ("DWH_NUM_NODES=4\n", "DWH_NUM_NODES"),
        ("DWH_CLUSTER_TYPE=huge\n", "DWH_CLUSTER_TYPE"),
        ("DWH_CLUSTER_TYPE=multi-node\n", "DWH_NUM_NODES"),
        ("DWH_PORT=none\n", "DWH_PORT"),
    ],
)
def test_settings_that_cannot_be(aws: Aws, cluster: Cluster, settings: str, named: str) -> None:
    """Settings that no cluster can have are exit 2, name the key, and make no call."""
    cluster.settings(settings)
    outcome = cluster.create(code=2)
    assert named in outcome.error
    assert aws.calls == []


def test_the_settings_of_the_cluster_are_shown(cluster: Cluster) -> None:
    """`sparkify config` shows the keys of [DWH] and where they stand, but not the password."""
    cluster.settings(f"DWH_DB_PASSWORD={PASSWORD}\nDWH_DB=dwh\nDWH_COLOUR=blue\n")
    outcome = cluster.run("config")
    assert "cluster_database     dwh  (dwh.cfg [DWH] DWH_DB)" in outcome.out
    assert "cluster_password     ***  (dwh.cfg [DWH] DWH_DB_PASSWORD)" in outcome.out
    assert "[DWH] DWH_COLOUR: unknown, not used" in outcome.out
