"""Which proxy the environment names for an address."""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def proxy_for(address: str) -> str | None:
    """The proxy for this URL, if any. For HTTP clients that do not trust the environment themselves: they
    would also look for a login in ~/.netrc, which then fights with a key or a token."""
    try:
        url = urlsplit(address)
        if not url.hostname or proxy_bypass(url.hostname):
            return None
    except ValueError:
        # Calls to such an address fail with the error that says so.
        return None
    proxies = getproxies()
    return proxies.get(url.scheme) or proxies.get("all")
