"""Words of messages: numbers with their nouns, quotations that stay short, and the reasons of many rows."""
