"""`manage.py keys …`: the keys that sign releases. What to do when stands in docs/keys.md."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from policies.delivery.signing import SigningUnavailable, signers
from policies.governance.refusals import Refused
from policies.management.arguments import whole_text
from policies.models import SigningKey
from policies.services.releases import signing_keys
from policies.services.releases.key_records import publish_first_key


class Command(BaseCommand):
    help = "List, publish, prepare, rotate, retire and revoke the keys that sign releases."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        actions.add_parser("list", help="every key, and what to do next")
        actions.add_parser("publish", help="publish the first key, where there is none")
        prepare = actions.add_parser("prepare", help="make, endorse and publish the next key")
        _where_to(prepare)
        prepare.add_argument(
            "--public-key", type=Path, metavar="FILE", help="JWK of a key that is elsewhere"
        )
        rotate = actions.add_parser("rotate", help="sign with the standby key, prepare another")
        rotate.add_argument(
            "--from", dest="source", type=Path, metavar="FILE", help="the standby's private key"
        )
        _where_to(rotate)
        for name, told in (
            ("retire", "have routers believe a former key no more"),
            ("revoke", "the same, because it was stolen: numbers it signed count for nothing"),
        ):
            ending = actions.add_parser(name, help=told)
            ending.add_argument("key", type=whole_text, help="number or beginning of the kid")
            ending.add_argument("--reason", type=whole_text, required=True)
        over = actions.add_parser("start-over", help="when every key is lost; see docs/keys.md")
        over.add_argument("--reason", type=whole_text, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        act = getattr(self, f"_{options['action'].replace('-', '_')}")
        try:
            act(options)
        except Refused as refusal:
            lines = [f"{found.sentence} {found.resolve}".rstrip() for found in refusal.reasons]
            raise CommandError("\n".join(lines)) from refusal
        except SigningUnavailable as error:
            raise CommandError(str(error)) from error

    def _list(self, options: dict[str, Any]) -> None:
        keys = list(SigningKey.objects.all())
        for key in keys:
            since = key.revoked_at or key.retired_at or key.activated_at or key.created_at
            self.stdout.write(
                f"{key.sequence:>3}  {key.kid}  {key.state:<11}  since {since:%Y-%m-%d %H:%M} UTC"
            )
        if not keys:
            self.stdout.write("No key yet: `manage.py keys publish` makes the first.")
        elif signing_keys.standby_key() is None:
            self.stdout.write("No standby key: `manage.py keys prepare` makes one.")

    def _publish(self, options: dict[str, Any]) -> None:
        key = publish_first_key()
        if key is None:
            self.stdout.write("Keys are published already.")
        else:
            self.stdout.write(f"Key {key.sequence} ({key.kid}) is published and signs.")

    def _prepare(self, options: dict[str, Any]) -> None:
        if options["public_key"] is not None:
            jwk = _read_jwk(options["public_key"])
            key, where = signing_keys.prepare_key(jwk), "where you have it"
        else:
            key, where = _made(options["to"])
        self.stdout.write(
            f"Key {key.sequence} ({key.kid}) is on standby and published; its private half is in "
            f"{where}. Keep it on another machine than the active key."
        )

    def _rotate(self, options: dict[str, Any]) -> None:
        _install_standby(options["source"])
        key, count = signing_keys.switch_keys()
        self.stdout.write(
            f"Key {key.sequence} ({key.kid}) signs from now on; releases signed anew: {count}."
        )
        if not signers.is_kept_in_a_file():
            self.stdout.write("Prepare the next one: `manage.py keys prepare`.")
        elif signing_keys.standby_key() is None:
            self._prepare({"public_key": None, "to": options["to"]})

    def _retire(self, options: dict[str, Any]) -> None:
        self._end(options, as_compromised=False)

    def _revoke(self, options: dict[str, Any]) -> None:
        self._end(options, as_compromised=True)

    def _end(self, options: dict[str, Any], *, as_compromised: bool) -> None:
        key = signing_keys.find_key(options["key"])
        key = signing_keys.end_key(key, options["reason"], as_compromised=as_compromised)
        self.stdout.write(f"Key {key.sequence} ({key.kid}) is revoked as {key.revoked_as}.")

    def _start_over(self, options: dict[str, Any]) -> None:
        key, count = signing_keys.start_over(options["reason"])
        self.stdout.write(
            f"Key {key.sequence} ({key.kid}) signs from now on; releases signed anew: {count}. "
            "Routers refuse them until they are given the new key file by hand."
        )


def _where_to(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to", type=Path, metavar="FILE", help="where to put the next private key; a new file"
    )


def _made(to: Path | None) -> tuple[SigningKey, str]:
    """A key made here and published; a file that is there from a try before is taken up."""
    file = to or signers.standby_file()
    if to is not None and file.exists():
        raise CommandError(f"{file} is there already; name a new file.")
    return signing_keys.prepare_key(signers.new_key_file(file).public_jwk), str(file)


def _install_standby(source: Path | None) -> None:
    """Put the standby's private half where the signing key is, if that is a file."""
    standby, present = signing_keys.standby_key(), signers.configured_signer()
    if standby is None or (present is not None and present.kid == standby.kid):
        if source is not None or standby is None:
            raise CommandError(
                "There is no standby key to switch to: `manage.py keys prepare` makes one."
                if standby is None
                else "The standby key is in place already; leave --from out."
            )
        return
    if not signers.is_kept_in_a_file():
        raise CommandError(
            f"The settings name the private key. Have them name that of key {standby.sequence} "
            f"({standby.kid}), restart every process, and run this again."
        )
    file = source or signers.standby_file()
    if signers.signer_of(file).kid != standby.kid:
        raise CommandError(f"{file} is not key {standby.sequence} ({standby.kid}).")
    signers.install(file)
    if source is None:
        file.unlink()


def _read_jwk(file: Path) -> dict[str, Any]:
    try:
        jwk = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise CommandError(f"{file} holds no JWK: {error}") from error
    return signers.published_form(jwk if isinstance(jwk, dict) else {})
