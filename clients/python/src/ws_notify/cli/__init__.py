"""The command `ws-notify`. Only this package prints, reads the environment and asks AWS for stages.

Each command is a module with `add_to(commands)`, its arguments, and `run(said)`, its exit status.
"""
