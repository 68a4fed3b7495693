"""Every sentence that a person reads, in the languages that there are. Pure.

A sentence is named by its English text, which `english.py` lists; the other files translate it. What is not
translated is shown in English.
"""

from bridge.words.speaking import say

__all__ = ["say"]
