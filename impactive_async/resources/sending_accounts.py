"""Sending accounts."""

from collections.abc import Mapping

from impactive_async._codec.shapes import many
from impactive_async._http.wire import build_request, get
from impactive_async.models import SendingAccount
from impactive_async.models.row_list import RowList
from impactive_async.resources._base import Resource
from impactive_async.resources.listing.truncation import listing

LIST = get("/api/agent/sending-accounts")


class SendingAccounts(Resource):
    """`crm.sending_accounts`."""

    async def list(
        self,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> RowList[SendingAccount]:
        """List the SMTP accounts that sequences can send from, without credentials.

        The list may be empty. Then sequences send from the platform's default sender. `rows.truncated` of the
        result says whether there may be more accounts.

        Raises:
            APIError: The call failed.
        """
        return await self._caller.call(
            build_request(LIST),
            listing(self._caller, LIST, "sending_accounts.list", many(SendingAccount)),
            timeout,
            max_retries,
            deadline,
            extra_headers,
        )
