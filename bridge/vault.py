"""Keeps secrets in the database from whoever only has the database."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Vault:
    """Encrypts with the first of these keys (with commas between them), and reads what any has encrypted."""

    def __init__(self, keys: str) -> None:
        ciphers = [Fernet(key.strip()) for key in keys.split(",")]
        self._newest = ciphers[0]
        self._any = MultiFernet(ciphers)

    def seal(self, text: str) -> str:
        return self._newest.encrypt(text.encode()).decode()

    def unseal(self, sealed: str) -> str | None:
        """What was sealed; None where no key fits."""
        try:
            return self._any.decrypt(sealed).decode()
        except InvalidToken:
            return None

    def is_newest(self, sealed: str) -> bool:
        """Whether it was sealed with the first key."""
        try:
            self._newest.decrypt(sealed)
        except InvalidToken:
            return False
        return True


def new_key() -> str:
    return Fernet.generate_key().decode()
