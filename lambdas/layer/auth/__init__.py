"""Who speaks and what they may do: tokens and their keys, principals, permissions."""
