"""The fields that a column can be, and the names by which the exports of all sorts of programs call them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final

import attrs


class Several(Enum):
    """What several columns of one field mean."""

    ASK = "which of them it is cannot be told"
    BEST = "the first of the names below is the one, and the others are something else"
    NEXT = "each stands in where those before it are empty"


@attrs.frozen
class FieldSpellings:
    """How headers call a field: without case, spaces, punctuation and numbers; the better names first.

    Other languages are there with words that mean nothing else: German `Titel` is `Dr.`, and `Name` may be either.
    """

    names: tuple[str, ...]
    several: Several


FIRST_NAME: Final = "first_name"
LAST_NAME: Final = "last_name"
EMAIL: Final = "email"
COMPANY: Final = "company"
"""The company's name, of which the API wants the id."""

FIELDS: Final[Mapping[str, FieldSpellings]] = {
    FIRST_NAME: FieldSpellings(
        (
            *("firstname", "first", "givenname", "forename", "fname", "attendeefirstname", "participantfirstname"),
            *("vorname", "prénom", "prenom", "nombre", "nome", "voornaam", "imię", "имя", "förnamn", "fornavn"),
        ),
        Several.ASK,
    ),
    LAST_NAME: FieldSpellings(
        (
            *("lastname", "last", "surname", "familyname", "lname", "attendeelastname", "attendeesurname"),
            *("participantlastname", "nachname", "familienname", "nom", "nomdefamille", "apellido", "apellidos"),
            *("cognome", "sobrenome", "apelido", "achternaam", "nazwisko", "фамилия", "efternamn", "etternavn"),
        ),
        Several.ASK,
    ),
    EMAIL: FieldSpellings(
        (
            "email",
            "emailaddress",
            "mail",
            "primaryemail",
            "workemail",
            "businessemail",
            "companyemail",
            "contactemail",
            "personemail",
            "secondaryemail",
            "tertiaryemail",
            "additionalemail",
            "otheremail",
            "personalemail",
            "privateemail",
            "homeemail",
            *("attendeeemail", "participantemail", "personemailwork", "personemailhome", "personemailother"),
            *("emailadresse", "mailadresse", "adresseemail", "adressemail", "adressedemessagerie", "courriel"),
            *("correo", "correoelectrónico", "correoelectronico", "direccióndecorreoelectrónico"),
            *("indirizzoemail", "indirizzodipostaelettronica", "endereçodeemail", "emailadres", "adresemail"),
            *("epost", "epostadress", "epostadresse"),
        ),
        Several.NEXT,
    ),
    "phone": FieldSpellings(
        (
            "phone",
            "phonenumber",
            "telephone",
            "telephonenumber",
            "tel",
            "primaryphone",
            "workdirectphone",
            "directphone",
            "workphone",
            "businessphone",
            "mobile",
            "mobilephone",
            "mobilenumber",
            "mobilephonenumber",
            "cell",
            "cellphone",
            "homephone",
            "otherphone",
            "companyphone",
            "corporatephone",
            "companymainphone",
            *("attendeephone", "personphonework", "personphonemobile", "personphonehome", "personphoneother"),
            *("telefon", "telefonnummer", "telefongeschäftlich", "mobiltelefon", "handy", "rufnummer"),
            *("téléphone", "téléphonebureau", "télmobile", "portable", "sms", "teléfono", "teléfonomóvil"),
            *("teléfonodeltrabajo", "telefono", "cellulare", "telefone", "telemóvel", "celular"),
            *("telefoon", "telefoonnummer", "телефон"),
        ),
        Several.NEXT,
    ),
    "title": FieldSpellings(
        (
            *("jobtitle", "position", "organizationtitle", "title", "role", "job", "occupation"),
            *("fonction", "intituléduposte", "cargo", "puesto", "qualifica", "ruolo", "functie", "stanowisko"),
        ),
        Several.BEST,
    ),
    "company_id": FieldSpellings(("companyid",), Several.ASK),
    COMPANY: FieldSpellings(
        (
            "company",
            "companyname",
            "accountname",
            "account",
            "companyaccount",
            "organizationname",
            "organization",
            "organisation",
            "organisationname",
            "associatedcompany",
            "primaryassociatedcompany",
            "employer",
            *("personorganization", "firma", "unternehmen", "organisationsname", "société", "societe"),
            *("entreprise", "empresa", "organización", "azienda", "società", "bedrijf", "bedrijfsnaam"),
            *("компания", "организация", "företag"),
        ),
        Several.BEST,
    ),
}
"""What a column can be."""

WIRE_NAMES: Final[Mapping[str, str]] = {
    "firstName": FIRST_NAME,
    "lastName": LAST_NAME,
    "email": EMAIL,
    "phone": "phone",
    "title": "title",
    "companyId": "company_id",
}
"""The API's own names, which no undocumented field may have."""

REQUIRED: Final = (FIRST_NAME, LAST_NAME)
FULL_NAMES: Final = ("name", "fullname", "contactname", "contact", "displayname", "person", "fileas", "personname")
LAST_NAME_BESIDE: Final = {"vorname": "name", "voornaam": "naam"}
"""How a column of last names may be called beside one of first names; alone it holds whole names."""
_OF_A_PERSON: Final = re.compile(r"(?:contact|person|lead|kontakt|customer|client|kunde)(?=\w)")
_LAST: Final = 1000
"""Added to the rank of names that are less certain than all others."""
_NO_MATTER: Final = re.compile(r"[\W_]+")
"""All but letters and digits. A row of data may be tried as a header, and a cell of it may have megabytes."""
_NUMBERED: Final = re.compile(r"(\D+?)(\d{1,2})(\D*?)(?:value)?")


@attrs.frozen(order=True)
class Rank:
    """How well a header names a field: the lower the better."""

    place: int
    number: int
    """As in `E-mail 2 - Value`; 0 where there is none."""


def spelling(header: str) -> str:
    """A header without what does not matter."""
    return _NO_MATTER.sub("", header.casefold())


def named(header: str) -> tuple[str, Rank] | None:
    """The field that a header names, and how well; `None` if it names none."""
    plain = spelling(header)
    found = _ranked(plain, 0)
    if found is None and (numbered := _NUMBERED.fullmatch(plain)):
        # Google's `Phone 1 - Value`, Outlook's `E-mail 2 Address` and `Business Phone 2`
        found = _ranked(numbered[1] + numbered[3], int(numbered[2]))
        return found if found and FIELDS[found[0]].several is not Several.ASK else None
    if found is None and (whose := _OF_A_PERSON.match(plain)):  # `Contact First Name`, `Lead E-mail`
        found = _ranked(plain[whose.end() :], 0)
        return found and (found[0], Rank(found[1].place + _LAST, 0))
    return found


def _ranked(plain: str, number: int) -> tuple[str, Rank] | None:
    for field, spellings in FIELDS.items():
        if plain in spellings.names:
            return field, Rank(spellings.names.index(plain), number)
    return None


def field_of(header: str) -> str | None:
    """The field that a header names, if any."""
    found = named(header)
    return found[0] if found else None


def is_known(header: str) -> bool:
    """Whether a header names a field, or a whole name."""
    return field_of(header) is not None or spelling(header) in FULL_NAMES
