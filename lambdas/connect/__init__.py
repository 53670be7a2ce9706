"""The function behind the route `$connect`."""
