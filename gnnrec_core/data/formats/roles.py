"""Which column is the user, the item, the rating, the time: by name, by order, or as a person says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

import polars as pl

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.formats.looks import (
    Sample,
    fitting_order,
    holds_one_vocabulary,
    may_say_what_happened,
    time_columns,
)
from gnnrec_core.data.formats.source import Roles
from gnnrec_core.data.options import ImportOptions

KNOWN = {
    "user": "userid user uid users customerid customer custid reviewerid reviewer visitorid visitor memberid member "
    "accountid account readerid reader listenerid listener viewerid viewer playerid clientid client sessionid personid "
    "username usr authorid",
    "item": "itemid item iid items movieid movie productid product parentasin asin bookid book isbn songid song "
    "trackid track artistid artist businessid business gameid game appid articleid article newsid venueid locationid "
    "poiid recipeid animeid storeid restaurantid placeid gmapid contentid content sku title itm",
    "rating": "rating ratings score stars star overall value weight rate playcount plays count preference "
    "reviewscore userrating bookrating reviewrating",
    "time": "timestamp timestampms timems timestampus timestampns timestamps time datetime date ts unixreviewtime "
    "eventtimestamp eventtime eventdate unixtime reviewtime reviewdate ratingtime ratingdate created createdat ratedat "
    "interactiontime interactiondate transactiontime transactiondate orderdate ordertime purchasedate purchasetime "
    "clicktime viewtime playedat listenedat watchedat addedat visitedat when utctime timeutc checkintime",
}
ABROAD = {
    "user": "benutzer benutzerid nutzer nutzerid kunde kundenid kundennummer kundennr kundennummern leser leserid "
    "utilisateur utilisateurid idutilisateur client idclient clientid lecteur usuario usuarioid idusuario cliente "
    "clienteid idcliente utente idutente lettore gebruiker gebruikerid klant klantid klantnummer "
    "用户 用户id 会员 会员id "
    "ユーザー ユーザーid 顧客 사용자 пользователь клиент",
    "item": "artikel artikelid artikelnummer artikelnr produkt produktid produktnummer buch film titel article "
    "idarticle produit produitid idproduit livre articulo artículo producto productoid idproducto libro pelicula "
    "película prodotto idprodotto articolo produto produtoid idproduto livro boek productnummer 商品 商品id "
    "物品 物品id 商品コード 상품 товар",
    "rating": "bewertung note punkte sterne evaluation évaluation notation calificacion calificación puntuacion "
    "puntuación valoracion valoración valutazione voto punteggio avaliacao avaliação nota beoordeling cijfer 评分 評価 "
    "평점 оценка рейтинг",
    "time": "datum zeit zeitpunkt zeitstempel uhrzeit bestelldatum heure horodatage fecha hora data ora datahora tijd "
    "tijdstip 时间 日期 日時 시간 дата время",
}
"""The same in other languages; asked only where no English name is found."""
_ORDER = {role: f"{text} {ABROAD[role]}".split() for role, text in KNOWN.items()}


def plain_name(name: str) -> str:
    """A column name without case, blanks, punctuation and RecBole's type: what names are compared by.

    >>> plain_name(" User ID ")
    'userid'
    """
    return "".join(letter for letter in name.split(":")[0].lower() if letter.isalnum())


def is_role_name(name: str) -> bool:
    """Is this a name that we know for a user, item, rating or time column?"""
    return any(plain_name(name) in names for names in _ORDER.values())


def guess_column(role: str, names: Sequence[str], taken: Sequence[str] = ()) -> str | None:
    """The column that plays `role` by its name, or None."""
    by_name = {plain_name(name): name for name in reversed(names) if name not in taken}
    return next((by_name[known] for known in _ORDER[role] if known in by_name), None)


def guess_roles(
    names: Sequence[str],
    options: ImportOptions,
    file: str,
    sample: Sample,
    has_header: bool = True,
    line: int = 1,
) -> Roles:
    """The roles of the columns `names`, whose first cells are `sample(name)`. DataError that lists the columns where
    user or item cannot be told, and where the columns of a table without names contradict the usual order."""
    chosen = propose_roles(names, options, file, sample, has_header)
    if not has_header and not _asked(options):
        refuse_order(names, sample, file, line, chosen)
    user, item = chosen["user"], chosen["item"]
    for role, column in (("user", user), ("item", item)):
        if column is None:
            raise _no_column(role, names, file, line)
    if user == item:
        raise RequestError(f"Column {user!r} cannot be both user and item.", "Name two columns.", column=user)
    roles = Roles(str(user), str(item), chosen["rating"], chosen["time"], names=tuple(names))
    others = [name for name in names if name not in roles.columns]
    return replace(
        roles,
        extra=tuple(dict.fromkeys(named_column(name, names, file) for name in options.needed_columns())),
        behaviours=tuple(name for name in others if may_say_what_happened(name, sample(name))),
        other_times=tuple(look.column for look in time_columns(others, sample)),
    )


def propose_roles(
    names: Sequence[str], options: ImportOptions, file: str, sample: Sample, has_header: bool = True
) -> dict[str, str | None]:
    """The column of each role (None: not found): as asked, by name, or by the order that fits."""
    chosen: dict[str, str | None] = {}
    asked = {"user": options.user_col, "item": options.item_col, "rating": options.rating_col, "time": options.time_col}
    for role, wanted in asked.items():
        chosen[role] = None if wanted in (None, "none") else named_column(str(wanted), names, file)
    if has_header:
        for role, wanted in asked.items():
            if wanted is None:
                chosen[role] = guess_column(role, names, [c for c in chosen.values() if c])
        if options.time_col is None:
            chosen["time"] = _best_time(names, chosen, sample)
    elif not any(chosen.values()):
        usual = dict(zip(asked, names, strict=False))
        fitting = fitting_order(names, sample) or usual
        chosen = {role: None if wanted == "none" else fitting.get(role) for role, wanted in asked.items()}
    return chosen


def _asked(options: ImportOptions) -> bool:
    return any(
        column not in (None, "none")
        for column in (options.user_col, options.item_col, options.rating_col, options.time_col)
    )


def _best_time(names: Sequence[str], chosen: dict[str, str | None], sample: Sample) -> str | None:
    """Of several columns with a name for times, the one with the most different times (`time_ms` before `date`)."""
    others = [column for role, column in chosen.items() if role != "time"]
    known = [name for name in names if name not in others and plain_name(name) in _ORDER["time"]]
    if len(known) < 2:
        return chosen["time"]
    looks = {look.column: look.n_distinct for look in time_columns(known, sample)}
    order = {name: _ORDER["time"].index(plain_name(name)) for name in looks}
    return min(looks, key=lambda name: (-looks[name], order[name])) if looks else chosen["time"]


def refuse_order(names: Sequence[str], sample: Sample, file: str, line: int, chosen: dict[str, str | None]) -> None:
    """Without names, only the usual order (user, item, rating, time) is taken on trust: DataError where there are more
    columns, or where a column plainly holds something else than its place says."""
    first = {name: sample(name).head(1).cast(pl.String).to_list() for name in names[:12]}
    row = ", ".join(str(cell) for cells in first.values() for cell in cells)[:200]
    fitting = fitting_order(names, sample)
    number = {name: str(place) for place, name in enumerate(names, 1)}
    words = " ".join(f"--{role}-col {number[column]}" for role, column in (fitting or {}).items())
    if len(names) > 4:
        likely = fitting or dict(zip(("user", "item"), names, strict=False))
        time = f" {number[likely['time']]}" if "time" in likely else ""
        who = f"--user-col {number[likely['user']]} --item-col {number[likely['item']]}"
        hint = f"Name them by number: {who} (and --rating-col, --time-col{time})."
        if holds_one_vocabulary([sample(name) for name in names[1:]]):
            hint = "A line seems to hold a person and all of their items: write one line for each pair of the two."
        raise DataError(
            f"{file} has no header and {len(names)} columns, so it cannot be told which is which.",
            hint,
            file=file,
            line=line,
            value=row,
        )
    if fitting is None:
        return
    column = fitting["time"] if "time" in fitting else fitting["rating"]
    what = "times" if "time" in fitting else "ratings"
    raise DataError(
        f"{file} has no header, and column {number[column]} holds {what} (such as {first[column][0]!r}), so the order "
        "of its columns is not user, item, rating, time.",
        f"Name them by number; what fits is {words}.",
        file=file,
        line=line,
        column=column,
        value=row,
    )


def named_column(asked: str, names: Sequence[str], file: str) -> str:
    """The column that a person named, letter for letter, loosely, or by its number from 1."""
    if asked in names:
        return asked
    loose = [name for name in names if plain_name(name) == plain_name(asked) and plain_name(asked)]
    if len(loose) == 1:
        return loose[0]
    if asked.isdecimal() and 1 <= int(asked) <= len(names):
        return names[int(asked) - 1]
    raise DataError(
        f"{file} has no column {asked!r}.", did_you_mean(asked, tuple(names)), file=file, column=asked, value=asked
    )


def _no_column(role: str, names: Sequence[str], file: str, line: int) -> DataError:
    near = get_close_matches(f"{role}id", [plain_name(name) for name in names], n=1, cutoff=0.6)
    guess = [name for name in names if near and plain_name(name) == near[0]]
    shown = ", ".join(repr(name[:60]) for name in names[:12]) + (
        f" and {len(names) - 12} more" if len(names) > 12 else ""
    )
    hint = f"Did you mean {guess[0]!r}? " if guess else ""
    return DataError(
        f"{file} has no column that looks like the {role} id; its columns are {shown}.",
        f"{hint}Name it with --{role}-col (a name, or a number from 1).",
        file=file,
        line=line,
        column=role,
        value=", ".join(names[:12]),
        columns=list(names[:1000]),
    )
