"""Who is logged in, and what they may do: viewers see everything and change nothing, editors change things too.

Where the server's `secrets.toml` has a section `[auth]`, nobody sees a page who is not logged in (OpenID Connect, done
by Streamlit); a section `[roles]` says who is what. Without `[auth]` everybody is an editor, as on one's own machine.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import streamlit as st
from pydantic import Field, StrictStr
from streamlit.errors import StreamlitSecretNotFoundError

from gnnrec_core.base.errors import LensError
from gnnrec_core.base.settings import Settings, read_settings
from gnnrec_core.base.text import for_label, for_markdown
from gnnrec_core.runs.workspace import Workspace
from gnnrec_core.runs.workspace import workspace as of_server

Role = Literal["editor", "viewer", "none"]
EVERYBODY = "*"
VIEWER = (
    "Your role on this server is viewer: you see everything and change nothing.",
    "Ask its owner to be an editor.",
)


class Roles(Settings):
    """The section `[roles]`. Without it whoever may log in is a viewer, and nobody is an editor."""

    claim: StrictStr = Field("email", description="what the provider says of a person that the lists name")
    editor: tuple[StrictStr, ...] = Field((), description="who may import, train and delete; `*` is everybody")
    viewer: tuple[StrictStr, ...] = Field((EVERYBODY,), description="who may look; `*` is everybody who can log in")


def role_of(person: Mapping[str, Any], roles: Roles) -> Role:
    """The role of somebody of whom the provider has said `person`.

    The claim is a text or a list of texts (groups). An address that the provider calls unverified counts for nothing.

    >>> role_of({"groups": ["staff", "lens"]}, Roles(claim="groups", editor=("lens",)))
    'editor'
    >>> role_of({"email": "a@b.org", "email_verified": False}, Roles(editor=("a@b.org",), viewer=()))
    'none'
    """
    said = person.get(roles.claim)
    held = {each for each in (said if isinstance(said, list | tuple) else [said]) if isinstance(each, str) and each}
    if roles.claim == "email" and person.get("email_verified", True) is not True:
        held = set()
    held = {each for each in held if each != EVERYBODY} | {EVERYBODY}
    if held & set(roles.editor):
        return "editor"
    return "viewer" if held & set(roles.viewer) else "none"


def needs_login() -> bool:
    """Whether this server lets in only people whom a provider knows: its settings have a section for it."""
    return _section("auth") is not None


def role() -> Role:
    """The role of whoever looks at the page that is being drawn."""
    if not needs_login():
        return "editor"
    person: dict[str, Any] = st.user.to_dict()
    if person.get("is_logged_in") is not True:
        return "none"
    return role_of(person, read_settings(Roles, _section("roles") or {}))


def workspace() -> Workspace:
    """The workspace as this person may use it: for all but editors the library refuses every change."""
    place = of_server()
    return place if role() == "editor" else replace(place, read_only=True, refusal=VIEWER)


def may_reveal() -> bool:
    """Whether this person may be shown ids of others, where the server offers that at all."""
    return role() == "editor"


def gate() -> None:
    """Let in who has a role; to everybody else show the way in, and nothing more."""
    try:
        if not needs_login():
            return
        found = role()
    except LensError as error:
        st.error(f"Who may come in cannot be read. {for_markdown(error.message)}", icon=":material/error:")
        st.stop()
    if found != "none":
        return
    st.title("GNNRec Lens", anchor=False)
    if st.user.get("is_logged_in"):
        st.warning(f"{for_markdown(_name())}, you have no role on this server.", icon=":material/lock:")
        st.button("Log out", on_click=st.logout, icon=":material/logout:")
    else:
        st.caption("This server shows its pages to people who have logged in.")
        for provider in _providers():
            label = f"Log in with {for_label(provider)}" if provider else "Log in"
            args = (provider,) if provider else ()
            st.button(label, on_click=st.login, args=args, icon=":material/login:", key=f"_login_{provider}")
    st.stop()


def say_who() -> None:
    """Who is logged in as what, and the way out; for the sidebar."""
    if needs_login():
        st.caption(f"{for_markdown(_name())} · {role()}")
        st.button("Log out", on_click=st.logout, icon=":material/logout:", type="tertiary", key="_log_out")


def say_refusal(place: Workspace, what: str = "") -> None:
    """Where a control is missing: why, and who may do `what` it does."""
    if place.read_only:
        st.caption(f":material/lock: {' '.join((*place.refusal, what)).strip()}")


def why_not(place: Workspace) -> str | None:
    """The help text of a control that is switched off."""
    return " ".join(place.refusal) if place.read_only else None


def _name() -> str:
    return str(st.user.get("email") or st.user.get("name") or st.user.get("sub") or "Somebody")[:200]


def _providers() -> list[str]:
    """The named providers of `[auth.NAME]`, or one without a name."""
    named = {name: value for name, value in (_section("auth") or {}).items() if isinstance(value, Mapping)}
    return [name for name, value in named.items() if "server_metadata_url" in value] or [""]


def _section(name: str) -> dict[str, Any] | None:
    """A section of the server's `secrets.toml`; None where there is none, or no such file.

    LensError for a file that is there and cannot be read: it may say that nobody is to come in without a login.
    """
    try:
        found = st.secrets.get(name)
    except (StreamlitSecretNotFoundError, OSError, ValueError):
        if any(os.path.lexists(path) for path in st.get_option("secrets.files")):
            raise LensError("The server's secrets.toml is damaged.", "Its owner finds the reason in the log.") from None
        return None
    if found is not None and not isinstance(found, Mapping):
        raise LensError(f"The section [{name}] of the server's secrets.toml is no section.", "Its owner mends it.")
    return None if found is None else dict(found)
