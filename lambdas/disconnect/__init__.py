"""The function behind the route `$disconnect`."""
