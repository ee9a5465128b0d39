"""Sending accounts (contract #5)."""

from impactive_async._http.shapes import many
from impactive_async._http.wire import build_request, get
from impactive_async.models import SendingAccount
from impactive_async.resources._base import Resource

LIST = get("/api/agent/sending-accounts")


class SendingAccounts(Resource):
    """`crm.sending_accounts`."""

    async def list(self, *, timeout: float | None = None, max_retries: int | None = None) -> list[SendingAccount]:
        """List the SMTP accounts that sequences can send from (contract #5), without credentials.

        An empty list is normal: sequences then send from the platform's default sender.

        Raises:
            APIError: The call failed.
        """
        return await self._caller.call(build_request(LIST), many(SendingAccount), timeout, max_retries)
