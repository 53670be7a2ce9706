"""The command `ws-notify`. Only this package prints, reads the environment and looks up stages.

Each command is a module: `add_to(commands)` adds its parser, `run(args)` returns its exit status.
"""
