"""dify-bridge: a bridge between Dify apps and chat platforms. Read types, ports, conversation, reply."""
