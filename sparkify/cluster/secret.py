"""The password of a cluster's administrator, in Secrets Manager."""

import json

from sparkify.cluster.resources import Existing, Resource, tags_of
from sparkify.cluster.spec import new_password
from sparkify.masking import remember


class Secret(Resource):
    """The secret that holds the administrator's password."""

    kind = "secret"
    price = "Secrets Manager's price of one secret"
    new = False  # it was created just now, so an existing cluster has another password

    @property
    def name(self) -> str:
        """Its name at AWS."""
        return f"sparkify/{self.spec.name}"

    def find(self) -> Existing | None:
        """Look it up."""
        answer = self.calls.query("secretsmanager", "describe_secret", SecretId=self.name)
        return None if answer is None else Existing(answer, tags_of(answer))

    def create(self) -> None:
        """Create it with the password of the settings, or with a new one."""
        settings = self.spec.settings
        password = settings.cluster_password or new_password()
        remember(password)
        self.new = True
        login = {"engine": "redshift", "username": settings.cluster_user, "password": password}
        database = {"dbname": settings.cluster_database, "port": settings.cluster_port}
        self.calls.change(
            "secretsmanager",
            "create_secret",
            Name=self.name,
            Description=f"The administrator of the Redshift cluster {self.spec.name}",
            SecretString=json.dumps({**login, **database}),
            Tags=self.tags(),
        )

    def update(self, existing: Existing) -> None:
        """Restore it if its deletion is scheduled."""
        if existing.answer.get("DeletedDate"):
            self.calls.change("secretsmanager", "restore_secret", SecretId=self.name)

    def delete(self, existing: Existing) -> None:
        """Delete it without a recovery window, so that its name can be used again."""
        self.calls.delete(
            "secretsmanager",
            "delete_secret",
            SecretId=self.name,
            ForceDeleteWithoutRecovery=True,
        )

    def password(self) -> str:
        """Read the password.

        Raises:
            SparkifyError: the secret does not exist, or reading it is denied.
        """
        if self.calls.dry_run:
            return "<password>"
        answer = self.calls.send("secretsmanager", "get_secret_value", {"SecretId": self.name})
        password = str(json.loads(answer["SecretString"])["password"])
        remember(password)
        return password
