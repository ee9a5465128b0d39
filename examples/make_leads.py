"""Make up `leads.csv`: a thousand people who do not exist, the same ones each time.

    python examples/make_leads.py > examples/leads.csv

Nobody can be reached by accident: addresses end in `.example`, which RFC 2606 keeps out of the DNS, and phone
numbers are from the ranges that regulators set aside for fiction (555-01xx in North America; Ofcom's and ACMA's).
"""

from __future__ import annotations

import csv
import random
import sys
import unicodedata
from collections.abc import Iterator
from typing import TextIO

PEOPLE = 1000
HEADER = ("First Name", "Last Name", "Email", "Phone", "Title", "Company")

FIRST = (
    "Aaron Abigail Adaeze Ahmed Aiko Aisha Alejandro Alice Amara Amelia Ana Anders Andrea Anika Anthony "
    "Antoine Arjun Astrid Ayşe Beatriz Benjamin Björn Brian Camila Carlos Caroline Catherine Charlotte Chidi "
    "Chloë Claire Clara Daniel Daria David Deepika Diego Dmitri Eduardo Eleanor Elena Elif Elise Emeka Emily "
    "Emma Erik Esther Fatima Felix Fiona François Freja Gabriel Giulia Grace Hana Hannah Harriet Hassan Helen "
    "Henrik Hiroshi Hugo Ibrahim Imogen Inés Ingrid Isaac Isabel Ivan Jack James Jasmine Javier Joanna "
    "Johannes José Julia Kamala Karim Katarzyna Kenji Kofi Laila Lars Laura Leila Leo Liam Linnea Louise "
    "Łukasz Lucia Magdalena Mai Malik Marco María Marta Matteo Mei Michael Mina Mohammed Nadia Naomi Natalia "
    "Neha Niamh Nicolás Nikolai Noah Nora Olga Oliver Olivia Omar Oscar Paolo Patrick Paula Pedro Peter Petra "
    "Philip Priya Rachel Rafael Ravi Rebecca Renée Ricardo Robert Rosa Ruth Samir Samuel Sandra Sanjay Sara "
    "Saskia Sebastian Sergio Siobhán Sofia Søren Stefan Stella Sunita Susan Tamar Tariq Teresa Thandiwe Theo "
    "Thomas Tomás Ursula Valentina Victor Viktoria Wei William Xiomara Yara Yusuf Yuki Zainab Zoë Zuzana "
)

LAST = (
    "Abbott Achieng Adeyemi Ahmadi Almeida Andersen Anderson Bailey Baker Banerjee Barros Bauer Becker "
    "Bennett Bergman Bianchi Brennan Brooks Brown Calloway Campbell Carter Castillo Chandra Chen Choi Clarke "
    "Cohen Collins Conti Costa Cruz Dahl Das Davies Delgado Demir Desai Díaz Dubois Eriksson Evans Farouk "
    "Fernández Ferrari Fischer Fitzgerald Fontaine Foster Franco Fraser Fujimoto García Gibson Gomes González "
    "Graham Green Gupta Gustafsson Haddad Hall Hansen Harper Hartmann Hashimoto Hayes Hernández Hoffmann Holm "
    "Hughes Hussain Ibarra Ivanova Iyer Jackson Jansen Jensen Johansson Jones Joshi Kamau Kapoor Kaya Keller "
    "Kelly Khan Kim Kowalska Kowalski Kumar Lambert Larsen Laurent Lee Lehmann Li Lim Lindqvist López "
    "MacDonald Malhotra Mancini Marchetti Martin Martínez Mbeki McCarthy Mehta Mendes Meyer Mitchell Moreau "
    "Morgan Morales Müller Murphy Mwangi Nakamura Nair Nguyen Nielsen Novak Núñez Nwosu O'Brien O'Connor "
    "Okafor Olsen Ortega Osei Owusu Öztürk Parker Patel Pereira Petersen Petrov Phillips Popescu Quinn "
    "Ramírez Rao Reyes Richter Rivera Roberts Robinson Romero Rossi Roux Russo Ryan Saito Salazar Sánchez "
    "Santos Sato Schmidt Schneider Shah Sharma Silva Simmons Singh Smith Sørensen Sousa Stewart Sullivan "
    "Suzuki Takahashi Tanaka Taylor Thompson Torres Tran Turner Usman Vargas Vasquez Vogel Wagner Walker "
    "Walsh Wang Ward Watanabe Weber White Williams Wilson Wong Wright Yamada Yılmaz Young Zhang Zimmermann "  # noqa: RUF001
    "van-der-Berg de-Vries "
)

