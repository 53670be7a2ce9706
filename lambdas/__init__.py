"""The service's functions (`connect`, `disconnect`, `default`) and what they share (`layer`)."""
