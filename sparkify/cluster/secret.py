"""The password of a cluster's administrator."""

import json

from sparkify.cluster.resources import Found, Resource, tags_of
from sparkify.cluster.wanted import new_password


class Secret(Resource):
    """The password, in Secrets Manager."""

    kind = "secret"
    price = "Secrets Manager's price of one secret"
    new = False  # whether it was made just now, so that a cluster that is there has another

    @property
    def name(self) -> str:
        """Its name at AWS."""
        return f"sparkify/{self.wanted.name}"

    def find(self) -> Found | None:
        """Look for it."""
        answer = self.calls.look("secretsmanager", "describe_secret", SecretId=self.name)
        return None if answer is None else Found(answer, tags_of(answer))

    def make(self) -> None:
        """Make it: the password of the settings, or a new one."""
        settings = self.wanted.settings
        password = settings.cluster_password or new_password()
        self.calls.hidden.add(password)
        self.new = True
        login = {"engine": "redshift", "username": settings.cluster_user, "password": password}
        where = {"dbname": settings.cluster_database, "port": settings.cluster_port}
        self.calls.change(
            "secretsmanager",
            "create_secret",
            Name=self.name,
            Description=f"The administrator of the Redshift cluster {self.wanted.name}",
            SecretString=json.dumps({**login, **where}),
            Tags=self.tags(),
        )

    def mend(self, found: Found) -> None:
        """Take it back when it is about to be deleted."""
        if found.answer.get("DeletedDate"):
            self.calls.change("secretsmanager", "restore_secret", SecretId=self.name)

    def unmake(self, found: Found) -> None:
        """Remove it at once, so that the name is free again."""
        self.calls.remove(
            "secretsmanager",
            "delete_secret",
            SecretId=self.name,
            ForceDeleteWithoutRecovery=True,
        )

    def password(self) -> str:
        """The password.

        Raises:
            SparkifyError: there is no such secret, or it may not be read.
        """
        if self.calls.dry_run:
            return "<password>"
        answer = self.calls.send("secretsmanager", "get_secret_value", {"SecretId": self.name})
        password = str(json.loads(answer["SecretString"])["password"])
        self.calls.hidden.add(password)
        return password