TITLES = (
    *("Head of Operations", "Operations Manager", "Chief Operating Officer", "VP, Operations"),
    *("Sales Director", "Account Executive", "VP, Sales", "Head of Business Development", "Sales Operations Lead"),
    *("Marketing Manager", "Head of Growth", "Chief Marketing Officer", "Demand Generation Lead"),
    *("IT Manager", "Chief Technology Officer", "Engineering Manager", "Director, Data & Analytics"),
    *("Finance Director", "Procurement Manager", "Controller", "Chief Financial Officer"),
    *("Founder", "Managing Director", "General Manager", "Office Manager", "Customer Success Manager", "Owner"),
)

NAMES = (
    "Alder Amber Anchor Arbor Atlas Beacon Birch Blue-Heron Bramble Bright-Harbor Canyon Cedar Cinder Cobalt "
    "Compass Copper Coral Crescent Delta Drift Eastgate Ember Evergreen Falcon Fern Fjord Foxglove Garnet "
    "Granite Greenfield Harvest Hawthorn Hazel Highland Horizon Indigo Ironbridge Ivory Juniper Keystone "
    "Lakeside Lantern Larch Linden Lodestar Maple Meridian Midland Millstone Northwind Oakridge Old-Quay "
    "Orchard Osprey Pebble Pinecrest Polaris Prairie Quarry Redwood Ridgeline Riverbend Rowan Saffron "
    "Sandpiper Silverbirch Solstice Stonebridge Summit Tamarack Tidewater Timberline Vantage Verdant Waypoint "
    "Westbrook Willow Windmill Wren Yarrow "
)
TRADES = (
    "Logistics Analytics Foods Textiles Robotics Energy Packaging Dental Architects Freight Media Software "
    "Interiors Instruments Travel Insurance Brewing Printing Optics Outfitters "
)

PLAIN = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "\u0131": "i", "'": "", "-": ""})


def main(out: TextIO) -> None:
    """Write the file."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(people(random.Random("leads")))  # noqa: S311 - invention, not secrecy


def people(dice: random.Random) -> Iterator[tuple[str, ...]]:
    """Yield the rows. Each name is there once, and several people share a company."""
    companies = [
        f"{name.replace('-', ' ')} {dice.choice(TRADES.split())}" for name in NAMES.split() for _ in range(2)
    ]
    names = dice.sample(
        [(first, last.replace("-", " ")) for first in FIRST.split() for last in LAST.split()], PEOPLE
    )
    for first, last in names:
        company = dice.choice(companies)
        yield first, last, address(first, last, company), phone(dice), dice.choice(TITLES), company


def address(first: str, last: str, company: str) -> str:
    """Return an address that no mail can be delivered to."""
    return f"{ascii_of(first)}.{ascii_of(last)}@{ascii_of(company)}.example"


def ascii_of(name: str) -> str:
    """Return the name in the letters of an address."""
    decomposed = unicodedata.normalize("NFKD", name.translate(PLAIN))
    return "".join(c for c in decomposed if c.isascii() and c.isalnum()).lower()


def phone(dice: random.Random) -> str:
    """Return a number from a range that is reserved for fiction; nothing for one person in six."""
    area = dice.choice(("212", "312", "415", "617", "713", "206"))
    return dice.choice(
        (
            "",
            f"+1 {area} 555 01{dice.randrange(100):02}",
            f"+1 {area} 555 01{dice.randrange(100):02}",
            f"+1 {area} 555 01{dice.randrange(100):02}",
            f"+44 20 7946 0{dice.randrange(1000):03}",
            f"+61 2 5550 {dice.randrange(10000):04}",
        )
    )


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    main(sys.stdout)
