"""Every sentence that a person reads, in English, grouped by where it is said. Short, plain, no exclamation
marks."""
