"""Contacts, sending accounts and bookings."""

from __future__ import annotations

from impactive_async import ContactDraft, models
from tests.resources.cases import A_CONTACT, A_REPLY, CONTACT, NOON, REPLY, WHEN, Case

BOOKING = {"id": "boo_1", "title": "Demo", "startTime": WHEN, "endTime": WHEN, "contactId": None}
A_BOOKING = models.Booking(id="boo_1", title="Demo", start_time=NOON, end_time=NOON)

CASES = [
    Case(
        row=1,
        method="GET",
        path="/api/agent/contacts",
        call=lambda crm, ids, **o: crm.contacts.list(limit=500, **o),
        query={"limit": "500"},
        answer=[CONTACT],
        result=[A_CONTACT],
        repeat="read",
    ),
    Case(
        row=2,
        method="POST",
        path="/api/agent/contacts",
        call=lambda crm, ids, **o: crm.contacts.create(
            first_name="Ada",
            last_name="Lovelace",
            email="ada@example.com",
            phone=None,
            extra={"leadScore": 7},
            **o,
        ),
        body={
            "firstName": "Ada",
            "lastName": "Lovelace",
            "email": "ada@example.com",
            "phone": None,
            "leadScore": 7,
        },
        status=201,
        answer=CONTACT,
        result=A_CONTACT,
        repeat="never",
        bad=lambda crm, ids, **o: crm.contacts.create(first_name="A", last_name="B", company_id="com_else", **o),
    ),
    Case(
        row=2,
        method="POST",
        path="/api/agent/contacts",
        call=lambda crm, ids, **o: crm.contacts.create_batch(
            [
                ContactDraft(first_name="Ada", last_name="L", extra={"leadScore": 7}),
                ContactDraft(first_name="Alan", last_name="T", title="Dr"),
            ],
            **o,
        ),
        body=[
            {"firstName": "Ada", "lastName": "L", "leadScore": 7},
            {"firstName": "Alan", "lastName": "T", "title": "Dr"},
        ],
        status=201,
        answer=[CONTACT, CONTACT],
        result=[A_CONTACT, A_CONTACT],
        repeat="never",
        bad=lambda crm, ids, **o: crm.contacts.create_batch([ContactDraft(first_name="A", last_name="")], **o),
    ),
    Case(
        row=3,
        method="PATCH",
        path="/api/agent/contacts/con_1",
        call=lambda crm, ids, **o: crm.contacts.update(ids.contact, last_name="King", title=None, **o),
        body={"lastName": "King", "title": None},
        answer=CONTACT,
        result=A_CONTACT,
        repeat="write",
        bad=lambda crm, ids, **o: crm.contacts.update(ids.contact, company_id="com_else", **o),
        lost=lambda crm, ids, **o: crm.contacts.update("con_gone", title="x", **o),
    ),
    Case(
        row=4,
        method="GET",
        path="/api/agent/contacts/con_1/replies",
        call=lambda crm, ids, **o: crm.contacts.replies(ids.contact, **o),
        answer=[REPLY, {"id": "rep_1", "subject": "Re", "emailDate": WHEN}],
        result=[A_REPLY, A_REPLY],
        repeat="read",
        lost=lambda crm, ids, **o: crm.contacts.replies("con_gone", **o),
    ),
    Case(
        row=5,
        method="GET",
        path="/api/agent/sending-accounts",
        call=lambda crm, ids, **o: crm.sending_accounts.list(**o),
        answer=[{"id": "acc_1", "fromEmail": "s@example.com", "syncEnabled": False}],
        result=[models.SendingAccount(id="acc_1", from_email="s@example.com", sync_enabled=False)],
        repeat="read",
    ),
    Case(
        row=19,
        method="GET",
        path="/api/agent/bookings",
        call=lambda crm, ids, **o: crm.bookings.list(**o),
        answer={"bookings": [BOOKING], "total": 1},
        result=[A_BOOKING],
        repeat="read",
    ),
    Case(
        row=20,
        method="POST",
        path="/api/agent/bookings",
        call=lambda crm, ids, **o: crm.bookings.create(
            title="Demo", start_time=NOON, end_time=NOON, contact_id=ids.contact, **o
        ),
        body={"title": "Demo", "startTime": WHEN, "endTime": WHEN, "contactId": "con_1"},
        status=201,
        answer=BOOKING,
        result=A_BOOKING,
        repeat="never",
        bad=lambda crm, ids, **o: crm.bookings.create(contact_id="con_else", **o),
    ),
]
