"""Which proxy the environment names."""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def proxy_for(url: str) -> str | None:
    """The proxy for this address, or None where it is reached without one."""
    try:
        address = urlsplit(url)
        if not address.hostname or proxy_bypass(address.hostname):
            return None
    except ValueError:
        # Calls to such an address fail with the error that says so.
        return None
    proxies = getproxies()
    return proxies.get(address.scheme) or proxies.get("all")
