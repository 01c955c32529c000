"""What a failed call leaves can be finished or removed, whichever call it was."""

import pytest

from tests.cluster.conftest import Aws, Cluster, Failure, busy, denied, quota

ALL = 4  # secret, role, security group, cluster


def calls_of_a_create(aws: Aws, cluster: Cluster) -> list[str]:
    """The calls that a create makes where nothing is."""
    aws.reset()
    cluster.create()
    calls = list(aws.calls)
    cluster.delete()
    return calls


def finish(cluster: Cluster, then: str) -> None:
    """Go on with a half-done cluster by a second create, or remove it; then take another."""
    if then == "create":
        assert "state        available" in cluster.create().out
        assert len(cluster.left()) == ALL
    else:
        cluster.delete()
        assert cluster.left() == []
    cluster.renew()


@pytest.mark.parametrize(
    ("failure", "code", "then"),
    [
        pytest.param(denied, 1, "create", marks=pytest.mark.long),
        pytest.param(busy, 4, "delete", marks=pytest.mark.long),
    ],
)
def test_every_call_of_create_may_fail(
    aws: Aws, cluster: Cluster, failure: Failure, code: int, then: str
) -> None:
    """Whichever call of create fails, a second create finishes it, or delete removes it."""
    calls = calls_of_a_create(aws, cluster)
    for number, name in enumerate(calls):
        if name == "s3:GET":  # what a location stands for is then told by its name
            continue
        aws.reset()
        aws.fail_at, aws.failure = number, failure
        # while it waits for the cluster, a busy AWS is asked again
        waiting = code == 4 and number == calls.index("redshift:CreateCluster") + 1
        error = cluster.create(code=0 if waiting else code).error
        if not waiting:
            assert name in error
            assert "exists now: " in error
            assert "`sparkify cluster create --allow 203.0.113.5/32`" in error
            assert "`sparkify cluster delete`" in error
        aws.reset()
        finish(cluster, then)


@pytest.mark.long
@pytest.mark.parametrize("then", ["create", "delete"])
def test_an_answer_of_create_may_be_lost(aws: Aws, cluster: Cluster, then: str) -> None:
    """A call that was carried out and answered with an error is finished or removed as well."""
    calls = calls_of_a_create(aws, cluster)
    for number in [at for at, call in enumerate(calls) if call in set(aws.changes())]:
        aws.reset()
        aws.fail_at, aws.failure, aws.done = number, busy, True
        cluster.create(code=4)
        aws.reset()
        finish(cluster, then)


@pytest.mark.long
@pytest.mark.parametrize("done", [False, True])
def test_every_call_of_delete_may_fail(aws: Aws, cluster: Cluster, done: bool) -> None:
    """Whichever call of delete fails, carried out or not, a second delete leaves nothing."""
    cluster.create()
    aws.reset()
    cluster.delete()
    calls, changes = list(aws.calls), aws.changes()
    for number in [at for at, call in enumerate(calls) if not done or call in changes]:
        name = calls[number]
        cluster.create()
        aws.reset()
        aws.fail_at, aws.done = number, done
        outcome = cluster("delete", "--yes", "--no-snapshot")
        assert outcome.code == 1, name
        assert f"{name}: access denied" in outcome.error
        aws.reset()
        cluster.delete()
        assert cluster.left() == [], name


def test_what_exists_is_named(aws: Aws, cluster: Cluster) -> None:
    """The error names the missing permission and what was made before it was missed."""
    calls = calls_of_a_create(aws, cluster)
    aws.reset()
    aws.fail_at = calls.index("redshift:CreateCluster")
    error = cluster.create(code=1).error
    assert error == (
        "redshift:CreateCluster: access denied (AccessDenied); the credentials need the permission"
        " redshift:CreateCluster; exists now:"
        f" secret sparkify/{cluster.name}, role {cluster.name}-role,"
        f" security group sparkify-{cluster.name}; continue with"
        " `sparkify cluster create --allow 203.0.113.5/32`,"
        " or clean up with `sparkify cluster delete`"
    )


def test_a_quota_is_named(aws: Aws, cluster: Cluster) -> None:
    """A quota that is used up is exit 1, and is called one."""
    calls = calls_of_a_create(aws, cluster)
    for name in sorted(set(aws.changes())):
        if name.partition(":")[2].startswith("Delete"):
            continue
        aws.reset()
        aws.fail_at, aws.failure = calls.index(name), quota
        assert f"{name}: a quota is used up" in cluster.create(code=1).error
        aws.reset()
        cluster.delete()


def test_a_role_that_is_too_new_is_waited_for(
    aws: Aws, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that passes once AWS's services agree with each other is retried."""
    monkeypatch.setattr("sparkify.cluster.calls.CONSISTENCY_SECONDS", 30)  # a busy machine is slow
    calls = calls_of_a_create(aws, cluster)
    aws.reset()
    aws.fail_at = calls.index("redshift:CreateCluster")
    aws.failure = lambda service: "InvalidParameterValue.role"
    cluster.create()


def test_a_policy_that_drifted_is_mended(aws: Aws, cluster: Cluster) -> None:
    """A second create writes the role's policy anew when the settings have changed."""
    cluster.create()
    aws.reset()
    cluster.file.write_text(cluster.file.read_text().replace("s3://work/parts", "s3://work/other"))
    cluster.create()
    assert aws.changes() == ["iam:PutRolePolicy"]


def test_a_lost_password_is_made_anew(aws: Aws, cluster: Cluster) -> None:
    """When the secret was deleted, a second create makes a new one and gives it to the cluster."""
    cluster.create()
    cluster.session.client("secretsmanager").delete_secret(
        SecretId=f"sparkify/{cluster.name}", ForceDeleteWithoutRecovery=True
    )
    aws.reset()
    cluster.create()
    assert aws.changes() == ["secretsmanager:CreateSecret", "redshift:ModifyCluster"]


def test_a_secret_that_is_about_to_go_is_taken_back(aws: Aws, cluster: Cluster) -> None:
    """When the secret waits for its deletion, a second create restores it."""
    cluster.create()
    cluster.session.client("secretsmanager").delete_secret(SecretId=f"sparkify/{cluster.name}")
    aws.reset()
    cluster.create()
    assert aws.changes() == ["secretsmanager:RestoreSecret"]


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_a_pause_that_is_not_permitted(aws: Aws, cluster: Cluster, command: str) -> None:
    """A refused pause or resume names the permission, what exists, and how to go on."""
    cluster.create()
    if command == "resume":
        cluster("pause")
    aws.reset()
    aws.fail_at = 1  # the first call looks whose cluster it is
    error = cluster(command).error
    assert f"redshift:{command.capitalize()}Cluster: access denied" in error
    assert f"continue with `sparkify cluster {command}`" in error
